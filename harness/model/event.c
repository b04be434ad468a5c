/* SPDX-License-Identifier: BSD-2-Clause */
#include "event.h"

#include <string.h>

const char *const actor_names[ACTOR_COUNT] = {
        [HOST_CLIENT] = "client",
        [HOST_SERVER] = "server",
        [HOST_ROUTER] = "router",
        [ACTOR_WIRE] = "wire",
        [ACTOR_BOTH] = "both",
        [ACTOR_LAB] = "lab",
};

const char *const source_names[SRC_COUNT] = {
        [SRC_RUNNER] = "runner",
        [SRC_BPF] = "bpf",
        [SRC_SOCK_DIAG] = "sock_diag",
        [SRC_WIRE] = "wire",
        [SRC_PEER] = "peer",
        [SRC_SNMP] = "snmp",
        [SRC_OWNERS] = "owners",
        [SRC_CONNTRACK] = "conntrack",
        [SRC_NFT] = "nft",
};

#define PEER_NAME(id, name) name,
const char *const peer_verb_names[PEER_VERB_COUNT] = {PEER_VERBS(PEER_NAME)};

#define KERNEL_NAME(id, name, help) name,
#define KERNEL_HELP(id, name, help) help,
const char *const kernel_deed_names[KERNEL_DEED_COUNT] = {KERNEL_DEEDS(KERNEL_NAME)};
const char *const kernel_deed_helps[KERNEL_DEED_COUNT] = {KERNEL_DEEDS(KERNEL_HELP)};

int kernel_deed_parse(const char *name)
{
	for (int i = 0; i < KERNEL_DEED_COUNT; i++)
		if (!strcmp(name, kernel_deed_names[i]))
			return i;
	return -1;
}

int actor_parse(const char *name)
{
	for (int i = 0; i < ACTOR_COUNT; i++)
		if (!strcmp(name, actor_names[i]))
			return i;
	return -1;
}
