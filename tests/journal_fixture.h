// journal_fixture.h - a journal in a folder of its own.
//
// Owns: what the tests of journals share.
#ifndef CORDON_TESTS_JOURNAL_FIXTURE_H
#define CORDON_TESTS_JOURNAL_FIXTURE_H

#include "scratch.h"

#include "base/json.h"
#include "journal/journal.h"

#define FIXTURE_RUN "20261124T021530Z-test-0001"

struct fixture {
    struct scratch scratch;
    struct journal *journal;
    char *dir, *file;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct err e;
    scratch_make(&f->scratch);
    f->dir = strdup(scratch_path(&f->scratch, "run"));
    f->file = strdup(scratch_path(&f->scratch, "run/journal.jsonl"));
    f->journal = journal_create(f->dir, FIXTURE_RUN, &e);
    assert_non_null(f->journal);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    journal_free(f->journal);
    scratch_remove(&f->scratch);
    free(f->dir);
    free(f->file);
    free(f);
    return 0;
}

static inline struct val *parse(const char *text) {
    struct err e;
    struct val *v = json_parse(text, strlen(text), "test", &e);
    if (v == NULL) fail_msg("%s", e.message);
    return v;
}

static inline void add(struct fixture *f, const char *kind, const char *members) {
    struct err e = {0};
    if (!journal_append(f->journal, kind, parse(members), &e)) fail_msg("%s", e.message);
}

// Three lines, of which one holds what a careless reader would take for the end of another.
static inline void add_some(struct fixture *f) {
    add(f, "run.start", "{\"playbook\":\"isolate-sg\",\"args\":{\"instance\":\"i-1\"}}");
    add(f, "log",
        "{\"text\":\"a \\\"quoted\\\" one, \\u00e9\",\"value\":{\"hash\":\"x\",\"n\":1.5}}");
    add(f, "call.intent", "{\"key\":\"#1\",\"params\":{\"a\":[1,2,{}]}}");
}

static inline enum journal_state state_of(const char *file, struct journal_report *report) {
    struct err e = {0};
    if (!journal_verify(file, report, NULL, NULL, &e)) fail_msg("%s", e.message);
    return report->state;
}

static inline bool keep_last(void *ctx, const struct val *line) {
    struct val **last = ctx;
    val_unref(*last);
    *last = val_ref(line);
    return true;
}

// The last line of a journal that verifies.
static inline struct val *last_line(const char *file) {
    struct journal_report report;
    struct err e = {0};
    struct val *last = NULL;
    assert_true(journal_verify(file, &report, keep_last, &last, &e));
    if (report.state != JOURNAL_VERIFIED) fail_msg("%s", report.why);
    return last;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
