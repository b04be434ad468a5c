/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scenario says of a host: its behaviour, addresses, buffers and sysctls. */
#include "yaml_internal.h"

#include <stdlib.h>
#include <string.h>

const char *const behaviour_names[] = {
#define BEHAVIOUR(name, on_eof, help) #name,
#include "peers/behaviours.def"
#undef BEHAVIOUR
        NULL};

const char *const behaviour_words[] = {
#define BEHAVIOUR(name, on_eof, help) on_eof,
#include "peers/behaviours.def"
#undef BEHAVIOUR
        NULL};

const char *const behaviour_helps[] = {
#define BEHAVIOUR(name, on_eof, help) help,
#include "peers/behaviours.def"
#undef BEHAVIOUR
        NULL};

static int read_behaviour_of(struct reader *r, const yaml_node_t *n, const char *what,
        const char *const *column, struct host_spec *h)
{
	const char *word = node_word(r, n, what);
	size_t i = 0;

	if (!word)
		return -1;
	if (h->behaviour)
		return reader_fail(
		        r, n, "'on_eof' and 'behaviour' both name a behaviour, expected one");
	for (; column[i]; i++)
		if (*column[i] && !strcmp(column[i], word)) {
			h->behaviour = must(strdup(behaviour_names[i]));
			return 0;
		}
	return reader_unknown(r, n, what, word, column, i);
}

static int read_on_eof(struct reader *r, const yaml_node_t *n, void *host)
{
	return read_behaviour_of(r, n, "word of on_eof", behaviour_words, host);
}

static int read_behaviour(struct reader *r, const yaml_node_t *n, void *host)
{
	return read_behaviour_of(r, n, "behaviour", behaviour_names, host);
}

static int read_addresses(struct reader *r, const yaml_node_t *n, void *host)
{
	return value_unsigned(r, n, 1, 250, &((struct host_spec *)host)->addresses);
}

static int read_backlog(struct reader *r, const yaml_node_t *n, void *host)
{
	return value_unsigned(r, n, 1, 65535, &((struct host_spec *)host)->backlog);
}

static int read_rcvbuf(struct reader *r, const yaml_node_t *n, void *host)
{
	return value_unsigned(r, n, 1, 1u << 30, &((struct host_spec *)host)->rcvbuf);
}

static int read_sndbuf(struct reader *r, const yaml_node_t *n, void *host)
{
	return value_unsigned(r, n, 1, 1u << 30, &((struct host_spec *)host)->sndbuf);
}

static int read_keepalive(struct reader *r, const yaml_node_t *n, void *host)
{
	return value_bool(r, n, &((struct host_spec *)host)->keepalive);
}

static int read_sysctl(struct reader *r, const yaml_node_t *n, void *host)
{
	return value_sysctls(r, n, &((struct host_spec *)host)->sysctls);
}

static int read_nft(struct reader *r, const yaml_node_t *n, void *host)
{
	return value_nft(r, n, &((struct host_spec *)host)->nft);
}

static int read_masquerade(struct reader *r, const yaml_node_t *n, void *host)
{
	return value_bool(r, n, &((struct host_spec *)host)->masquerade);
}

static int read_firewall(struct reader *r, const yaml_node_t *n, void *host)
{
	return value_bool(r, n, &((struct host_spec *)host)->firewall);
}

const struct field host_fields[] = {
        {"on_eof", "a word", "what its program does when the other side has closed", read_on_eof},
        {"behaviour", "a name", "the same by its full name: any behaviour", read_behaviour},
        {"addresses", "1 to 250", "how many addresses it has; default 1", read_addresses},
        {"backlog", "1 to 65535",
                "of listen(): how many connections wait to be accepted; default 4096",
                read_backlog},
        {"rcvbuf", "bytes", "SO_RCVBUF of its sockets; default: the kernel's choice", read_rcvbuf},
        {"sndbuf", "bytes", "SO_SNDBUF of its sockets; default: the kernel's choice", read_sndbuf},
        {"keepalive", "yes or no", "SO_KEEPALIVE on its sockets; default: no", read_keepalive},
        {"sysctl", "{net.ipv4.NAME: value}", "set before the programs start", read_sysctl},
        {"nft", "a ruleset",
                "router: rules in the language of nft; its devices are router0, which faces the "
                "client, and router1",
                read_nft},
        {"masquerade", "yes or no",
                "router: gives what the client sends its own address, as a NAT box does",
                read_masquerade},
        {"firewall", "yes or no",
                "router: passes only connections that began with a SYN of the client, as long as "
                "it knows them",
                read_firewall},
};
const size_t host_fields_n = LENGTH(host_fields);

int read_host(struct reader *r, const yaml_node_t *n, enum host which)
{
	static const char *const whats[] = {"the client", "the server", "the router"};
	const struct field_map m = {
	        .what = whats[which], .fields = host_fields, .n = LENGTH(host_fields)};
	struct host_spec *h = &r->scenario->hosts[which];

	h->present = 1;
	return node_map(r, n, &m, h);
}
