// journal_reopen_test.c - values set aside, and journals that are opened again.
#include "journal_fixture.h"

// --- side files --------------------------------------------------------------

static struct val *large_string(size_t len) {
    char *text = malloc(len);
    memset(text, 'y', len);
    struct val *v = val_string(text, len);
    free(text);
    return v;
}

static void add_large(struct fixture *f, size_t len) {
    struct err e = {0};
    struct val *members = parse("{\"operation\":\"describe_vpcs\"}");
    if (!journal_append_large(f->journal, "read", members, "result", large_string(len), &e)) {
        fail_msg("%s", e.message);
    }
}

static void test_large_values_go_aside(void **state) {
    struct fixture *f = *state;
    struct err e;
    add_large(f, 1000);
    add_large(f, 70000);
    assert_false(scratch_exists(scratch_path(&f->scratch, "run/side-0.json")));
    assert_true(scratch_exists(scratch_path(&f->scratch, "run/side-1.json")));
    struct val *line = last_line(f->file);
    struct val *value = journal_large_value(f->dir, line, "result", &e);
    assert_int_equal(val_str_len(value), 70000);
    assert_int_equal(val_as_int(val_path(line, "result", "bytes", NULL), 0), 70002);
    val_unref(value);
    value = journal_large_value(f->dir, line, "operation", &e);
    assert_string_equal(val_as_str(value, ""), "describe_vpcs");
    val_unref(value);
    value = journal_large_value(f->dir, line, "absent", &e);
    assert_true(value != NULL && val_is_nil(value));
    val_unref(line);
}

static void test_side_files_are_verified(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e;
    size_t len;
    add_large(f, 70000);
    add(f, "log", "{}");
    char *side = strdup(scratch_path(&f->scratch, "run/side-0.json"));
    char *text = scratch_read(side, &len);
    struct val *line = NULL;
    journal_verify(f->file, &report, keep_last, &line, &e);
    text[500] = 'z';
    scratch_write(side, text, len);
    assert_int_equal(state_of(f->file, &report), JOURNAL_TAMPERED);
    assert_non_null(strstr(report.why, "side-0.json"));
    assert_int_equal(report.lines, 0);
    text[500] = 'y';
    scratch_write(side, text, len);
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    scratch_write(side, text, len - 1);
    assert_int_equal(state_of(f->file, &report), JOURNAL_TAMPERED);
    char *other = strdup(scratch_path(&f->scratch, "elsewhere"));
    scratch_write(other, text, len);
    assert_int_equal(unlink(side), 0);
    assert_int_equal(state_of(f->file, &report), JOURNAL_TAMPERED);
    assert_int_equal(symlink(other, side), 0);
    assert_int_equal(state_of(f->file, &report), JOURNAL_TAMPERED);
    val_unref(line);
    free(other);
    free(side);
    free(text);
}

static void test_a_value_cannot_pass_for_a_side_file(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e;
    const char *fake = "{\"value\":{\"file\":\"/etc/passwd\",\"sha256\":\"00\",\"bytes\":5}}";
    add(f, "log", fake);
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    struct val *line = last_line(f->file);
    struct val *value = journal_large_value(f->dir, line, "value", &e);
    assert_string_equal(val_get_str(value, "file", ""), "/etc/passwd");
    val_unref(value);
    val_unref(line);
}

// --- reopening ---------------------------------------------------------------

static void reopen(struct fixture *f) {
    struct err e;
    journal_free(f->journal);
    f->journal = journal_reopen(f->dir, &e);
    if (f->journal == NULL) fail_msg("%s", e.message);
}

static void test_reopen_goes_on(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    add_some(f);
    reopen(f);
    assert_string_equal(journal_run_id(f->journal), "20261124T021530Z-test-0001");
    add(f, "run.end", "{}");
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    assert_int_equal(report.lines, 4);
}

static void test_reopen_drops_what_a_crash_left(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    size_t len;
    add_some(f);
    char *text = scratch_read(f->file, &len);
    scratch_write(f->file, text, len - 1);
    reopen(f);
    assert_int_equal(journal_next_seq(f->journal), 2);
    add(f, "log", "{\"text\":\"after\"}");
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    assert_int_equal(report.lines, 3);
    free(text);
}

static void test_reopen_refuses_what_was_altered(void **state) {
    struct fixture *f = *state;
    struct err e;
    size_t len;
    add_some(f);
    journal_free(f->journal);
    f->journal = NULL;
    char *text = scratch_read(f->file, &len);
    text[30] ^= 1;
    scratch_write(f->file, text, len);
    assert_null(journal_reopen(f->dir, &e));
    assert_string_equal(e.code, ERR_JOURNAL);
    assert_non_null(strstr(e.message, "line 1"));
    free(text);
}

static void test_reopen_of_an_empty_journal(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    reopen(f);
    assert_string_equal(journal_run_id(f->journal), "run");
    add(f, "run.end", "{}");
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
}

static bool stop_at_once(void *ctx, const struct val *line) {
    (void)line;
    ++*(int *)ctx;
    return false;
}

static void test_a_reader_may_stop(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e;
    int calls = 0;
    add_some(f);
    assert_true(journal_verify(f->file, &report, stop_at_once, &calls, &e));
    assert_int_equal(calls, 1);
    assert_int_equal(report.lines, 1);
    assert_int_equal(report.state, JOURNAL_VERIFIED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_large_values_go_aside),
        TEST(test_side_files_are_verified),
        TEST(test_a_value_cannot_pass_for_a_side_file),
        TEST(test_reopen_goes_on),
        TEST(test_reopen_drops_what_a_crash_left),
        TEST(test_reopen_refuses_what_was_altered),
        TEST(test_reopen_of_an_empty_journal),
        TEST(test_a_reader_may_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
