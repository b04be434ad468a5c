/* SPDX-License-Identifier: BSD-2-Clause */
/* A scenario from YAML: the file, the document and its outermost map. */
#include "yaml.h"

#include "model/capability.h"
#include "yaml_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST    (1u << 20) /* bytes of a file: no scenario comes near */
#define MOST_NODES 100000
#define MOST_WORDS 64
#define SUFFIX     ".yaml"
#define SCENARIOS  "scenarios/"

static int read_claim(struct reader *r, const yaml_node_t *n, void *s)
{
	return value_text(r, n, "the claim, one sentence", &((struct scenario *)s)->claim);
}

static int read_source(struct reader *r, const yaml_node_t *n, void *s)
{
	return value_text(r, n, "where the claim is from", &((struct scenario *)s)->source);
}

static int read_tags(struct reader *r, const yaml_node_t *n, void *s)
{
	return node_list(r, n, MOST_WORDS, "tags", value_word_item, &((struct scenario *)s)->tags);
}

static int read_need(struct reader *r, const yaml_node_t *n, void *needs)
{
	const char *names[64], *word = node_word(r, n, "a capability");
	size_t i = 0;

	if (!word)
		return -1;
	if (capability_find(word))
		return value_word_item(r, n, needs);
	for (; i < LENGTH(names) && capabilities[i].name; i++)
		names[i] = capabilities[i].name;
	return reader_unknown(r, n, "capability", word, names, i);
}

static int read_needs(struct reader *r, const yaml_node_t *n, void *s)
{
	return node_list(
	        r, n, MOST_WORDS, "capabilities", read_need, &((struct scenario *)s)->needs);
}

static int read_kernel(struct reader *r, const yaml_node_t *n, void *s)
{
	return value_kernel(r, n, &((struct scenario *)s)->kernel);
}

static int read_family(struct reader *r, const yaml_node_t *n, void *families)
{
	const char *word = node_word(r, n, "4 or 6");
	char w[QUOTED_TEXT];

	if (!word)
		return -1;
	if (strcmp(word, "4") && strcmp(word, "6"))
		return reader_fail(r, n, "expected 4 or 6, not %s", quoted(word, w, sizeof w));
	*(int *)families |= *word == '4' ? 1 : 2;
	return 0;
}

static int read_ip(struct reader *r, const yaml_node_t *n, void *s)
{
	((struct scenario *)s)->families = 0;
	return node_list(r, n, 2, "4, 6 or [4, 6]", read_family, &((struct scenario *)s)->families);
}

static int read_link(struct reader *r, const yaml_node_t *n, void *s)
{
	static const char *const names[] = {"veth", "wire"};
	const char *word = node_word(r, n, "veth or wire");

	if (!word)
		return -1;
	for (size_t i = 0; i < LENGTH(names); i++)
		if (!strcmp(word, names[i])) {
			((struct scenario *)s)->link = i ? LINK_WIRE : LINK_VETH;
			return 0;
		}
	return reader_unknown(r, n, "link", word, names, LENGTH(names));
}

static int read_client(struct reader *r, const yaml_node_t *n, void *s)
{
	(void)s;
	return read_host(r, n, HOST_CLIENT);
}

static int read_server(struct reader *r, const yaml_node_t *n, void *s)
{
	(void)s;
	return read_host(r, n, HOST_SERVER);
}

static int read_router(struct reader *r, const yaml_node_t *n, void *s)
{
	(void)s;
	return read_host(r, n, HOST_ROUTER);
}

const struct field scenario_fields[] = {
        {"claim", "a sentence", "what is shown: one sentence that is true or false", read_claim},
        {"source", "text", "where the claim is from: a section of an RFC, a file of the kernel",
                read_source},
        {"tags", "[word, ...]", "`slow` is a tier; any other word is for finding it", read_tags},
        {"needs", "[name, ...]", "capabilities of the machine; without one of them it is skipped",
                read_needs},
        {"kernel", "\">= 6.14\" or \"< 6.11\"", "only of such kernels; on any other it is skipped",
                read_kernel},
        {"ip", "4, 6 or [4, 6]", "the families that it runs over; default: both", read_ip},
        {"link", "veth or wire",
                "what joins the hosts; default: wire where rules, segments or paths need it. The "
                "wire is between TUN devices, or packet sockets where there are none or "
                "LASTACK_WIRE=packet is in the environment",
                read_link},
        {"client", "a map", "the host that connects", read_client},
        {"server", "a map", "the host that listens", read_server},
        {"router", "a map", "a host between them", read_router},
        {"wire", "[rule, ...]", "faults for chosen segments", read_rules},
        {"steps", "[step, ...]", "what happens, in the order of time", read_steps},
};
const size_t scenario_fields_n = LENGTH(scenario_fields);

/* The path below a directory that it begins with, or the file's own name. */
static const char *below(const char *path, const char *directory)
{
	size_t n = directory ? strlen(directory) : 0;
	const char *slash = strrchr(path, '/');

	if (n && !strncmp(path, directory, n) && (path[n] == '/' || directory[n - 1] == '/'))
		return path + n + strspn(path + n, "/");
	return slash ? slash + 1 : path;
}

char *scenario_name(const char *path, const char *directory)
{
	const char *start = below(path, directory), *found = path;
	char *name;
	size_t n;

	while ((found = strstr(found, SCENARIOS))) {
		if (found == path || found[-1] == '/')
			start = found + strlen(SCENARIOS);
		found++;
	}
	name = must(strdup(start));
	n = strlen(name);
	if (n > strlen(SUFFIX) && !strcmp(name + n - strlen(SUFFIX), SUFFIX))
		name[n - strlen(SUFFIX)] = 0;
	return name;
}

static struct scenario *scenario_new(const char *path)
{
	struct scenario *s = must(calloc(1, sizeof *s));

	s->path = must(strdup(path));
	s->name = scenario_name(path, NULL);
	s->families = 3;
	for (int h = 0; h < HOST_COUNT; h++) {
		s->hosts[h].present = h != HOST_ROUTER;
		s->hosts[h].addresses = 1;
		s->hosts[h].backlog = 4096;
	}
	return s;
}

static int read_document(struct reader *r)
{
	const struct field_map m = {
	        .what = "a scenario", .fields = scenario_fields, .n = LENGTH(scenario_fields)};
	const yaml_node_t *root = yaml_document_get_root_node(&r->doc);

	if (!root || (root->type == YAML_SCALAR_NODE && !root->data.scalar.length))
		return err_set(r->err, ERR_INPUT,
		        "%s:1:1: nothing in it, expected a scenario: claim, steps", r->name);
	return node_map(r, root, &m, r->scenario) || scenario_check(r) ? -1 : 0;
}

static int read_text(struct reader *r)
{
	yaml_parser_t p;
	int failed;

	if (reader_scan(r))
		return -1;
	reader_parser(r, &p);
	if (!yaml_parser_load(&p, &r->doc)) {
		failed = reader_not_yaml(r, &p);
	} else {
		failed = read_document(r);
		yaml_document_delete(&r->doc);
	}
	yaml_parser_delete(&p);
	return failed;
}

/* The mark with which some editors of other systems begin a text. */
static void skip_byte_order_mark(struct reader *r)
{
	if (r->size < 3 || memcmp(r->text, "\xef\xbb\xbf", 3) != 0)
		return;
	r->text += 3;
	r->size -= 3;
}

struct scenario *scenario_parse(const char *text, size_t size, const char *name, struct err *err)
{
	struct reader r = {
	        .name = name, .err = err, .text = text, .size = size, .budget = MOST_NODES};

	if (size > LARGEST) {
		err_set(err, ERR_INPUT, "%s: larger than a scenario may be (1 MiB)", name);
		return NULL;
	}
	skip_byte_order_mark(&r);
	r.scenario = scenario_new(name);
	if (read_text(&r)) {
		scenario_free(r.scenario);
		return NULL;
	}
	return r.scenario;
}

/* The size of a file that can be a scenario, or -1 with err. */
static long file_size(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT, "%s: %s, expected a file", path,
		        S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
	if (st.st_size > LARGEST)
		return err_set(err, ERR_INPUT,
		        "%s: %lld bytes, larger than a scenario may be (1 MiB)", path,
		        (long long)st.st_size);
	return (long)st.st_size;
}

static char *read_all(int fd, size_t size, const char *path, size_t *ret_n, struct err *err)
{
	char *text = must(malloc(size + 1));
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, text + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_set(err, ERR_INPUT, "%s: cannot be read: %s", path, strerror(errno));
			free(text);
			return NULL;
		}
		if (!got)
			break;
		n += (size_t)got;
	}
	*ret_n = n;
	return text;
}

struct scenario *scenario_load(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct scenario *s = NULL;
	char *text = NULL;
	size_t n;
	long size;

	if (fd < 0) {
		err_set(err, ERR_INPUT, "%s: cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	size = file_size(fd, path, err);
	if (size >= 0)
		text = read_all(fd, (size_t)size, path, &n, err);
	if (text)
		s = scenario_parse(text, n, path, err);
	free(text);
	close(fd);
	return s;
}
