/* SPDX-License-Identifier: BSD-2-Clause */
/* What the states and the roles of segments mean that a scenario names, for who meets them first.
 */
#ifndef LASTACK_STORY_GLOSSARY_H
#define LASTACK_STORY_GLOSSARY_H

#include "model/scenario.h"
#include "prose.h"

void story_glossary(struct prose *p, const struct scenario *s);

#endif
