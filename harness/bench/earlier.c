/* SPDX-License-Identifier: BSD-2-Clause */
#include "earlier.h"

/* What sockstat counts as `tw`, as far as a dump can be asked for it. */
#define MINISOCKETS (1u << ST_TIME_WAIT | 1u << ST_FIN_WAIT_2)

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

struct tally {
	struct earlier *earlier;
	int side;
	size_t left;
	uint64_t others;
};

static void take_down(void *arg, const struct sock_row *row)
{
	struct tally *t = arg;

	if (row->minisocket)
		array_push(&t->earlier->cookies[t->side], row->cookie);
}

static void tell_apart(void *arg, const struct sock_row *row)
{
	struct tally *t = arg;
	const uint64_t *cookies = t->earlier->cookies[t->side].v;

	if (!row->minisocket)
		return;
	if (bsearch(&row->cookie, cookies, t->earlier->cookies[t->side].n, sizeof *cookies,
	            by_cookie))
		t->left++;
	else
		t->others++;
}

int earlier_begin(struct earlier *e, const struct watch *w, struct bench_result *r, struct err *err)
{
	for (int i = 0; i < 2; i++) {
		struct tally t = {.earlier = e, .side = i};

		if (!r->before[i].time_wait || !bench_side_counts(r, (enum bench_side)i))
			continue;
		if (sock_diag_dump(w->diag[i], MINISOCKETS, take_down, &t, err))
			return -1;
		e->left[i] = r->before[i].time_wait = e->cookies[i].n;
		if (e->left[i])
			qsort(e->cookies[i].v, e->left[i], sizeof *e->cookies[i].v, by_cookie);
	}
	return 0;
}

int earlier_any(const struct earlier *e)
{
	return e->left[SIDE_CLIENT] || e->left[SIDE_SERVER];
}

int earlier_count_others(struct earlier *e, const struct watch *w, const struct bench_result *r,
        uint64_t ret[2], struct err *err)
{
	for (int i = 0; i < 2; i++) {
		struct tally t = {.earlier = e, .side = i};

		if (!bench_side_counts(r, (enum bench_side)i))
			continue;
		if (!e->left[i]) {
			ret[i] = watch_time_wait(w, (enum bench_side)i);
			continue;
		}
		if (sock_diag_dump(w->diag[i], MINISOCKETS, tell_apart, &t, err))
			return -1;
		e->left[i] = t.left;
		ret[i] = t.others;
	}
	return 0;
}

void earlier_free(struct earlier *e)
{
	array_free(&e->cookies[SIDE_CLIENT]);
	array_free(&e->cookies[SIDE_SERVER]);
}
