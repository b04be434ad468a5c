/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running kernel's names for why it sends a reset: enum sk_rst_reason, whose values differ from
 * one release to the next. Walks the kernel's BTF itself: a library that indexes all of it takes
 * ten times as long, and this is part of every start.
 */
#include "observe/bpf_observer.h"

#include <fcntl.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef BTF_KIND_ENUM64
#define BTF_KIND_ENUM64 19
#endif

struct blob {
	uint8_t *at;
	size_t size;
};

static struct blob read_all(const char *path)
{
	struct blob b = {0};
	struct stat st;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return b;
	if (!fstat(fd, &st) && st.st_size > 0) {
		b.at = must(malloc((size_t)st.st_size));
		while (b.size < (size_t)st.st_size &&
		        (n = read(fd, b.at + b.size, (size_t)st.st_size - b.size)) > 0)
			b.size += (size_t)n;
	}
	close(fd);
	return b;
}

/* How much follows a struct btf_type; -1: a kind from the future. */
static long tail_size(const struct btf_type *t)
{
	long n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * (long)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * (long)sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
	case BTF_KIND_DATASEC:
		return n * 12;
	case BTF_KIND_FUNC_PROTO:
		return n * (long)sizeof(struct btf_param);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case 18: /* BTF_KIND_TYPE_TAG */
		return 0;
	}
	return -1;
}

/* SK_RST_REASON_TCP_ABORT_ON_CLOSE becomes tcp-abort-on-close. */
static void reason_name(bpf_reason ret, const char *name)
{
	static const char prefix[] = "SK_RST_REASON_";
	size_t n = 0;

	if (!strncmp(name, prefix, sizeof prefix - 1))
		name += sizeof prefix - 1;
	for (; name[n] && n + 1 < sizeof(bpf_reason); n++) {
		char c = name[n];

		ret[n] = (char)(c == '_' ? '-' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	ret[n] = 0;
}

struct walk {
	const uint8_t *types, *end;
	const char *strings;
	size_t n_strings;
};

static const char *string_at(const struct walk *w, uint32_t offset)
{
	return offset < w->n_strings ? w->strings + offset : "";
}

static int walk_begin(struct walk *w, const struct blob *b)
{
	const struct btf_header *h = (const struct btf_header *)b->at;

	if (b->size < sizeof *h || h->magic != BTF_MAGIC || h->hdr_len > b->size ||
	        h->type_off > b->size - h->hdr_len ||
	        h->type_len > b->size - h->hdr_len - h->type_off ||
	        h->str_off > b->size - h->hdr_len || !h->str_len ||
	        h->str_len > b->size - h->hdr_len - h->str_off)
		return -1;
	w->types = b->at + h->hdr_len + h->type_off;
	w->end = w->types + h->type_len;
	w->strings = (const char *)b->at + h->hdr_len + h->str_off;
	w->n_strings = h->str_len;
	return w->strings[h->str_len - 1] ? -1 : 0;
}

/* The enum's values, NULL when there is no such enum. */
static const struct btf_enum *find_enum(struct walk *w, const char *name, unsigned *ret_n)
{
	while (w->end - w->types >= (long)sizeof(struct btf_type)) {
		const struct btf_type *t = (const struct btf_type *)w->types;
		long tail = tail_size(t);

		if (tail < 0 || w->end - w->types - (long)sizeof *t < tail)
			return NULL;
		if (BTF_INFO_KIND(t->info) == BTF_KIND_ENUM &&
		        !strcmp(string_at(w, t->name_off), name)) {
			*ret_n = BTF_INFO_VLEN(t->info);
			return (const struct btf_enum *)(t + 1);
		}
		w->types += (long)sizeof *t + tail;
	}
	return NULL;
}

void bpf_reasons_read(bpf_reason ret[BPF_REASONS])
{
	struct blob b = read_all("/sys/kernel/btf/vmlinux");
	const struct btf_enum *e = NULL;
	struct walk w;
	unsigned n = 0;

	memset(ret, 0, BPF_REASONS * sizeof *ret);
	if (!walk_begin(&w, &b))
		e = find_enum(&w, "sk_rst_reason", &n);
	for (unsigned i = 0; e && i < n; i++)
		if (e[i].val >= 0 && e[i].val < BPF_REASONS)
			reason_name(ret[e[i].val], string_at(&w, e[i].name_off));
	free(b.at);
}
