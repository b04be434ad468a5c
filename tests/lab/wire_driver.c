/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A wire between two real hosts with a small load of its own, for the lab tests and for measuring:
 *
 *   wire_driver [-4|-6] [-n CONNECTIONS] [-c AT ONCE] [-b BYTES] [-w PCAPNG] [-l LOG] [-s SEED]
 * [RULE
 * ...]
 *
 * A rule is ACTION:ROLE:HOST:TIMES[:MS[:PROBABILITY]], as in drop:last-ack:client:2. The client
 * connects, sends BYTES, gets one byte back and closes first. Prints figures as NAME VALUE lines.
 */
#include "core/array.h"
#include "core/clock.h"
#include "netns/cell.h"
#include "netns/packet.h"
#include "netns/wire.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct driver {
	unsigned connections, at_once, bytes, family;
	const char *capture, *log;
	uint64_t seed;
	ARRAY(struct wire_rule) rules;
	int tun[2];
	struct event_base *base;
	FILE *log_file;
	unsigned troubles;
};

static void __attribute__((noreturn)) die(const struct err *err)
{
	fprintf(stderr, "wire_driver: %s\n", err->text);
	exit(err->kind == ERR_MISSING ? 4 : 3);
}

/* ---- the load ---- */

static struct driver *load;
static atomic_uint next_connection;
static uint64_t *connect_ns;

static int new_socket(void)
{
	return socket(load->family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static socklen_t server_address(struct sockaddr_storage *ret)
{
	struct endpoint e = topology_address(HOST_SERVER, load->family, 1);

	e.port = 80;
	return endpoint_to_sockaddr(&e, ret);
}

static int read_until(int fd, size_t want)
{
	char buf[65536];
	ssize_t n = 1;

	while (want && (n = read(fd, buf, want < sizeof buf ? want : sizeof buf)) > 0)
		want -= (size_t)n;
	return want ? -1 : 0;
}

static int write_all(int fd, size_t n)
{
	static const char zeros[65536];

	while (n) {
		ssize_t put = send(fd, zeros, n < sizeof zeros ? n : sizeof zeros, MSG_NOSIGNAL);

		if (put <= 0)
			return -1;
		n -= (size_t)put;
	}
	return 0;
}

static int client_connection(uint64_t *ret_ns)
{
	struct sockaddr_storage to;
	socklen_t size = server_address(&to);
	uint64_t begin = clock_now_ns();
	int fd = new_socket(), failed = 1;

	if (fd >= 0 && !connect(fd, (struct sockaddr *)&to, size)) {
		*ret_ns = clock_now_ns() - begin;
		failed = write_all(fd, load->bytes) || read_until(fd, 1);
	}
	if (fd >= 0)
		close(fd);
	return failed;
}

static void *client_thread(void *arg)
{
	uintptr_t failed = 0;
	unsigned i;

	(void)arg;
	while ((i = atomic_fetch_add(&next_connection, 1)) < load->connections)
		failed += (uintptr_t)client_connection(&connect_ns[i]);
	return (void *)failed;
}

static void *server_thread(void *arg)
{
	int listener = (int)(intptr_t)arg, fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (!read_until(fd, load->bytes) && !write_all(fd, 1))
			read_until(fd, 1); /* until the client closes */
		close(fd);
	}
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int run_client(void)
{
	pthread_t t[256];
	uintptr_t failed = 0;
	uint64_t begin = clock_now_ns(), took;

	connect_ns = must(calloc(load->connections, sizeof *connect_ns));
	for (unsigned i = 0; i < load->at_once; i++)
		if (pthread_create(&t[i], NULL, client_thread, NULL))
			return 1;
	for (unsigned i = 0; i < load->at_once; i++) {
		void *r;

		pthread_join(t[i], &r);
		failed += (uintptr_t)r;
	}
	took = clock_now_ns() - begin;
	qsort(connect_ns, load->connections, sizeof *connect_ns, by_size);
	printf("failed %lu\nseconds %.3f\nconnections_per_second %.0f\n", (unsigned long)failed,
	        (double)took / 1e9, load->connections * 1e9 / (double)took);
	printf("connect_p50_us %.1f\nconnect_p99_us %.1f\n",
	        (double)connect_ns[load->connections / 2] / 1e3,
	        (double)connect_ns[load->connections * 99ull / 100] / 1e3);
	fflush(stdout);
	return failed ? 1 : 0;
}

static int run_server(int ready)
{
	struct sockaddr_storage at;
	socklen_t size = server_address(&at);
	int fd = new_socket(), one = 1;
	pthread_t t[256];

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&at, size) || listen(fd, 4096))
		return 1;
	for (unsigned i = 0; i < load->at_once; i++)
		if (pthread_create(&t[i], NULL, server_thread, (void *)(intptr_t)fd))
			return 1;
	if (write(ready, "", 1) != 1)
		return 1;
	for (;;)
		pause();
}

static pid_t start_peer(struct driver *d, const struct cell *c, enum host h, int ready)
{
	pid_t pid = fork();
	struct err err;
	cpu_set_t one;

	if (pid < 0) {
		err_sys(&err, "fork");
		die(&err);
	}
	if (pid)
		return pid;
	CPU_ZERO(&one);
	CPU_SET(1, &one); /* the wire has the other */
	sched_setaffinity(0, sizeof one, &one);
	if (cell_enter(c, h, &err))
		die(&err);
	load = d;
	_exit(h == HOST_CLIENT ? run_client() : run_server(ready));
}

/* ---- the wire ---- */

static int make_device(void *arg, enum host h, const char *name, struct err *err)
{
	struct driver *d = arg;

	d->tun[h] = wire_device_open(name, err);
	return d->tun[h] < 0 ? -1 : 0;
}

static void on_arrived(void *arg, const struct event *e)
{
	const struct ev_segment *s = &e->segment;
	struct driver *d = arg;

	if (d->log_file)
		fprintf(d->log_file, "%u %s %s %u %s %d 0x%04x %u\n", s->connection,
		        actor_names[e->host], segment_role_names[s->role], s->ordinal,
		        segment_fate_names[s->fate], s->again, s->flags, s->length);
}

static void on_trouble(void *arg, const struct err *err)
{
	struct driver *d = arg;

	d->troubles++;
	fprintf(stderr, "wire_driver: %s\n", err->text);
}

static FILE *open_output(const char *path)
{
	FILE *f = path ? fopen(path, "w") : NULL;
	struct err err;

	if (path && !f) {
		err_sys(&err, "%s", path);
		die(&err);
	}
	return f;
}

/* Whether the server has connections that are not over: neither LISTEN nor TIME_WAIT. */
static int is_busy(pid_t server, unsigned family)
{
	char path[64], line[256];
	unsigned state, busy = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/net/tcp%s", server, family == 6 ? "6" : "");
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, " %*[^ ] %*[^ ] %*[^ ] %x", &state) == 1)
			busy += state != ST_LISTEN && state != ST_TIME_WAIT;
	if (f)
		fclose(f);
	return busy > 0;
}

#define PATIENCE_NS (60 * NS_PER_S)

/* Until the client has ended and every connection has, on both ends. */
static int relay(struct driver *d, pid_t client, pid_t server)
{
	const struct timeval tick = {.tv_usec = 20000};
	uint64_t end = clock_now_ns() + PATIENCE_NS;
	int status = 0, ended = 0;

	while (!ended || (is_busy(server, d->family) && clock_now_ns() < end)) {
		event_base_loopexit(d->base, &tick);
		event_base_loop(d->base, 0);
		if (!ended)
			ended = waitpid(client, &status, WNOHANG) == client;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void print_stats(const struct driver *d, struct wire_stats s)
{
	struct rusage u;
	double cpu_us;

	getrusage(RUSAGE_SELF, &u); /* the wire alone: the peers are processes of their own */
	cpu_us = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
	printf("cpu_us_per_segment %.2f\n", cpu_us / (double)(s.segments ? s.segments : 1));
	printf("segments %lu\ndropped %lu\nbytes %lu\ntroubles %u\n", (unsigned long)s.segments,
	        (unsigned long)s.dropped, (unsigned long)s.bytes, d->troubles);
	fflush(stdout);
}

static int run_wire(struct driver *d, const struct cell *c, struct err *err)
{
	struct wire_config config = {.rules = d->rules.v,
	        .n_rules = d->rules.n,
	        .seed = d->seed,
	        .fd = {d->tun[0], d->tun[1]},
	        .pcapng = open_output(d->capture),
	        .arrived = on_arrived,
	        .trouble = on_trouble,
	        .arg = d};
	struct wire *w;
	int ready[2], r;
	pid_t server;
	char byte;

	config.base = d->base = event_base_new();
	d->log_file = open_output(d->log);
	w = wire_new(&config, err);
	if (!w)
		return -1;
	if (pipe(ready))
		return err_sys(err, "pipe");
	server = start_peer(d, c, HOST_SERVER, ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return err_sys(err, "waiting for the server");
	r = relay(d, start_peer(d, c, HOST_CLIENT, -1), server);
	print_stats(d, wire_stats(w));
	wire_free(w);
	if ((config.pcapng && fclose(config.pcapng)) || (d->log_file && fclose(d->log_file)))
		return err_sys(err, "writing the output");
	return r;
}

static int run(void *arg, int channel)
{
	struct driver *d = arg;
	struct cell_config config = {.topology = {.link = LINK_WIRE, .addresses = {1, 1}},
	        .device = make_device,
	        .arg = d};
	struct cell c;
	struct err err;
	cpu_set_t zero;
	int r;

	(void)channel;
	CPU_ZERO(&zero);
	CPU_SET(0, &zero);
	sched_setaffinity(0, sizeof zero, &zero);
	if (cell_build(&c, &config, &err))
		die(&err);
	r = run_wire(d, &c, &err);
	if (r < 0)
		die(&err);
	return r;
}

static struct wire_rule parse_rule(char *text)
{
	struct wire_rule r = {
	        .text = strdup(text), .select = {.from = -1, .role = -1, .again = -1, .fate = -1}};
	char *save, *role, *from, *times, *ms, *chance;

	r.action = strtok_r(text, ":", &save);
	role = strtok_r(NULL, ":", &save);
	from = strtok_r(NULL, ":", &save);
	times = strtok_r(NULL, ":", &save);
	ms = strtok_r(NULL, ":", &save);
	chance = strtok_r(NULL, ":", &save);
	r.select.role = role ? segment_role_parse(role) : -1;
	r.select.from = from ? actor_parse(from) : -1;
	r.times = times ? (unsigned)atoi(times) : 0;
	r.delay_ns = ms ? (uint64_t)atoi(ms) * NS_PER_MS : 0;
	r.probability = chance ? atof(chance) : 0;
	return r;
}

int main(int argc, char **argv)
{
	struct driver d = {.connections = 1, .at_once = 1, .bytes = 1, .family = 4};
	struct cell_process p;
	struct err err;
	int o, status;

	while ((o = getopt(argc, argv, "46n:c:b:w:l:s:")) != -1) {
		switch (o) {
		case '4':
			d.family = 4;
			break;
		case '6':
			d.family = 6;
			break;
		case 'n':
			d.connections = (unsigned)atoi(optarg);
			break;
		case 'c':
			d.at_once = (unsigned)atoi(optarg) & 255;
			break;
		case 'b':
			d.bytes = (unsigned)atoi(optarg);
			break;
		case 'w':
			d.capture = optarg;
			break;
		case 'l':
			d.log = optarg;
			break;
		case 's':
			d.seed = (uint64_t)atoll(optarg);
			break;
		default:
			return 2;
		}
	}
	for (; optind < argc; optind++)
		array_push(&d.rules, parse_rule(argv[optind]));
	if (cell_spawn(&p, run, &d, &err))
		die(&err);
	while (waitpid(p.pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
