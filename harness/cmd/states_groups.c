/* SPDX-License-Identifier: BSD-2-Clause */
/* The counts by program, for people. */
#include "states_text.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM_WIDTH 32 /* at least */

static int used_states(const states_groups *g, enum tcp_state used[ST_COUNT])
{
	int n = 0;

	for (int st = 0; st < ST_COUNT; st++) {
		unsigned sum = 0;

		array_each (struct states_group, x, g)
			sum += x->count[st];
		if (sum)
			used[n++] = (enum tcp_state)st;
	}
	return n;
}

static void print_program(struct out *o, const struct states_group *x)
{
	out_str(o, x->name);
	if (x->processes > 1)
		out_printf(o, " (%u processes)", x->processes);
}

static size_t program_width(const states_groups *g)
{
	size_t width = PROGRAM_WIDTH;
	struct out scratch = {0};

	array_each (struct states_group, x, g) {
		scratch.n = 0;
		print_program(&scratch, x);
		if (scratch.n + 1 > width)
			width = scratch.n + 1;
	}
	free(scratch.v);
	return width;
}

void states_print_groups(struct out *o, const states_groups *g, int colour)
{
	enum tcp_state used[ST_COUNT];
	int n = used_states(g, used);
	size_t program = program_width(g);

	out_printf(o, "\n%s%-*s%9s", colour ? DIM : "", (int)program, "PROGRAM", "SOCKETS");
	for (int i = 0; i < n; i++)
		out_printf(o, "%*s", (int)strlen(tcp_state_name(used[i])) + 2,
		        tcp_state_name(used[i]));
	out_str(o, colour ? RESET : "");
	out_line(o);
	array_each (struct states_group, x, g) {
		size_t at = o->n;

		print_program(o, x);
		out_make_printable(o, at);
		out_pad(o, at, program);
		out_printf(o, "%9u", x->total);
		for (int i = 0; i < n; i++) {
			int width = (int)strlen(tcp_state_name(used[i])) + 2;

			if (x->count[used[i]])
				out_printf(o, "%*u", width, x->count[used[i]]);
			else
				out_printf(o, "%*s", width, "-");
		}
		out_line(o);
	}
}
