/* SPDX-License-Identifier: BSD-2-Clause */
/* The reporters: one scene, told by each, to the letter. */
#include "story.h"

#include "report/words.h"

#include <jansson.h>
#include <stdlib.h>

static const char *const yaml = "claim: A server that never calls close() piles up CLOSE_WAIT\n"
                                "steps:\n- expect: {server: {CLOSE_WAIT: 2}}\n";

/* CLOSE_WAIT = 1 where 2 were wanted. */
static void scene(struct story *st)
{
	story_begin(st, yaml);
	story_step(st, 0, 0, STEP_BEGIN);
	story_state(st, 0.5, 1, HOST_SERVER, 1, ST_ESTABLISHED, ST_CLOSE_WAIT);
	story_sample(st, 2000);
	story_step(st, 2000, 0, STEP_FAILS);
	story_verdict(st);
}

/* What the reporter makes of the scene; the caller frees. */
static char *reported(const char *name, struct story *st, const char *title, int colour)
{
	const struct reporter *r = reporter_find(name);
	const struct report_options o = {.colour = colour};
	struct outcome x = {.scenario = st->s, .timeline = &st->t, .verdict = &st->v};
	size_t counts[VERDICT_COUNT] = {0}, size;
	char *text;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(r);
	snprintf(x.title, sizeof x.title, "%s", title);
	counts[st->v.kind] = 1;
	r->begin(f, &o, 1);
	r->outcome(f, &o, &x, 1);
	r->end(f, &o, counts, 3200000000);
	fclose(f);
	return text;
}

static void term_tells_a_failure(void **state)
{
	struct story st;
	char *text;

	(void)state;
	scene(&st);
	text = reported("term", &st, "leak/close IPv4", 0);
	assert_string_equal(text,
	        "FAIL  leak/close IPv4                                 A server that never calls "
	        "close() piles "
	        "u...   2.0 s\n"
	        "      test.yaml:3:21: step 1\n"
	        "        wanted  server CLOSE_WAIT = 2 within 2 s\n"
	        "        seen    1 after 2 s\n"
	        "      the timeline up to there:\n"
	        "        ** lab     0.000000 step 1 expect, begins\n"
	        "        ** server  0.001000 ESTABLISHED to CLOSE_WAIT 198.19.0.1:5000 > "
	        "198.18.0.1:40001, within the last 500 us\n"
	        "      again: lastack run test.yaml --ip 4\n"
	        "0 passed, 1 failed, 0 skipped, 0 errors in 3.2 s\n");
	free(text);
	text = reported("term", &st, "leak/close IPv4", 1);
	assert_int_equal(strncmp(text, "\033[1;31mFAIL \033[0m ", 16), 0);
	free(text);
	story_end(&st);
}

static void tap_tells_a_failure(void **state)
{
	struct story st;
	char *text;

	(void)state;
	scene(&st);
	text = reported("tap", &st, "leak/close #3", 0);
	assert_string_equal(text,
	        "TAP version 14\n"
	        "1..1\n"
	        "not ok 1 - leak/close \\#3\n"
	        "  ---\n"
	        "  message: \"step 1 (line 3): server CLOSE_WAIT = 2 within 2 s: 1 after 2 s\"\n"
	        "  severity: \"fail\"\n"
	        "  file: \"test.yaml\"\n"
	        "  line: 3\n"
	        "  column: 21\n"
	        "  wanted: \"server CLOSE_WAIT = 2 within 2 s\"\n"
	        "  found: \"1 after 2 s\"\n"
	        "  timeline:\n"
	        "    - \"lab     0.000000 step 1 expect, begins\"\n"
	        "    - \"server  0.001000 ESTABLISHED to CLOSE_WAIT 198.19.0.1:5000 > "
	        "198.18.0.1:40001, within the last 500 us\"\n"
	        "  again: \"lastack run test.yaml --ip 4\"\n"
	        "  ...\n"
	        "# 0 passed, 1 failed, 0 skipped, 0 errors in 3.2 s\n");
	free(text);
	story_end(&st);
}

/* Of two rules the second has hit nothing. */
static const char *const yaml_of_rules = "claim: c\nlink: wire\nwire:\n"
                                         "- {drop: fin, from: server, times: 1}\n"
                                         "- {drop: rst}\n"
                                         "steps:\n- expect: {server: {CLOSE_WAIT: 2}}\n";

static void idle_rules_are_told(void **state)
{
	static const char *const told[] = {"rule 2 (line 5) hit nothing: drop rst, every time",
	        "rule 1 (line 4) hit nothing: drop fin from server, once"};
	struct story st;

	(void)state;
	story_begin(&st, yaml_of_rules);
	snprintf(st.t.head.link, sizeof st.t.head.link, "wire+tun");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_tell(&st, (struct event){.t_ns = ORIGIN,
	                        .kind = EV_SEGMENT,
	                        .source = SRC_WIRE,
	                        .host = HOST_SERVER,
	                        .segment = {.connection = 1, .role = ROLE_FIN, .rule = 0}});
	story_sample(&st, 2000);
	story_step(&st, 2000, 0, STEP_FAILS);
	story_verdict(&st);
	for (const struct reporter *const *r = reporters; *r; r++) {
		char *text = reported((*r)->name, &st, "x", 0);

		assert_non_null(strstr(text, told[0]));
		assert_null(strstr(text, told[1]));
		assert_true(!strcmp((*r)->name, "term") || strstr(text, "wire+tun"));
		free(text);
	}
	story_end(&st);
}

/* Where all holds, too: a scenario may hold because its fault never was. */
static void idle_rules_are_told_of_what_passed(void **state)
{
	struct story st;
	char *text;

	(void)state;
	story_begin(&st, "claim: c\nlink: wire\nwire:\n- {drop: rst}\n"
	                 "steps:\n- expect: {server: {CLOSE_WAIT: 0}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_sample(&st, 1);
	story_step(&st, 1, 0, STEP_HOLDS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_PASS);
	text = reported("term", &st, "x", 0);
	assert_non_null(strstr(
	        text, " s\n      rule 1 (line 4) hit nothing: drop rst, every time\n1 passed"));
	free(text);
	text = reported("term", &st, "x", 1);
	assert_non_null(
	        strstr(text, " s\n      \033[2mrule 1 (line 4) hit nothing: drop rst, every "
	                     "time\033[0m\n1 passed"));
	free(text);
	text = reported("tap", &st, "x", 0);
	assert_non_null(strstr(text,
	        "\nok 1 - x\n# rule 1 (line 4) hit nothing: drop rst, every time\n# 1 passed"));
	free(text);
	story_end(&st);
}

static void tap_skips_with_a_reason(void **state)
{
	struct story st;
	char *text;

	(void)state;
	scene(&st);
	st.v.kind = VERDICT_SKIP;
	snprintf(st.v.why, sizeof st.v.why, "needs bpf");
	text = reported("tap", &st, "x", 0);
	assert_non_null(strstr(text, "\nok 1 - x # SKIP needs bpf\n#"));
	free(text);
	story_end(&st);
}

static void json_is_one_document(void **state)
{
	struct story st;
	const char *verdict, *seen;
	json_t *j, *run;
	json_int_t line;
	char *text;

	(void)state;
	scene(&st);
	text = reported("json", &st, "leak/close \"quoted\" \xff", 0);
	j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	assert_int_equal(json_integer_value(json_object_get(j, "failed")), 1);
	run = json_array_get(json_object_get(j, "runs"), 0);
	assert_int_equal(json_unpack(run, "{s:s, s:[{s:s, s:I}]}", "verdict", &verdict, "findings",
	                         "seen", &seen, "line", &line),
	        0);
	assert_string_equal(verdict, "FAIL");
	assert_string_equal(seen, "1 after 2 s");
	assert_int_equal(line, 3);
	json_decref(j);
	free(text);
	story_end(&st);
}

static char *manual(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = fopen("docs/man/lastack.1", "re");

	assert_non_null(f);
	assert_true(getdelim(&text, &size, '\0', f) > 0);
	fclose(f);
	return text;
}

/* As the manual names members: a line of ".B", alone or with others. */
static int is_named(const char *text, const char *member)
{
	size_t n = strlen(member);

	for (const char *at = strstr(text, "\n.B "); at; at = strstr(at + 1, "\n.B "))
		for (const char *w = at + 3; *w == ' '; w += 1 + strcspn(w + 1, " \n"))
			if (!strncmp(w + 1, member, n) && strchr(",\n", w[1 + n]))
				return 1;
	return 0;
}

static void every_member_is_named(const char *text, const json_t *j)
{
	const char *key;
	json_t *in;
	size_t i;

	json_object_foreach((json_t *)j, key, in)
	{
		if (!is_named(text, key))
			fail_msg("docs/man/lastack.1 does not name the member \"%s\"", key);
		every_member_is_named(text, in);
	}
	json_array_foreach(j, i, in) every_member_is_named(text, in);
}

static void the_manual_names_what_json_has(void **state)
{
	char *text, *man = manual();
	struct story st;
	json_t *j;

	(void)state;
	scene(&st);
	text = reported("json", &st, "x", 0);
	j = json_loads(text, 0, NULL);
	assert_non_null(j);
	every_member_is_named(man, j);
	json_decref(j);
	free(text);
	free(man);
	story_end(&st);
}

/* The kernel's events come late to the timeline; the runner's own commands are nobody's. */
static void the_stretch_is_in_order_of_time(void **state)
{
	struct event set_up = plain(0.1, EV_PEER, SRC_PEER, HOST_CLIENT);
	struct story st;
	char *text, *first, *second;

	(void)state;
	set_up.peer.verb = PEER_DONE;
	set_up.peer.command = COMMAND_SET_UP;
	story_begin(&st, yaml);
	story_tell(&st, set_up);
	story_step(&st, 0.2, 0, STEP_BEGIN);
	story_text(&st, 3, EV_NOTE, "said at three");
	story_text(&st, 2, EV_NOTE, "said at two");
	story_text(&st, 2, EV_NOTE, "and then again at two");
	story_step(&st, 2000, 0, STEP_FAILS);
	story_verdict(&st);
	text = reported("term", &st, "x", 0);
	first = strstr(text, "said at two");
	second = strstr(text, "and then again at two");
	assert_true(first && second && first < second && second < strstr(text, "said at three"));
	assert_null(strstr(text, "done with command"));
	free(text);
	story_end(&st);
}

/* A run that never got as far as a timeline. */
static void without_a_timeline(void **state)
{
	const struct report_options o = {0};
	struct story st;

	(void)state;
	scene(&st);
	verdict_free(&st.v);
	st.v = (struct verdict){.kind = VERDICT_ERROR, .why = "no namespaces"};
	for (const struct reporter *const *r = reporters; *r; r++) {
		const struct outcome x = {.scenario = st.s, .verdict = &st.v, .title = "x"};
		size_t counts[VERDICT_COUNT] = {0}, size;
		char *text;
		FILE *f = open_memstream(&text, &size);

		(*r)->begin(f, &o, 1);
		(*r)->outcome(f, &o, &x, 1);
		(*r)->end(f, &o, counts, 0);
		fclose(f);
		assert_non_null(strstr(text, "no namespaces"));
		free(text);
	}
	story_end(&st);
}

static void texts_are_shortened(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(words_shorten("abcdef", 6, buf, sizeof buf), "abcdef");
	assert_string_equal(words_shorten("abcdefg", 6, buf, sizeof buf), "abc...");
	assert_string_equal(words_shorten("\u00e4\u00f6\u00fcxyzw", 6, buf, sizeof buf),
	        "\u00e4\u00f6\u00fc...");
	assert_string_equal(words_shorten("abcdefg", 2, buf, sizeof buf), "");
	assert_string_equal(words_shorten("abcdefg", 0, buf, sizeof buf), "");
	assert_int_equal(words_width("\u00e4\u00f6"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(term_tells_a_failure),
	        cmocka_unit_test(tap_tells_a_failure),
	        cmocka_unit_test(idle_rules_are_told),
	        cmocka_unit_test(idle_rules_are_told_of_what_passed),
	        cmocka_unit_test(tap_skips_with_a_reason),
	        cmocka_unit_test(json_is_one_document),
	        cmocka_unit_test(the_manual_names_what_json_has),
	        cmocka_unit_test(the_stretch_is_in_order_of_time),
	        cmocka_unit_test(without_a_timeline),
	        cmocka_unit_test(texts_are_shortened),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
