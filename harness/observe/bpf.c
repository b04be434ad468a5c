/* SPDX-License-Identifier: BSD-2-Clause */
/* The BPF observer as its users see it: slots, the namespaces they watch, and counts. */
#include "observe/bpf_observer.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define PROGRAM_NAME(id, name, help) name,
#define PROGRAM_HELP(id, name, help) help,
const char *const bpf_program_names[BPF_PROGRAM_COUNT] = {BPF_PROGRAMS(PROGRAM_NAME)};
const char *const bpf_program_helps[BPF_PROGRAM_COUNT] = {BPF_PROGRAMS(PROGRAM_HELP)};

int bpf_netns_cookie(uint64_t *ret, struct err *err)
{
	socklen_t size = sizeof *ret;
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), failed;

	if (s < 0)
		return err_sys(err, "socket");
	failed = getsockopt(s, SOL_SOCKET, SO_NETNS_COOKIE, ret, &size);
	if (failed)
		err_sys(err, "SO_NETNS_COOKIE (Linux 5.14)");
	close(s);
	return failed ? -1 : 0;
}

#ifdef LASTACK_BPF

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define RING_BYTES (2u << 20)
#define BELL_BYTES 4096
#define MOST_LANES 64

static size_t queues_bytes(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (BPF_SLOTS * sizeof(struct raw_queue) + page - 1) / page * page;
}

static int map_queues(struct bpf_observer *o, struct err *err)
{
	int fd = bpf_programs_map(o->programs, "queues");
	void *at = mmap(NULL, queues_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return err_sys(err, "bpf: mapping the map of queues");
	o->queues = at;
	return 0;
}

uint64_t bpf_lane_lines(const struct bpf_options *o)
{
	return o->ring_bytes / RAW_LINE;
}

unsigned bpf_lanes_wanted(void)
{
	int cpus = libbpf_num_possible_cpus();

	return cpus < 1 ? 1 : cpus > MOST_LANES ? MOST_LANES : (unsigned)cpus;
}

struct bpf_observer *bpf_observer_new(const struct bpf_options *options, struct err *err)
{
	struct bpf_observer *o = must(calloc(1, sizeof *o));

	if (options)
		o->options = *options;
	if (!o->options.ring_bytes)
		o->options.ring_bytes = RING_BYTES;
	if (!o->options.lanes)
		o->options.lanes = 1;
	for (int i = 0; i < BPF_SLOTS; i++)
		o->ring[i] = o->bell[i] = -1;
	o->programs = bpf_programs_load(&o->options, err);
	if (!o->programs || map_queues(o, err)) {
		bpf_observer_free(o);
		return NULL;
	}
	o->rings = bpf_programs_map(o->programs, "rings");
	o->bells = bpf_programs_map(o->programs, "bells");
	o->nets = bpf_programs_map(o->programs, "nets");
	o->counts = bpf_programs_map(o->programs, "counts");
	bpf_reasons_read(o->reasons);
	return o;
}

void bpf_observer_free(struct bpf_observer *o)
{
	if (!o)
		return;
	if (o->queues)
		munmap(o->queues, queues_bytes());
	for (int i = 0; i < BPF_SLOTS; i++) {
		if (o->ring[i] >= 0)
			close(o->ring[i]);
		if (o->bell[i] >= 0)
			close(o->bell[i]);
	}
	bpf_programs_unload(o->programs);
	free(o);
}

unsigned bpf_observer_had(const struct bpf_observer *o)
{
	return bpf_programs_had(o->programs);
}

/* Puts a new map into the slot's place of a map of maps. The descriptor, or -1. */
static int fill_slot(int outer, unsigned slot, int fd, struct err *err)
{
	if (fd < 0)
		return err_sys(err, "bpf: a map for the records of slot %u", slot);
	if (!bpf_map_update_elem(outer, &slot, &fd, BPF_ANY))
		return fd;
	err_sys(err, "bpf: the map for the records of slot %u", slot);
	close(fd);
	return -1;
}

static int new_ring(const struct bpf_observer *o)
{
	LIBBPF_OPTS(bpf_map_create_opts, how, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "ring", sizeof(uint32_t), RAW_LINE,
	        (uint32_t)bpf_lane_lines(&o->options), &how);
}

static int open_ring(struct bpf_observer *o, unsigned ring, struct err *err)
{
	if (o->ring[ring] < 0)
		o->ring[ring] = fill_slot(o->rings, ring, new_ring(o), err);
	return o->ring[ring] < 0 ? -1 : 0;
}

int bpf_observer_slot(struct bpf_observer *o, unsigned slot, struct err *err)
{
	unsigned lanes = o->options.lanes;

	if (slot >= BPF_SLOTS / lanes)
		return err_set(err, ERR_LAB, "bpf: slot %u of %u", slot, BPF_SLOTS / lanes);
	if (o->bell[slot] < 0)
		o->bell[slot] = fill_slot(o->bells, slot,
		        bpf_map_create(BPF_MAP_TYPE_RINGBUF, "bell", 0, 0, BELL_BYTES, NULL), err);
	if (o->bell[slot] < 0)
		return -1;
	for (unsigned i = 0; i < lanes; i++)
		if (open_ring(o, slot * lanes + i, err))
			return -1;
	return 0;
}

/* The map is the truth: the watching may have been done in another process. */
void bpf_observer_release(struct bpf_observer *o, unsigned slot)
{
	uint64_t key, *previous = NULL, gone[4 * HOST_COUNT];
	size_t n = 0;
	struct raw_net net;

	for (; !bpf_map_get_next_key(o->nets, previous, &key); previous = &key)
		if (!bpf_map_lookup_elem(o->nets, &key, &net) && net.slot == slot &&
		        n < sizeof gone / sizeof *gone)
			gone[n++] = key;
	while (n)
		bpf_map_delete_elem(o->nets, &gone[--n]);
	memset(o->watched[slot], 0, sizeof o->watched[slot]);
}

/* A slot's counts begin anew with the host that is watched. */
static int clear_counts(struct bpf_observer *o, unsigned slot, enum host host, struct err *err)
{
	int cpus = libbpf_num_possible_cpus(), failed;
	uint32_t key = slot * RAW_HOSTS + (unsigned)host;
	struct raw_counts *zero;

	if (cpus <= 0)
		return err_set(err, ERR_LAB, "bpf: how many processors there are is not known");
	zero = must(calloc((size_t)cpus, sizeof *zero));
	failed = bpf_map_update_elem(o->counts, &key, zero, BPF_ANY);
	if (failed)
		err_sys(err, "bpf: clearing the counts");
	free(zero);
	return failed ? -1 : 0;
}

int bpf_observer_watch(struct bpf_observer *o, unsigned slot, enum host host, uint64_t netns_cookie,
        struct err *err)
{
	struct raw_net net = {.slot = slot, .host = (uint32_t)host};

	if (slot >= BPF_SLOTS || (unsigned)host >= RAW_HOSTS)
		return err_set(err, ERR_LAB, "bpf: slot %u, host %d", slot, (int)host);
	if (clear_counts(o, slot, host, err))
		return -1;
	if (bpf_map_update_elem(o->nets, &netns_cookie, &net, BPF_ANY))
		return err_sys(err, "bpf: watching a network namespace");
	o->watched[slot][host] = netns_cookie;
	return 0;
}

static void add_counts(struct bpf_counts *sum, const struct raw_counts *c)
{
	for (int i = 0; i < ST_COUNT; i++)
		sum->entered[i] += c->entered[i];
	sum->minisockets += c->minisockets;
	sum->expired += c->expired;
	sum->rearms += c->rearms;
	sum->killed += c->cancels - c->expired - c->rearms;
	sum->retransmits += c->retransmits;
	sum->resets_sent += c->resets_sent;
	sum->resets_received += c->resets_received;
	sum->events += c->events;
	sum->lost += c->lost;
}

int bpf_observer_counts(const struct bpf_observer *o, unsigned slot, enum host host,
        struct bpf_counts *ret, struct err *err)
{
	int cpus = libbpf_num_possible_cpus(), failed;
	uint32_t key = slot * RAW_HOSTS + (unsigned)host;
	struct raw_counts *each;

	memset(ret, 0, sizeof *ret);
	if (cpus <= 0)
		return err_set(err, ERR_LAB, "bpf: how many processors there are is not known");
	each = must(calloc((size_t)cpus, sizeof *each));
	failed = bpf_map_lookup_elem(o->counts, &key, each);
	if (failed)
		err_sys(err, "bpf: reading the counts");
	for (int i = 0; !failed && i < cpus; i++)
		add_counts(ret, &each[i]);
	free(each);
	return failed ? -1 : 0;
}

#endif

const char *bpf_observer_refused(const struct bpf_observer *o, char *buf, size_t size)
{
	unsigned had = bpf_observer_had(o);
	size_t n = 0;

	*buf = 0;
	for (int i = 0; i < BPF_PROGRAM_COUNT && n < size; i++)
		if (!(had & 1u << i))
			n += (size_t)snprintf(
			        buf + n, size - n, "%s%s", n ? ", " : "", bpf_program_names[i]);
	return buf;
}

int bpf_observer_times_timewait(const struct bpf_observer *o)
{
	unsigned need = 1u << BPF_HAS_TW_START | 1u << BPF_HAS_TW_CANCEL | 1u << BPF_HAS_TW_EXPIRE |
	                1u << BPF_HAS_TW_SEGMENT;

	return (bpf_observer_had(o) & need) == need;
}
