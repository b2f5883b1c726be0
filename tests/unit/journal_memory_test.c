// journal_memory_test.c - what a journal does when memory runs out, at every allocation: what
// is on the disk verifies, and what was not written is told.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include "failing.h"
#include "scratch.h"

#include "base/json.h"
#include "journal/journal.h"
#include "journal/runs.h"

static struct scratch scratch;
static char run[72], file[100];
static char *large;

static int set_up(void **state) {
    (void)state;
    scratch_make(&scratch);
    snprintf(run, sizeof run, "%s/run", scratch.dir);
    snprintf(file, sizeof file, "%s/" JOURNAL_FILE, run);
    large = malloc(JOURNAL_SIDE_BYTES + 100);
    memset(large, 'x', JOURNAL_SIDE_BYTES + 99);
    large[JOURNAL_SIDE_BYTES + 99] = '\0';
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(large);
    scratch_remove(&scratch);
    return 0;
}

static void forget(void) {
    nftw(run, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct val *members(struct err *e) {
    static const char text[] = "{\"key\":\"#1\",\"params\":{\"a\":[1,2,{}]},\"text\":\"é\"}";
    return json_parse(text, sizeof text - 1, "members", e);
}

static bool append(struct journal *j, const char *kind, struct err *e) {
    struct val *v = members(e);
    return v && journal_append(j, kind, v, e);
}

static bool append_large(struct journal *j, struct err *e) {
    struct val *v = val_map(), *value = val_cstr(large);
    if (v && value) return journal_append_large(j, "read", v, "result", value, e);
    val_unref(v);
    val_unref(value);
    return err_memory(e);
}

// Whatever was said while memory ended, the file is a journal.
static void verifies(long lines) {
    struct journal_report report;
    struct err e;
    long left = allocations_left;
    allocations_left = -1;
    if (scratch_exists(file)) {
        assert_true(journal_verify(file, &report, NULL, NULL, &e));
        assert_int_not_equal(report.state, JOURNAL_TAMPERED);
        assert_true(report.lines >= lines);
    }
    allocations_left = left;
}

static bool writes(struct err *e) {
    forget();
    long lines = 0;
    struct journal *j = journal_create(run, "20261124T021530Z-test-0001", e);
    bool ok = j != NULL;
    for (int i = 0; ok && i < 3; i++, lines += ok) ok = append(j, "call.intent", e);
    ok = ok && append_large(j, e);
    lines += ok;
    ok = ok && journal_sync(j, e);
    // A failure is for ever: a hole must not be hidden by what comes after it.
    if (j && journal_lost(j)) assert_false(append(j, "log", &(struct err){0}));
    journal_free(j);
    verifies(lines);
    return ok;
}

static bool reopens(struct err *e) {
    long left = allocations_left;
    allocations_left = -1;
    assert_true(writes(e));  // afresh: what an earlier attempt added would have to be read too
    allocations_left = left;
    struct journal *j = journal_reopen(run, e);
    bool ok = j && append(j, "log", e) && journal_sync(j, e);
    journal_free(j);
    verifies(4);
    return ok;
}

static bool summarises(struct err *e) {
    struct run_summary s;
    if (!runs_summary(run, true, &s, e)) return false;
    assert_int_equal(s.intended, 3);
    run_summary_clear(&s);
    return true;
}

static bool keep_last(void *ctx, const struct val *line) {
    struct val **last = ctx;
    val_unref(*last);
    *last = val_ref(line);
    return strcmp(val_get_str(line, "kind", ""), "read") != 0;
}

static bool reads_large(struct err *e) {
    struct journal_report report;
    struct val *line = NULL, *value = NULL;
    bool ok = journal_verify(file, &report, keep_last, &line, e) &&
              (value = journal_large_value(run, line, "result", e));
    if (ok) assert_string_equal(val_as_str(value, ""), large);
    val_unref(line);
    val_unref(value);
    return ok;
}

static void test_writing(void **state) {
    (void)state;
    at_every_allocation(writes);
}

static void test_reading(void **state) {
    struct err e;
    (void)state;
    assert_true(writes(&e));
    at_every_allocation(summarises);
    at_every_allocation(reads_large);
    at_every_allocation(reopens);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
