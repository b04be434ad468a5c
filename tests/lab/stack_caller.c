/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects and closes, each from a function of its own: stack_caller ADDRESS PORT. Ends with its
 * input. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline, noclone)) static int who_connects(int fd, const struct sockaddr_in *to)
{
	return connect(fd, (const struct sockaddr *)to, sizeof *to) + 1;
}

__attribute__((noinline, noclone)) static int who_closes(int fd)
{
	return close(fd) + 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0), left = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 2;
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	if (who_connects(fd, &to) != 1 || who_connects(left, &to) != 1 || who_closes(fd) != 1)
		return 1;
	getchar(); /* what is left open goes with it */
	return 0;
}
