// undo_test.c - what is read of a run that is to be taken back.
#include "scratch.h"

#include "base/json.h"
#include "run/former.h"
#include "run/keep_cut.h"
#include "run/taking_back.h"

struct fixture {
    struct scratch scratch;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    scratch_make(&f->scratch);
    setenv("XDG_STATE_HOME", f->scratch.dir, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    scratch_remove(&f->scratch);
    free(f);
    return 0;
}

static const char *run_dir(struct fixture *f, const char *id) {
    char name[200];
    snprintf(name, sizeof name, "cordon/runs/%s", id);
    return scratch_path(&f->scratch, name);
}

// Each line is "kind {json}"; NULL ends them.
static void write_run(struct fixture *f, const char *id, const char *const *lines) {
    struct err e = {0};
    struct journal *j = journal_create(run_dir(f, id), id, &e);
    if (!j) fail_msg("%s", e.message);
    for (; *lines; lines++) {
        char kind[40];
        const char *json = strchr(*lines, ' ') + 1;
        snprintf(kind, sizeof kind, "%.*s", (int)(json - 1 - *lines), *lines);
        struct val *members = json_parse(json, strlen(json), "test", &e);
        if (!journal_append(j, kind, members, &e)) fail_msg("%s", e.message);
    }
    journal_free(j);
}

#define ID "20261124T021530Z-isolate-sg-7f3a"
#define START                                                                                      \
    "run.start {\"playbook\":\"isolate-sg\",\"file\":\"playbooks/isolate-sg.lua\",\"args\":{"      \
    "\"instance\":\"i-0ab4567890abcdef1\"},\"account\":\"111122223333\",\"backend\":\"aws\"}"
#define INTENT(key, operation)                                                                     \
    "call.intent {\"key\":\"" key "\",\"service\":\"ec2\",\"operation\":\"" operation              \
    "\",\"params\":{\"A\":1},\"before\":{\"b\":1},\"inverse\":{\"class\":\"inverted\"}}"
#define OUTCOME(key, rest) "call.outcome {\"key\":\"" key "\"," rest "}"

static struct val *changes(struct fixture *f, const char *const *lines) {
    struct err e = {0};
    write_run(f, ID, lines);
    struct val *list = run_changes(run_dir(f, ID), &e);
    if (!list) fail_msg("%s", e.message);
    return list;
}

// --- changes -----------------------------------------------------------------------

static void test_in_order_with_outcomes(void **state) {
    struct val *list = changes(
        *state, (const char *const[]){START, INTENT("1:#1", "create_x"), INTENT("1:#2", "modify_y"),
                                      INTENT("1:#3", "delete_z"), INTENT("1:#4", "lost_w"),
                                      OUTCOME("1:#2", "\"ok\":false,\"error\":{}"),
                                      OUTCOME("1:#1", "\"ok\":true,\"result\":{\"Id\":\"x-1\"}"),
                                      OUTCOME("1:#3", "\"ok\":false,\"unknown\":true"), NULL});
    assert_int_equal(val_count(list), 4);
    assert_string_equal(val_get_str(val_at(list, 0), "operation", ""), "create_x");
    assert_true(val_as_bool(val_get(val_at(list, 0), "ok"), false));
    assert_string_equal(val_get_str(val_get(val_at(list, 0), "result"), "Id", ""), "x-1");
    assert_false(val_as_bool(val_get(val_at(list, 1), "ok"), true));
    assert_null(val_get(val_at(list, 2), "ok"));  // its answer never came
    assert_null(val_get(val_at(list, 3), "ok"));  // nor this one's
    assert_int_equal(val_as_int(val_get(val_get(val_at(list, 3), "before"), "b"), 0), 1);
    assert_string_equal(val_get_str(val_at(list, 3), "service", ""), "ec2");
    val_unref(list);
}

static void test_a_key_that_comes_again(void **state) {
    struct val *list = changes(
        *state, (const char *const[]){START, INTENT("1:#1", "a"), OUTCOME("1:#1", "\"ok\":false"),
                                      INTENT("1:#1", "a"), OUTCOME("1:#1", "\"ok\":true"),
                                      INTENT("1:#1", "a"), NULL});
    assert_int_equal(val_count(list), 3);
    assert_false(val_as_bool(val_get(val_at(list, 0), "ok"), true));
    assert_true(val_as_bool(val_get(val_at(list, 1), "ok"), false));
    assert_null(val_get(val_at(list, 2), "ok"));
    val_unref(list);
}

static void test_the_lease_is_no_change(void **state) {
    struct val *list =
        changes(*state, (const char *const[]){START, INTENT("lease#1", "create_tags"),
                                              OUTCOME("lease#1", "\"ok\":true"),
                                              INTENT("1:#1", "a"), NULL});
    assert_int_equal(val_count(list), 1);
    assert_string_equal(val_get_str(val_at(list, 0), "key", ""), "1:#1");
    val_unref(list);
}

static void test_odd_lines_are_stood(void **state) {
    struct val *list = changes(
        *state, (const char *const[]){"call.outcome {\"key\":\"none\",\"ok\":true}",
                                      "call.outcome {\"ok\":true}", "call.intent {\"key\":7}",
                                      "call.intent {\"key\":\"k\",\"params\":\"text\"}",
                                      "undo.end {\"state\":5}", NULL});
    assert_int_equal(val_count(list), 1);
    val_unref(list);
}

static void damage(struct fixture *f, const char *what, const char *with) {
    char path[600], text[8192];
    snprintf(path, sizeof path, "%s/journal.jsonl", run_dir(f, ID));
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    char *at = strstr(text, what);
    assert_non_null(at);
    memcpy(at, with, strlen(with));
    rewind(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static void test_damaged(void **state) {
    struct err e = {0};
    write_run(*state, ID,
              (const char *const[]){START, INTENT("1:#1", "a"), OUTCOME("1:#1", "\"ok\":true"), NULL});
    damage(*state, "\"a\"", "\"b\"");
    assert_null(run_changes(run_dir(*state, ID), &e));
    assert_string_equal(e.code, ERR_JOURNAL);
    struct former f;
    assert_true(former_open(run_dir(*state, ID), &f, &e));
    assert_int_equal(f.run.state, RUN_DAMAGED);
    assert_false(former_may_be_believed(&f, &e));
    assert_string_equal(e.code, ERR_JOURNAL);
    former_free(&f);
}

static void test_none(void **state) {
    struct err e = {0};
    assert_null(run_changes(run_dir(*state, "nothing"), &e));
    assert_string_equal(e.code, ERR_USAGE);
}

// --- undone? -----------------------------------------------------------------------

static void check_undone(struct fixture *f, const char *const *lines, const char *wanted) {
    struct err e = {0};
    struct former taken;
    char id[64];
    static int number;
    snprintf(id, sizeof id, "20261124T021530Z-x-%04d", ++number);
    write_run(f, id, lines);
    assert_true(former_open(run_dir(f, id), &taken, &e));
    assert_string_equal(former_undo_state(&taken), wanted);
    former_free(&taken);
}

static void test_undo_state(void **state) {
    check_undone(*state, (const char *const[]){START, NULL}, "");
    check_undone(*state, (const char *const[]){START, "undo.start {}", NULL}, "begun");
    check_undone(*state,
                 (const char *const[]){START, "undo.start {}", "undo.end {\"state\":\"undone\"}", NULL},
                 "undone");
    check_undone(*state,
                 (const char *const[]){START, "undo.end {\"state\":\"undone\"}", "undo.start {}",
                                       "undo.end {\"state\":\"partly undone\"}", NULL},
                 "partly undone");
}

static void test_last_is_no_undo(void **state) {
    struct former f;
    struct err e = {0};
    write_run(*state, "20261124T021530Z-isolate-sg-7f3a", (const char *const[]){START, NULL});
    write_run(*state, "20261124T021600Z-undo-0001",
              (const char *const[]){
                  "run.start {\"playbook\":\"undo\",\"file\":\"" UNDO_SOURCE "\"}", NULL});
    assert_true(former_find("last", &f, &e));
    assert_string_equal(f.run.id, "20261124T021530Z-isolate-sg-7f3a");
    assert_false(former_is_undo(&f));
    former_free(&f);
    // By its id it is found, and says what it is.
    assert_true(former_find("20261124T021600Z", &f, &e));
    assert_true(former_is_undo(&f));
    former_free(&f);
    // A team's own playbook of that name is none.
    write_run(*state, "20261124T021700Z-undo-0002",
              (const char *const[]){
                  "run.start {\"playbook\":\"undo\",\"file\":\"playbooks/undo.lua\"}", NULL});
    assert_true(former_find("last", &f, &e));
    assert_string_equal(f.run.id, "20261124T021700Z-undo-0002");
    assert_false(former_is_undo(&f));
    former_free(&f);
}

// --- what is named -------------------------------------------------------------------

static struct val *parsed(const char *json) {
    struct err e;
    struct val *v = json_parse(json, strlen(json), "test", &e);
    if (!v) fail_msg("%s", e.message);
    return v;
}

static void test_made_by_the_run(void **state) {
    (void)state;
    struct val *stages = parsed(
        "[[{\"operation\":\"modify_x\",\"params\":{\"Id\":\"eni-1\"}},"
        "{\"operation\":\"delete_network_acl_entry\",\"params\":{\"NetworkAclId\":\"acl-1\","
        "\"RuleNumber\":1}}],[{\"operation\":\"delete_security_group\",\"params\":{\"GroupId\":"
        "\"sg-1\"}},{\"operation\":\"delete_security_group\",\"params\":{\"GroupId\":\"sg-1\"}},"
        "{\"operation\":\"release_address\",\"params\":{\"AllocationId\":\"eipalloc-1\"}},"
        "{\"operation\":\"delete_odd\",\"params\":{\"Ids\":[\"a\"]}},{\"operation\":\"delete_none\"}]]");
    struct val *ids = made_by_the_run(stages);
    assert_int_equal(val_count(ids), 2);
    assert_string_equal(val_as_str(val_at(ids, 0), ""), "sg-1");
    assert_string_equal(val_as_str(val_at(ids, 1), ""), "eipalloc-1");
    val_unref(ids);
    val_unref(stages);
}

static void test_instances(void **state) {
    (void)state;
    struct val *args = parsed("{\"instance\":\"i-0ab4567890abcdef1\",\"more\":[\"i-12345678\","
                              "\"i-0ab4567890abcdef1\",\"i-0ab4567890abcdef12\",\"i-xyz\",\"sg-12345678\"]}");
    struct val *list = instances_in(args);
    assert_int_equal(val_count(list), 2);
    assert_string_equal(val_get_str(val_at(list, 0), "id", ""), "i-0ab4567890abcdef1");
    assert_string_equal(val_get_str(val_at(list, 1), "id", ""), "i-12345678");
    val_unref(list);
    val_unref(args);
}

// --- times ---------------------------------------------------------------------------

static void test_hold_times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"1", 1}, {"90", 90}, {"600s", 600}, {"10m", 600}, {"1h", 3600}, {"24h", 86400}};
    static const char *const bad[] = {"",     "0",   "0s",  "m",       "10x",  "10 m", " 10m",
                                      "-10m", "+1m", "1.5h", "25h",    "10mm", "1h30m", "86401",
                                      "9999999", "99999999999999999999s", "0x10"};
    struct err e = {0};
    int64_t seconds;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(keep_cut_time(good[i].text, &seconds, &e));
        assert_int_equal(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (keep_cut_time(bad[i], &seconds, &e)) fail_msg("\"%s\" was taken", bad[i]);
        assert_string_equal(e.code, ERR_USAGE);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_in_order_with_outcomes), TEST(test_a_key_that_comes_again),
        TEST(test_the_lease_is_no_change), TEST(test_odd_lines_are_stood),
        TEST(test_damaged),                TEST(test_none),
        TEST(test_undo_state),             TEST(test_last_is_no_undo),
        TEST(test_made_by_the_run),        TEST(test_instances),
        TEST(test_hold_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
