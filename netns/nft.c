/* SPDX-License-Identifier: BSD-2-Clause */
#include "nft.h"

#include "netns/ip.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* "/proc/self/fd/5:3:4-9: Error: words ..." */
static void read_fault(const char *said, const char *path, struct nft_fault *ret)
{
	unsigned line, column;
	int n = 0;

	memset(ret, 0, sizeof *ret);
	if (!strncmp(said, path, strlen(path))) {
		said += strlen(path);
		if (sscanf(said, ":%u:%u-%*u: %n", &line, &column, &n) == 2 && n) {
			ret->line = line;
			ret->column = column;
			said += n;
		}
	}
	if (!strncmp(said, "Error: ", 7))
		said += 7;
	snprintf(ret->said, sizeof ret->said, "%.*s", (int)strcspn(said, "\n"), said);
}

/* Only of a file does nft tell the line of an error. */
static int text_file(const char *text, struct err *err)
{
	size_t size = strlen(text);
	int fd = memfd_create("ruleset", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "memory for a ruleset");
	if (write(fd, text, size) != (ssize_t)size || write(fd, "\n", 1) != 1) {
		err_sys(err, "memory for a ruleset");
		close(fd);
		return -1;
	}
	return fd;
}

int nft_run(const char *text, struct nft_fault *ret_fault, struct err *err)
{
	struct nft_fault fault;
	struct nft_ctx *nft;
	char path[32];
	int fd = text_file(text, err), failed;

	if (fd < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	nft = must(nft_ctx_new(NFT_CTX_DEFAULT));
	if (nft_ctx_buffer_error(nft) || nft_ctx_buffer_output(nft))
		must(NULL);
	failed = nft_run_cmd_from_filename(nft, path);
	if (failed) {
		read_fault(nft_ctx_get_error_buffer(nft), path, &fault);
		err_set(err, ERR_LAB, "nft: %s", fault.said);
		if (ret_fault)
			*ret_fault = fault;
	}
	nft_ctx_free(nft);
	close(fd);
	return failed ? -1 : 0;
}

/* A place in the text to the place in the file. */
static struct mark place(const struct nft_text *t, const struct nft_fault *f)
{
	struct mark m = t->at;

	if (!t->first_line || !f->line)
		return m;
	m.line = t->first_line + f->line - 1;
	m.column = f->column + t->indent + (f->line == 1 ? t->first_extra : 0);
	return m;
}

int nft_run_text(const struct scenario *s, const struct nft_text *t, struct err *err)
{
	struct nft_fault f = {0};
	struct mark m;

	if (!t->text || !nft_run(t->text, &f, err))
		return 0;
	if (!*f.said)
		return -1;
	m = place(t, &f);
	return err_set(err, ERR_INPUT, "%s:%u:%u: nft: %s", s->path, m.line, m.column, f.said);
}

static const char tracking[] =
        "table inet lastack_track {\n"
        " chain forward { type filter hook forward priority filter; ct state invalid; }\n"
        "}\n";

static const char masquerading[] =
        "table inet lastack_masquerade {\n"
        " chain postrouting { type nat hook postrouting priority srcnat;\n"
        "  oifname \"router1\" meta l4proto tcp masquerade\n"
        " }\n"
        "}\n";

static const char firewalling[] =
        "table inet lastack_firewall {\n"
        " chain forward { type filter hook forward priority filter + 10; policy drop;\n"
        "  meta l4proto != tcp accept\n"
        "  ct state established accept\n"
        "  iifname \"router0\" tcp flags & (fin|syn|rst|ack) == syn ct state new accept\n"
        " }\n"
        "}\n";

void nft_shorthands_show(
        const struct scenario *s, void (*each)(void *arg, const char *text), void *arg)
{
	const struct host_spec *router = &s->hosts[HOST_ROUTER];

	if (scenario_tracks(s))
		each(arg, tracking);
	if (router->masquerade)
		each(arg, masquerading);
	if (router->firewall)
		each(arg, firewalling);
}

int nft_shorthands(const struct host_spec *router, struct err *err)
{
	if (nft_run(tracking, NULL, err))
		return -1;
	if (router->masquerade && nft_run(masquerading, NULL, err))
		return -1;
	return router->firewall ? nft_run(firewalling, NULL, err) : 0;
}

/* ---- the trial ---- */

static int has_text(const struct scenario *s)
{
	if (s->hosts[HOST_ROUTER].nft.text)
		return 1;
	array_each (struct step, st, &s->steps)
		if (st->nft.text)
			return 1;
	return 0;
}

static int run_texts(const struct scenario *s, struct err *err)
{
	if (nft_run_text(s, &s->hosts[HOST_ROUTER].nft, err))
		return -1;
	array_each (struct step, st, &s->steps)
		if (nft_run_text(s, &st->nft, err))
			return -1;
	return 0;
}

/* In a child, so that the namespace goes with it. A ruleset may speak of the router's devices. */
static int try_one(const struct scenario *s, struct err *shared)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(shared, "fork");
	if (!pid) {
		struct err ignored;

		if (unshare(CLONE_NEWNET) ||
		        ip_run(-1, "link add router0 type veth peer name router1\n", &ignored) ||
		        nft_shorthands(&s->hosts[HOST_ROUTER], &ignored))
			_exit(0);
		_exit(run_texts(s, shared) ? 1 : 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(shared, "waiting for the trial of a ruleset");
	if (WIFSIGNALED(status))
		return err_set(shared, ERR_INPUT,
		        "%s: libnftables does not survive one of its rulesets", s->path);
	return status ? -1 : 0;
}

int nft_try(struct scenario *const *scenarios, size_t n, struct err *err)
{
	struct err *shared;
	int r = 0;

	shared = mmap(
	        NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_sys(err, "memory");
	for (size_t i = 0; i < n && !r; i++)
		if (has_text(scenarios[i]))
			r = try_one(scenarios[i], shared);
	if (r && err)
		*err = *shared;
	munmap(shared, sizeof *shared);
	return r;
}
