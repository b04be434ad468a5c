/* SPDX-License-Identifier: BSD-2-Clause */
/* The states that every connection of a host walked through, in order, and how long it stayed. */
#include "phrase.h"
#include "stay.h"

#include "core/clock.h"

/* How long something took, as far as its beginning and end are known. */
struct took {
	uint64_t min_ns, max_ns;
};

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static struct took stay_took(const struct stay *from, const struct stay *to)
{
	return (struct took){minus(to->since_ns, from->t_ns), minus(to->t_ns, from->since_ns)};
}

/* A listener is no connection, nor is a socket that never got a state worth the name. */
static int is_connection(const struct ledger_socket *s)
{
	if (s->listened || !s->path.n)
		return 0;
	array_each (const struct stay, p, &s->path)
		if (p->state != ST_CLOSE && p->state != ST_BOUND_INACTIVE)
			return 1;
	return 0;
}

/* ---- in words ---- */

static void add_took(struct phrase *p, const struct took *t)
{
	char a[32], b[32];

	duration_format(t->min_ns, a, sizeof a);
	duration_format(t->max_ns, b, sizeof b);
	if (t->min_ns == t->max_ns)
		phrase_add(p, " %s", b);
	else
		phrase_add(p, " %s to %s", a, b);
}

static void add_walk(struct phrase *p, const struct ledger_socket *s)
{
	char who[TUPLE_TEXT];

	phrase_add(p, "%s:", tuple_format(&s->tuple, who, sizeof who));
	for (size_t i = 0; i < s->path.n; i++) {
		phrase_add(p, "%s %s", i ? "," : "", tcp_state_name(s->path.v[i].state));
		if (i + 1 < s->path.n) {
			struct took t = stay_took(&s->path.v[i], &s->path.v[i + 1]);

			add_took(p, &t);
		}
	}
}

/* ---- judging one socket ---- */

struct walk {
	enum answer_kind kind;
	char why[192];
};

static struct walk walk_make(enum answer_kind kind, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));

static struct walk walk_make(enum answer_kind kind, const char *fmt, ...)
{
	struct walk w = {.kind = kind};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w.why, sizeof w.why, fmt, ap);
	va_end(ap);
	return w;
}

/* What is known: a dump of later shows it, and all transitions before the dump have been told. */
static struct took stay_so_far(
        const struct ledger *l, const struct ledger_socket *s, const struct stay *in)
{
	return (struct took){minus(l->hosts[s->host].sample_ns, in->t_ns), 0};
}

/* ">= 500ms": it holds from then on, whether or not the stay ever ends. */
static int is_lower_bound(const struct range *r)
{
	return r->kind == RANGE_BOUNDS && r->hi == INT64_MAX;
}

static struct walk stay_answer(const struct ledger *l, const struct ledger_socket *s,
        const struct path_state *want, const struct stay *in, const struct stay *out)
{
	struct window w;
	struct took t = out ? stay_took(in, out) : stay_so_far(l, s, in);
	int again = stay_miscounted(l, s, &want->stay, in, out);
	char took[80], wanted[80];
	struct phrase p = {took, sizeof took, 0}, q = {wanted, sizeof wanted, 0};

	if (again >= 0)
		return walk_make(ANSWER_FAILS, "sent its FIN again %d time%s, expected %lld", again,
		        again == 1 ? "" : "s", (long long)want->stay.lo);
	if (stay_window(l, s, &want->stay, in, out, &w))
		return walk_make(ANSWER_UNDECIDED, "no FIN of it has come to the wire");
	if (!out && is_lower_bound(&want->stay) && t.min_ns >= w.lo_ns)
		return walk_make(ANSWER_HOLDS, "%s", "");
	if (!out && t.min_ns <= w.hi_ns)
		return walk_make(ANSWER_UNDECIDED, "still in %s", tcp_state_name(want->state));
	if (!out)
		t.max_ns = t.min_ns;
	add_took(&p, &t);
	phrase_window(&q, &w);
	if (t.max_ns < w.lo_ns || t.min_ns > w.hi_ns)
		return walk_make(ANSWER_FAILS, "stayed in %s%s%s, expected %s",
		        tcp_state_name(want->state), out ? "" : " at least", took, wanted);
	if (t.max_ns - t.min_ns > w.hi_ns - w.lo_ns)
		return walk_make(ANSWER_MISSING, "needs bpf: %s is known only as%s, expected %s",
		        tcp_state_name(want->state), took, wanted);
	return walk_make(ANSWER_HOLDS, "%s", "");
}

/* Where the walk that is asked for begins in the socket's own; path.n when it hasn't yet. */
static size_t beginning(const struct expectation *x, const struct ledger_socket *s)
{
	size_t i = 0;

	while (i < s->path.n && s->path.v[i].state != x->path.v[0].state)
		i++;
	return i;
}

static struct walk not_begun(const struct expectation *x, const struct ledger_socket *s)
{
	const char *first = tcp_state_name(x->path.v[0].state);

	if (ledger_state(s) == ST_CLOSE)
		return walk_make(ANSWER_FAILS, "closed without %s", first);
	return walk_make(ANSWER_UNDECIDED, "not in %s yet", first);
}

/* Of the stays along a walk that goes the right way: the worst answer. */
static struct walk stays_answer(const struct expectation *x, const struct ledger *l,
        const struct ledger_socket *s, const struct stay *at, size_t n_at, size_t n)
{
	struct walk worst = walk_make(ANSWER_HOLDS, "%s", "");

	for (size_t k = 0; k < n; k++) {
		struct walk w;

		if (!x->path.v[k].has_stay)
			continue;
		w = stay_answer(l, s, &x->path.v[k], &at[k], k + 1 < n_at ? &at[k + 1] : NULL);
		if (w.kind == ANSWER_FAILS)
			return w;
		if (w.kind != ANSWER_HOLDS && worst.kind != ANSWER_MISSING)
			worst = w;
	}
	return worst;
}

static struct walk socket_answer(
        const struct expectation *x, const struct ledger *l, const struct ledger_socket *s)
{
	size_t i = beginning(x, s), n = s->path.n - i, k;
	const struct stay *at = s->path.v + i;
	struct walk stays;

	if (!n)
		return not_begun(x, s);
	for (k = 0; k < n && k < x->path.n; k++)
		if (at[k].state != x->path.v[k].state)
			return walk_make(ANSWER_FAILS, "went to %s where %s was expected",
			        tcp_state_name(at[k].state), tcp_state_name(x->path.v[k].state));
	stays = stays_answer(x, l, s, at, n, k);
	if (stays.kind == ANSWER_FAILS || k == x->path.n)
		return stays;
	return walk_make(ANSWER_UNDECIDED, "still in %s, %s is to come",
	        tcp_state_name(at[k - 1].state), tcp_state_name(x->path.v[k].state));
}

/* ---- all of them ---- */

static int rank(enum answer_kind k)
{
	switch (k) {
	case ANSWER_HOLDS:
		return 0;
	case ANSWER_MISSING:
		return 1;
	case ANSWER_UNDECIDED:
		return 2;
	case ANSWER_FAILS:
		break;
	}
	return 3;
}

static struct answer tell(
        const struct walk *w, const struct ledger_socket *s, unsigned n, unsigned alike)
{
	struct answer a = {.kind = w->kind};
	struct phrase p = {a.seen, sizeof a.seen, 0};

	if (w->kind == ANSWER_HOLDS)
		phrase_add(&p, "%u socket%s, the first ", n, n == 1 ? "" : "s");
	else if (n > 1)
		phrase_add(&p, "%u of %u sockets: %s; ", alike, n, w->why);
	else
		phrase_add(&p, "%s; ", w->why);
	add_walk(&p, s);
	return a;
}

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	const struct ledger_socket *told = NULL;
	struct walk worst = {.kind = ANSWER_HOLDS};
	unsigned n = 0, alike = 0;

	if (!ledger_had(l, SRC_BPF) && !ledger_had(l, SRC_WIRE))
		return answer_make(
		        ANSWER_MISSING, "needs bpf or link: wire, which see every state");
	if (l->now_ns < l->step_from_ns)
		return answer_make(ANSWER_UNDECIDED, "not yet");
	for (const struct ledger_socket *s = l->sockets; s; s = s->hh.next) {
		struct walk w;

		if (s->host != x->host || !is_connection(s))
			continue;
		n++;
		w = socket_answer(x, l, s);
		if (!told || rank(w.kind) > rank(worst.kind)) {
			worst = w;
			told = s;
			alike = 0;
		}
		alike += w.kind == worst.kind;
	}
	if (!told)
		return answer_make(ANSWER_UNDECIDED, "no connection at all");
	return tell(&worst, told, n, alike);
}

const struct expectation_type expectation_path = {
        .name = "path",
        .key = "path",
        .shape = SHAPE_PATH,
        .tells_times = 1,
        .help = "path: [ESTABLISHED, {TIME_WAIT: 60s}, CLOSE]: each connection of the host went "
                "this way",
        .evaluate = evaluate,
};
