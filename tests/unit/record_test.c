// record_test.c - what a resumed run takes from its journal, and up to where.
#include "journal_fixture.h"

#include "run/record.h"

#define STEP(n, title) "{\"step\":" #n ",\"title\":\"" title "\"}"
#define YES(n) "{\"step\":" #n ",\"answer\":\"yes\"}"
#define CLOSED(n, ok) "{\"step\":" #n ",\"ok\":" #ok "}"
#define INTENT(key) "{\"key\":\"" key "\",\"service\":\"ec2\",\"operation\":\"create_tags\",\"params\":{}}"
#define DONE(key) "{\"key\":\"" key "\",\"ok\":true,\"result\":{}}"
#define DENIED(key) "{\"key\":\"" key "\",\"ok\":false,\"error\":{\"code\":\"x\",\"status\":403}}"

static struct model *model;

static struct record read_it(struct fixture *f) {
    struct record r;
    struct err e = {0};
    if (!record_read(f->dir, &r, &e)) fail_msg("%s", e.message);
    return r;
}

static void begin(struct fixture *f) {
    add(f, "run.start", "{\"playbook\":\"p\"}");
    add(f, "plan", "{\"steps\":[]}");
}

static int64_t cut_of(struct record *r, const struct plan *p) {
    struct err e;
    int64_t to;
    assert_true(record_cut(r, p, &to, &e));
    return to;
}

static size_t replayed(const struct record *r, enum event_kind kind) {
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++) n += r->events[i].kind == kind && !r->events[i].again;
    return n;
}

static void what_follows_the_last_change_is_done_again(void **state) {
    struct fixture *f = *state;
    struct plan p;
    assert_true(plan_init(&p));
    begin(f);
    add(f, "read", "{\"service\":\"ec2\",\"operation\":\"describe_vpcs\",\"branch\":\"\",\"params\":{}}");
    add(f, "step.open", STEP(1, "A"));
    add(f, "confirm", YES(1));
    add(f, "call.intent", INTENT("1:#1"));  // seq 5
    add(f, "call.outcome", DONE("1:#1"));
    add(f, "read", "{\"service\":\"ec2\",\"operation\":\"describe_vpcs\",\"branch\":\"\",\"params\":{}}");
    add(f, "wait", "{\"seconds\":2.0,\"until\":5}");
    struct record r = read_it(f);
    assert_int_equal(record_confirmed(&r), 1);
    assert_null(record_unknown(&r, &p));
    assert_int_equal(cut_of(&r, &p), 5);
    assert_int_equal(replayed(&r, EVENT_READ), 1);
    assert_int_equal(replayed(&r, EVENT_WAIT), 0);
    assert_int_equal(replayed(&r, EVENT_CALL), 1);
    record_free(&r);
    plan_free(&p);
}

static void an_intent_without_an_outcome_is_unknown(void **state) {
    struct fixture *f = *state;
    struct plan p;
    assert_true(plan_init(&p));
    begin(f);
    add(f, "step.open", STEP(1, "A"));
    add(f, "confirm", YES(1));
    add(f, "call.intent", INTENT("1:1.1#1"));
    add(f, "call.intent", INTENT("1:1.2#1"));
    add(f, "call.outcome", DONE("1:1.2#1"));
    add(f, "call.intent", INTENT("lease"));  // the host's own: no playbook asks for it
    struct record r = read_it(f);
    const struct event *v = record_unknown(&r, &p);
    assert_non_null(v);
    assert_string_equal(v->key, "1:1.1#1");
    record_free(&r);
    plan_free(&p);
}

static void what_failed_beside_a_change_is_done_again(void **state) {
    struct fixture *f = *state;
    struct plan p;
    assert_true(plan_init(&p));
    begin(f);
    add(f, "step.open", STEP(1, "A"));
    add(f, "confirm", YES(1));
    add(f, "call.intent", INTENT("1:1.1#1"));  // seq 4
    add(f, "call.intent", INTENT("1:1.2#1"));  // seq 5
    add(f, "call.outcome", DENIED("1:1.1#1"));
    add(f, "call.outcome", DONE("1:1.2#1"));
    add(f, "step.close", CLOSED(1, false));
    add(f, "run.end", "{\"state\":\"partial\",\"exit\":3}");
    struct record r = read_it(f);
    assert_int_equal(cut_of(&r, &p), 5);
    assert_int_equal(replayed(&r, EVENT_CALL), 1);
    assert_int_equal(replayed(&r, EVENT_STEP_END), 0);
    struct val *mark = record_mark(&r, 5);
    assert_int_equal(val_as_int(val_path(mark, "again", "0", NULL), 0), 4);
    val_unref(mark);
    record_free(&r);
    plan_free(&p);
}

// A failure that the playbook caught, and went on: the same error again.
static void a_failure_before_a_later_change_is_replayed(void **state) {
    struct fixture *f = *state;
    struct plan p;
    assert_true(plan_init(&p));
    begin(f);
    add(f, "step.open", STEP(1, "A"));
    add(f, "confirm", YES(1));
    add(f, "call.intent", INTENT("1:#1"));
    add(f, "call.outcome", DENIED("1:#1"));
    add(f, "call.intent", INTENT("1:#2"));
    add(f, "call.outcome", DONE("1:#2"));
    struct record r = read_it(f);
    cut_of(&r, &p);
    assert_int_equal(replayed(&r, EVENT_CALL), 2);
    record_free(&r);
    plan_free(&p);
}

static void a_step_whose_failure_did_not_stop_the_run_is_replayed(void **state) {
    struct fixture *f = *state;
    struct plan p;
    assert_true(plan_init(&p));
    begin(f);
    add(f, "step.open", STEP(1, "A"));
    add(f, "confirm", YES(1));
    add(f, "call.intent", INTENT("1:#1"));
    add(f, "call.outcome", DENIED("1:#1"));
    add(f, "step.close", CLOSED(1, false));  // seq 6
    add(f, "step.open", STEP(2, "B"));
    struct record r = read_it(f);
    assert_int_equal(cut_of(&r, &p), 6);
    assert_int_equal(replayed(&r, EVENT_STEP), 1);
    record_free(&r);
    plan_free(&p);
}

// The second resume goes by what the first one replayed and what it did.
static void a_mark_takes_out_what_was_done_again(void **state) {
    struct fixture *f = *state;
    struct plan p;
    assert_true(plan_init(&p));
    begin(f);
    add(f, "step.open", STEP(1, "A"));
    add(f, "confirm", YES(1));
    add(f, "call.intent", INTENT("1:1.1#1"));  // seq 4
    add(f, "call.intent", INTENT("1:1.2#1"));  // seq 5
    add(f, "call.outcome", DENIED("1:1.1#1"));
    add(f, "call.outcome", DONE("1:1.2#1"));
    add(f, "log", "{\"text\":\"bad\"}");
    add(f, "run.end", "{\"state\":\"partial\",\"exit\":3}");
    add(f, "log", "{\"text\":\"resumed by me\",\"resumed\":true}");
    add(f, "log", "{\"text\":\"replayed\",\"replayed_to\":5,\"again\":[4]}");
    add(f, "step.open", STEP(1, "A"));
    add(f, "confirm", YES(1));
    add(f, "call.intent", INTENT("1:1.1#1"));
    add(f, "call.outcome", DONE("1:1.1#1"));
    add(f, "step.close", CLOSED(1, true));
    struct record r = read_it(f);
    assert_null(r.end);
    assert_int_equal(cut_of(&r, &p), 16);
    assert_int_equal(replayed(&r, EVENT_STEP), 1);
    assert_int_equal(replayed(&r, EVENT_CALL), 2);
    assert_int_equal(replayed(&r, EVENT_LOG), 0);
    assert_int_equal(val_count(r.past), 0);
    record_free(&r);
    plan_free(&p);
}

// --- the window --------------------------------------------------------------

#define WINDOW_STEPS                                                                               \
    "[{\"title\":\"Cut\",\"settle\":2,\"calls\":["                                                 \
    "{\"key\":\"1:#1\",\"service\":\"ec2\",\"operation\":\"create_tags\",\"window\":\"open\","     \
    "\"params\":{\"Resources\":[\"i-1\"],\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}]}},"                                           \
    "{\"key\":\"1:#2\",\"service\":\"ec2\",\"operation\":\"create_tags\",\"window\":\"close\","    \
    "\"params\":{\"Resources\":[\"i-1\"],\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}]}}]}]"
#define AT(key, sent, answered)                                                                    \
    "{\"key\":\"" key "\",\"ok\":true,\"result\":{},\"sent\":\"2026-11-24T02:15:" sent "Z\","      \
    "\"answered\":\"2026-11-24T02:15:" answered "Z\"}"

static void window(struct fixture *f, const char *opened, const char *closed, const char *by) {
    begin(f);
    add(f, "step.open", STEP(1, "Cut"));
    add(f, "confirm", YES(1));
    add(f, "window.open", "{\"step\":1,\"closing\":[]}");
    add(f, "call.intent", INTENT("1:#1"));
    if (opened) add(f, "call.outcome", opened);
    add(f, "call.intent",
        "{\"key\":\"1:#2\",\"service\":\"ec2\",\"operation\":\"create_tags\",\"params\":{},"
        "\"closing\":true}");
    add(f, "call.outcome", closed);
    add(f, "window.closed", by);
}

static void check_window(struct fixture *f, bool redone, size_t calls) {
    struct plan p;
    struct err e;
    struct val *steps = parse(WINDOW_STEPS);
    assert_true(plan_init(&p));
    if (!plan_from_val(&p, model, steps, &e)) fail_msg("%s", e.message);
    struct record r = read_it(f);
    assert_null(record_unknown(&r, &p));
    cut_of(&r, &p);
    assert_int_equal(record_redoes_window(&r), redone);
    assert_int_equal(replayed(&r, EVENT_CALL), calls);
    assert_int_equal(val_count(r.past), redone ? 2 : 0);
    record_free(&r);
    plan_free(&p);
    val_unref(steps);
}

static void a_window_that_the_host_closed_too_early_is_done_again(void **state) {
    window(*state, AT("1:#1", "30.1", "30.2"), AT("1:#2", "31.0", "31.1"), "{\"by\":\"host\"}");
    check_window(*state, true, 0);
}

static void a_window_that_stood_long_enough_is_replayed(void **state) {
    window(*state, AT("1:#1", "30.1", "30.2"), AT("1:#2", "32.5", "32.6"), "{\"by\":\"close\"}");
    check_window(*state, false, 2);
}

static void a_window_that_the_playbook_closed_is_replayed(void **state) {
    window(*state, AT("1:#1", "30.1", "30.2"), AT("1:#2", "30.3", "30.4"), "{\"by\":\"playbook\"}");
    check_window(*state, false, 2);
}

static void an_opening_call_without_an_answer_means_once_more(void **state) {
    window(*state, NULL, AT("1:#2", "39.5", "39.6"), "{\"by\":\"close\"}");
    check_window(*state, true, 0);
}

static int open_model(void **state) {
    struct err e;
    (void)state;
    model = model_open(NULL, &e);
    return model ? 0 : -1;
}

static int free_model(void **state) {
    (void)state;
    model_free(model);
    return 0;
}


int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_follows_the_last_change_is_done_again),
        TEST(an_intent_without_an_outcome_is_unknown),
        TEST(what_failed_beside_a_change_is_done_again),
        TEST(a_failure_before_a_later_change_is_replayed),
        TEST(a_step_whose_failure_did_not_stop_the_run_is_replayed),
        TEST(a_mark_takes_out_what_was_done_again),
        TEST(a_window_that_the_host_closed_too_early_is_done_again),
        TEST(a_window_that_stood_long_enough_is_replayed),
        TEST(a_window_that_the_playbook_closed_is_replayed),
        TEST(an_opening_call_without_an_answer_means_once_more),
    };
    return cmocka_run_group_tests(tests, open_model, free_model);
}
