/* SPDX-License-Identifier: BSD-2-Clause */
/* What this machine can and cannot do, and what would mend it. */
#include "command.h"

#include "core/clock.h"
#include "core/cpus.h"
#include "model/capability.h"
#include "observe/capability_probe.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

struct facts {
	struct utsname kernel;
	unsigned hz;
	char congestion[64], available[256];
	struct rlimit files;
	int cpus;
};

/* The first line of a file; "" when it cannot be read. */
static void first_line(const char *path, char *buf, size_t size)
{
	FILE *in = fopen(path, "re");

	buf[0] = '\0';
	if (!in)
		return;
	if (!fgets(buf, (int)size, in))
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	fclose(in);
}

#define SYSCTL_IPV4 "/proc/sys/net/ipv4/"

static struct facts facts(void)
{
	struct facts f = {0};

	if (uname(&f.kernel) < 0)
		strcpy(f.kernel.release, "?");
	f.hz = clock_hz();
	first_line(SYSCTL_IPV4 "tcp_congestion_control", f.congestion, sizeof f.congestion);
	first_line(SYSCTL_IPV4 "tcp_available_congestion_control", f.available, sizeof f.available);
	if (getrlimit(RLIMIT_NOFILE, &f.files) < 0)
		f.files.rlim_cur = f.files.rlim_max = 0;
	f.cpus = (int)cpus_count();
	return f;
}

static int have(const char *name)
{
	return capability_state(name)->have;
}

static int can_run(void)
{
	return have("netns") && have("iproute2") && (have("veth") || have("tun"));
}

static json_t *capability_json(const struct capability *c)
{
	const struct capability_state *s = capability_state(c->name);

	return json_pack("{s:s, s:s, s:b, s:s, s:s}", "name", c->name, "help", c->help, "have",
	        s->have, "why", s->why, "mend", s->mend);
}

static void print_json(const struct facts *f)
{
	json_t *list = json_array(), *all;

	for (const struct capability *c = capabilities; c->name; c++)
		json_array_append_new(list, capability_json(c));
	all = must(json_pack("{s:b, s:o, s:s, s:i, s:s, s:s, s:{s:I, s:I}, s:i}", "can_run",
	        can_run(), "capabilities", list, "kernel", f->kernel.release, "hz", (int)f->hz,
	        "congestion_control", f->congestion, "congestion_controls", f->available,
	        "open_files", "soft", (json_int_t)f->files.rlim_cur, "hard",
	        (json_int_t)f->files.rlim_max, "cpus", f->cpus));
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static void print_facts(const struct facts *f)
{
	printf("kernel              %s, HZ=%u\n", f->kernel.release, f->hz);
	printf("congestion control  %s (of %s); a cell uses reno unless its scenario says "
	       "otherwise\n",
	        f->congestion, f->available);
	printf("open files          %llu, at most %llu\n", (unsigned long long)f->files.rlim_cur,
	        (unsigned long long)f->files.rlim_max);
	printf("CPUs                %d\n", f->cpus);
}

static void print_capability(const struct capability *c, int colour)
{
	const struct capability_state *s = capability_state(c->name);
	const char *on = !colour ? "" : s->have ? "\033[32m" : "\033[33m";

	printf("%-9s %s%-3s%s  %s\n", c->name, on, s->have ? "yes" : "no", colour ? "\033[0m" : "",
	        c->help);
	if (s->have)
		return;
	printf("               %s\n", s->why);
	if (*s->mend)
		printf("               mend: %s\n", s->mend);
}

static void print_table(const struct facts *f)
{
	const char *no_color = getenv("NO_COLOR");
	int colour = isatty(STDOUT_FILENO) && !(no_color && *no_color);

	print_facts(f);
	putchar('\n');
	for (const struct capability *c = capabilities; c->name; c++)
		print_capability(c, colour);
	puts(can_run() ? "\nScenarios can run here; those that need what is missing are skipped."
	               : "\nScenarios cannot run here: they need netns, iproute2, and veth or "
	                 "tun.");
}

static int doctor(int argc, char **argv)
{
	struct facts f;
	struct err err;
	int json = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json")) {
			err_set(&err, ERR_INPUT, "doctor takes --json and nothing else, not '%s'",
			        argv[i]);
			return command_error(&err);
		}
		json = 1;
	}
	f = facts();
	if (json)
		print_json(&f);
	else
		print_table(&f);
	return can_run() ? EXIT_PASSED : EXIT_LAB;
}

const struct command command_doctor = {
        .name = "doctor",
        .usage = "doctor [--json]",
        .help = "what this machine can and cannot do, and what would mend it",
        .more = "Each capability is tried, in namespaces of its own: nothing of this machine is "
                "changed.\n"
                "Exit code 0 when scenarios can run, 3 when they cannot.\n"
                "\n"
                "  --json   the same for programs\n",
        .main = doctor,
};
