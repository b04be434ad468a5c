/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and attaches the BPF programs, each switched off alone when the kernel refuses it. */
#include "observe/bpf_observer.h"

#ifdef LASTACK_BPF

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "teardown.skel.h"

#define ON_STATE_TOO 1 /* its place in the table */

/* Of two with the same bit, the second stands in for the first on older kernels. */
static const struct {
	const char *name;
	enum bpf_program_bit bit;
	int instead;   /* 1: stands in; 2: helps, and it does without */
	int in_counts; /* also wanted when there are only counts */
	int in_quick;  /* also wanted when it has to be quick */
} table[] = {
        {"on_state", BPF_HAS_STATE, 0, 1, 1},
        [ON_STATE_TOO] = {"on_state_too", BPF_HAS_STATE, 2, 1, 1},
        {"on_timer_start", BPF_HAS_TW_START, 0, 1, 1},
        {"on_timer_cancel", BPF_HAS_TW_CANCEL, 0, 1, 1},
        {"on_timer_expire", BPF_HAS_TW_EXPIRE, 0, 1, 1},
        {"on_discard", BPF_HAS_TW_SEGMENT, 0, 0, 1},
        {"on_minisocket_segment", BPF_HAS_TW_SEGMENT, 1, 0, 1},
        {"on_retransmit", BPF_HAS_RETRANSMIT, 0, 1, 1},
        {"on_synack", BPF_HAS_SYNACK, 0, 1, 1},
        {"on_reset_sent", BPF_HAS_RESET_SENT, 0, 1, 1},
        {"on_reset_sent_plain", BPF_HAS_RESET_SENT, 1, 1, 1},
        {"on_reset_received", BPF_HAS_RESET_RECEIVED, 0, 1, 1},
        {"on_destroy", BPF_HAS_DESTROY, 0, 0, 0},
};

#define PROGRAMS (sizeof table / sizeof *table)

struct bpf_programs {
	struct teardown_bpf *skeleton;
	struct bpf_link *links[PROGRAMS];
	unsigned had;
};

static int say(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level != LIBBPF_DEBUG && getenv("LASTACK_BPF_DEBUG"))
		return vfprintf(stderr, fmt, args);
	return 0;
}

static int wanted(unsigned i, const struct bpf_options *o)
{
	if (o->counts_only && !table[i].in_counts)
		return 0;
	return !o->quick || table[i].in_quick;
}

/* Loads the programs of the mask (by place in the table). NULL with errno. */
static struct teardown_bpf *load(const struct bpf_options *o, unsigned mask)
{
	struct teardown_bpf *s = teardown_bpf__open();
	int failed;

	if (!s)
		return NULL;
	s->rodata->counts_only = o->counts_only;
	s->rodata->stacks = o->stacks;
	s->rodata->commands = !o->quick;
	s->rodata->ring_mask = bpf_lane_lines(o) - 1;
	s->rodata->lanes = o->lanes;
	s->rodata->ports = !o->quick && !o->counts_only;
	for (unsigned i = 0; i < PROGRAMS; i++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(s->obj, table[i].name),
		        !!(mask & 1u << i));
	failed = teardown_bpf__load(s);
	if (!failed)
		return s;
	teardown_bpf__destroy(s);
	errno = -failed;
	return NULL;
}

static unsigned first_choice(const struct bpf_options *o)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < PROGRAMS; i++)
		if (table[i].instead != 1 && wanted(i, o))
			mask |= 1u << i;
	return mask;
}

/* Which programs load when each is tried alone. */
static unsigned probe(const struct bpf_options *o)
{
	unsigned good = 0, bits = 0;

	for (unsigned i = 0; i < PROGRAMS; i++) {
		struct teardown_bpf *s;

		if (!wanted(i, o) || (table[i].instead == 1 && bits & 1u << table[i].bit))
			continue;
		s = load(o, 1u << i);
		if (!s)
			continue;
		teardown_bpf__destroy(s);
		good |= 1u << i;
		bits |= 1u << table[i].bit;
	}
	return good;
}

static void attach(struct bpf_programs *p, unsigned mask)
{
	for (unsigned i = 0; i < PROGRAMS; i++) {
		if (!(mask & 1u << i))
			continue;
		p->links[i] = bpf_program__attach(
		        bpf_object__find_program_by_name(p->skeleton->obj, table[i].name));
		if (p->links[i])
			p->had |= 1u << table[i].bit;
	}
}

static int refused(struct err *err, int error)
{
	if (error == EPERM || error == EACCES)
		return err_set(err, ERR_MISSING,
		        "bpf: loading a program is not permitted (it takes CAP_BPF and "
		        "CAP_PERFMON in the machine's own user namespace, or root)");
	return err_set(err, ERR_MISSING, "bpf: this kernel takes no program for state changes: %s",
	        strerror(error));
}

struct bpf_programs *bpf_programs_load(const struct bpf_options *o, struct err *err)
{
	struct bpf_programs *p;
	unsigned mask = first_choice(o);
	struct teardown_bpf *s;

	libbpf_set_print(say);
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		err_set(err, ERR_MISSING,
		        "bpf: this kernel has no /sys/kernel/btf/vmlinux "
		        "(CONFIG_DEBUG_INFO_BTF)");
		return NULL;
	}
	s = load(o, mask);
	if (!s && errno != EPERM && errno != EACCES) {
		mask = probe(o);
		s = mask & 1 ? load(o, mask) : NULL;
	}
	if (!s) {
		refused(err, errno);
		return NULL;
	}
	p = must(calloc(1, sizeof *p));
	p->skeleton = s;
	attach(p, mask);
	if (p->had & 1u << BPF_HAS_STATE)
		return p;
	refused(err, errno);
	bpf_programs_unload(p);
	return NULL;
}

void bpf_programs_unload(struct bpf_programs *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < PROGRAMS; i++)
		bpf_link__destroy(p->links[i]);
	teardown_bpf__destroy(p->skeleton);
	free(p);
}

static uint64_t misses(const struct bpf_programs *p, const char *name)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(p->skeleton->obj, name);
	struct bpf_prog_info info = {0};
	__u32 size = sizeof info;

	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
		return 0;
	return info.recursion_misses;
}

/* With both of the programs for states none: see on_state_too. */
uint64_t bpf_programs_missed(const struct bpf_programs *p)
{
	return p->links[ON_STATE_TOO] ? 0 : misses(p, "on_state");
}

unsigned bpf_programs_had(const struct bpf_programs *p)
{
	return p->had;
}

int bpf_programs_map(const struct bpf_programs *p, const char *name)
{
	return bpf_object__find_map_fd_by_name(p->skeleton->obj, name);
}

#endif
