/* SPDX-License-Identifier: BSD-2-Clause */
/* What this machine can and cannot do, and what would mend it. */
#include "command.h"

#include <stdio.h>

static int doctor(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("not yet");
	return EXIT_LAB;
}

const struct command command_doctor = {
        .name = "doctor",
        .usage = "doctor [--json]",
        .help = "what this machine can and cannot do, and what would mend it",
        .main = doctor,
};
