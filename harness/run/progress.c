/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static size_t columns(void)
{
	struct winsize w;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &w) && w.ws_col > 1 ? w.ws_col - 1u : 79;
}

void progress_show(struct progress *p, const char *fmt, ...)
{
	char text[sizeof p->now];
	size_t width = columns();
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (width < strlen(text))
		strcpy(text + (width < 3 ? 0 : width - 3), "...");
	if (!strcmp(text, p->now))
		return;
	strcpy(p->now, text);
	fprintf(stderr, "\r\033[K%s", text);
	fflush(stderr);
}

void progress_clear(struct progress *p)
{
	if (*p->now)
		fputs("\r\033[K", stderr);
	*p->now = 0;
}
