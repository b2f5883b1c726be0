// runs_test.c - finding runs, and what their journals say.
#include "scratch.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/json.h"
#include "cli/verbs_journal.h"
#include "journal/runs.h"

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
static struct journal *write_run(struct fixture *f, const char *id, const char *const *lines) {
    struct err e = {0};
    struct journal *j = journal_create(run_dir(f, id), id, &e);
    if (j == NULL) fail_msg("%s", e.message);
    for (; *lines != NULL; lines++) {
        char kind[40];
        const char *json = strchr(*lines, ' ') + 1;
        snprintf(kind, sizeof kind, "%.*s", (int)(json - 1 - *lines), *lines);
        struct val *members = json_parse(json, strlen(json), "test", &e);
        if (!journal_append(j, kind, members, &e)) fail_msg("%s", e.message);
    }
    return j;
}

static struct run_summary summary(struct fixture *f, const char *id) {
    struct run_summary s;
    struct err e = {0};
    if (!runs_summary(run_dir(f, id), true, &s, &e)) fail_msg("%s", e.message);
    return s;
}

#define START                                                                                      \
    "run.start {\"playbook\":\"isolate-sg\",\"args\":{\"instance\":\"web\"},\"account\":"          \
    "\"111122223333\",\"region\":\"eu-west-1\",\"backend\":\"aws\",\"ticket\":\"IR-42\"}"
#define INTENT(key)                                                                                \
    "call.intent {\"key\":\"" key "\",\"service\":\"ec2\",\"operation\":\"create_tags\","          \
    "\"params\":{\"Resources\":[\"i-1\"]}}"
#define OK(key) "call.outcome {\"key\":\"" key "\",\"ok\":true}"
#define FAILED(key) "call.outcome {\"key\":\"" key "\",\"ok\":false,\"error\":{}}"
#define WINDOW                                                                                     \
    "window.open {\"step\":2,\"settle\":5,\"closing\":[{\"key\":\"#3\",\"service\":\"ec2\","       \
    "\"operation\":\"modify_network_interface_attribute\",\"params\":{\"NetworkInterfaceId\":"     \
    "\"eni-1\",\"Groups\":[\"sg-2\"]}},{\"key\":\"#4\",\"service\":\"ec2\",\"operation\":"         \
    "\"revoke_security_group_ingress\",\"params\":{\"GroupId\":\"sg-1\"}}]}"

#define RUN_A "20261124T021530Z-isolate-sg-7f3a"
#define RUN_B "20261124T021531Z-isolate-sg-7f3b"

// --- ids and finding ---------------------------------------------------------

static void test_new_ids_sort_and_differ(void **state) {
    struct fixture *f = *state;
    char first[RUN_ID_SIZE], second[RUN_ID_SIZE];
    struct buf dir = BUF_EMPTY;
    struct err e = {0};
    assert_true(runs_new("Isolate SG/../x.lua", first, &dir, &e));
    assert_non_null(strstr(first, "Z-isolate-sg-x-lua-"));
    assert_int_equal(strlen(first), strlen("20261124T021530Z-isolate-sg-x-lua-7f3a"));
    assert_true(scratch_exists(buf_str(&dir)));
    assert_string_equal(buf_str(&dir), run_dir(f, first));
    buf_clear(&dir);
    assert_true(runs_new("", second, &dir, &e));
    assert_non_null(strstr(second, "Z-run-"));
    struct journal *j = journal_create(buf_str(&dir), second, &e);
    assert_non_null(j);
    journal_free(j);
    buf_free(&dir);
}

static bool finds(const char *name, const char *expected, struct err *e) {
    struct buf dir = BUF_EMPTY;
    bool ok = runs_find(name, &dir, e);
    if (ok) assert_string_equal(strrchr(buf_str(&dir), '/') + 1, expected);
    buf_free(&dir);
    return ok;
}

static void test_finding(void **state) {
    struct fixture *f = *state;
    static const char *const none[] = {NULL};
    struct err e = {0};
    assert_false(finds("last", NULL, &e));
    assert_non_null(strstr(e.message, "no run yet"));
    journal_free(write_run(f, RUN_A, none));
    journal_free(write_run(f, RUN_B, none));
    journal_free(write_run(f, RUN_A "0", none));
    assert_true(finds("last", RUN_B, &e));
    assert_true(finds(RUN_A, RUN_A, &e));
    assert_true(finds("20261124T021531", RUN_B, &e));
    assert_false(finds("2026", NULL, &e));
    assert_non_null(strstr(e.message, RUN_A));
    assert_non_null(strstr(e.message, RUN_B));
    static const char *const wrong[] = {"2027", "", "..", "a/b", "../runs/" RUN_A, "\x1b[2J"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(finds(wrong[i], NULL, &e));
        assert_string_equal(e.code, ERR_USAGE);
    }
}

// --- summaries ---------------------------------------------------------------

static void test_a_run_that_is_done(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {
        START,        INTENT("#1"), OK("#1"),
        INTENT("#2"), FAILED("#2"), "run.end {\"exit\":0,\"state\":\"done\",\"note\":\"\"}",
        NULL};
    journal_free(write_run(f, RUN_A, lines));
    struct run_summary s = summary(f, RUN_A);
    assert_int_equal(s.state, RUN_DONE);
    assert_int_equal(s.exit_code, 0);
    assert_string_equal(run_text(&s, "playbook"), "isolate-sg");
    assert_string_equal(run_text(&s, "nothing"), "");
    assert_int_equal(s.intended, 2);
    assert_int_equal(s.made, 1);
    assert_int_equal(s.failed, 1);
    assert_int_equal(s.unknown, 0);
    assert_false(s.window_open);
    assert_int_equal(s.report.lines, 6);
    assert_true(s.started_us > 0 && s.last_us >= s.started_us);
    run_summary_clear(&s);
}

static void test_running_and_crashed(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {
        START, INTENT("#1"), INTENT("#2"),
        "call.outcome {\"key\":\"#2\",\"ok\":false,\"unknown\":true}", NULL};
    struct journal *j = write_run(f, RUN_A, lines);
    struct run_summary s = summary(f, RUN_A);
    assert_int_equal(s.state, RUN_RUNNING);
    if (access("/proc/locks", R_OK) == 0) assert_int_equal(s.pid, getpid());
    run_summary_clear(&s);
    journal_free(j);
    s = summary(f, RUN_A);
    assert_int_equal(s.state, RUN_CRASHED);
    assert_int_equal(s.pid, 0);
    assert_int_equal(s.unknown, 2);
    assert_string_equal(val_get_str(val_at(s.unfinished, 1), "operation", ""), "create_tags");
    run_summary_clear(&s);
}

static void test_a_window_and_what_is_due(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {START,        OK("#3"),     WINDOW,   INTENT("#3"),
                                        INTENT("#4"), FAILED("#3"), OK("#4"), NULL};
    journal_free(write_run(f, RUN_A, lines));
    struct run_summary s = summary(f, RUN_A);
    assert_true(s.window_open);
    assert_false(s.closing_unread);
    // #3 was answered well before the window, badly inside it: it is due.
    assert_int_equal(val_count(s.closing), 1);
    assert_string_equal(val_get_str(val_at(s.closing, 0), "key", ""), "#3");
    const struct val *due = val_at(s.closing, 0);
    assert_string_equal(val_as_str(val_path(due, "params", "Groups", "0", NULL), ""), "sg-2");
    run_summary_clear(&s);

    static const char *const closed[] = {START,
                                         WINDOW,
                                         OK("#3"),
                                         OK("#4"),
                                         "window.closed {\"step\":2,\"by\":\"host\"}",
                                         "run.end {\"exit\":3,\"state\":\"partial\"}",
                                         NULL};
    journal_free(write_run(f, RUN_B, closed));
    s = summary(f, RUN_B);
    assert_false(s.window_open);
    assert_int_equal(s.state, RUN_PARTIAL);
    run_summary_clear(&s);
}

// An opening call may take effect after a closing one was answered.
static void test_an_opening_call_makes_all_due_again(void **state) {
    struct fixture *f = *state;
    static const char *const late[] = {START,    WINDOW,   INTENT("#2"), INTENT("#3"), INTENT("#4"),
                                       OK("#3"), OK("#4"), OK("#2"),     NULL};
    static const char *const unanswered[] = {START,        WINDOW,   INTENT("#2"), INTENT("#3"),
                                             INTENT("#4"), OK("#3"), OK("#4"),     NULL};
    journal_free(write_run(f, RUN_A, late));
    journal_free(write_run(f, RUN_B, unanswered));
    struct run_summary a = summary(f, RUN_A), b = summary(f, RUN_B);
    assert_int_equal(val_count(a.closing), 2);
    assert_int_equal(val_count(b.closing), 2);
    run_summary_clear(&a);
    run_summary_clear(&b);
}

static void test_a_run_that_others_can_write(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {START, WINDOW, NULL};
    struct err e = {0};
    char file[400];
    journal_free(write_run(f, RUN_A, lines));
    const char *dir = run_dir(f, RUN_A);
    snprintf(file, sizeof file, "%s/" JOURNAL_FILE, dir);
    assert_true(runs_is_own(dir, &e));
    assert_int_equal(chmod(file, 0666), 0);
    assert_false(runs_is_own(dir, &e));
    assert_non_null(strstr(e.message, "chmod go-w"));
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(chmod(dir, 0770), 0);
    assert_false(runs_is_own(dir, &e));
}

static void test_answered_but_not_recorded_as_closed(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {START, WINDOW, OK("#3"), OK("#4"), NULL};
    journal_free(write_run(f, RUN_A, lines));
    struct run_summary s = summary(f, RUN_A);
    assert_true(s.window_open);
    assert_int_equal(val_count(s.closing), 0);
    assert_false(s.closing_unread);
    run_summary_clear(&s);
}

static void test_odd_members(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {
        "run.start {\"playbook\":7,\"args\":[],\"region\":{}}",
        "call.intent {}",
        "call.outcome {\"key\":[],\"ok\":\"yes\"}",
        "call.outcome {\"key\":\"#77\",\"ok\":true}",
        "window.open {\"closing\":[7,{\"key\":1},{\"key\":\"#9\",\"service\":\"ec2\"}]}",
        "window.open {\"closing\":\"all\"}",
        "window.open {}",
        "unheard.of {\"x\":1}",
        "run.end {\"exit\":\"none\",\"state\":5}",
        NULL};
    journal_free(write_run(f, RUN_A, lines));
    struct run_summary s = summary(f, RUN_A);
    assert_int_equal(s.state, RUN_FAILED);
    assert_int_equal(s.exit_code, -1);
    assert_string_equal(run_text(&s, "playbook"), "");
    assert_true(s.window_open);
    assert_true(s.closing_unread);
    assert_int_equal(val_count(s.closing), 0);
    run_summary_clear(&s);
}

static void test_closing_calls_in_a_side_file(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {START, NULL};
    struct err e = {0};
    struct val *closing = val_list();
    for (int i = 0; i < 1000; i++) {
        struct val *call = val_map();
        assert_true(val_set(call, "key", val_printf("#%d", i)) &&
                    val_set(call, "service", val_cstr("ec2")) &&
                    val_set(call, "operation", val_cstr("modify_network_interface_attribute")) &&
                    val_append(closing, call));
    }
    struct journal *j = write_run(f, RUN_A, lines);
    assert_true(journal_append_large(j, "window.open", NULL, "closing", closing, &e));
    journal_free(j);
    struct run_summary s = summary(f, RUN_A);
    assert_int_equal(val_count(s.closing), 1000);
    run_summary_clear(&s);
    assert_int_equal(unlink(run_dir(f, RUN_A "/side-1.json")), 0);
    assert_true(runs_summary(run_dir(f, RUN_A), false, &s, &e));
    assert_true(s.window_open && s.closing_unread);
    run_summary_clear(&s);
}

static void damage(const char *file) {
    size_t len;
    char *text = scratch_read(file, &len);
    text[len - 100] ^= 1;
    scratch_write(file, text, len);
    free(text);
}

static void test_a_damaged_journal_still_tells_of_its_window(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {START, WINDOW, INTENT("#3"), NULL};
    journal_free(write_run(f, RUN_A, lines));
    damage(run_dir(f, RUN_A "/journal.jsonl"));
    struct run_summary s = summary(f, RUN_A);
    assert_int_equal(s.state, RUN_DAMAGED);
    assert_true(s.window_open);
    assert_int_equal(val_count(s.closing), 2);
    assert_non_null(strstr(s.why, "line 3"));
    run_summary_clear(&s);
}

// --- the verbs ---------------------------------------------------------------

typedef int verb_fn(int argc, char **argv, bool json);

// Runs the verb in a process of its own; its stdout goes to `out`, its exit code is the result.
static int verb(struct fixture *f, verb_fn *fn, const char *const *words, bool json, char **out) {
    char *argv[4] = {NULL};
    int argc = 0, status;
    for (; words[argc] != NULL; argc++) argv[argc] = strdup(words[argc]);
    char *file = strdup(scratch_path(&f->scratch, "stdout"));
    pid_t child = fork();
    if (child == 0) {
        int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int null = open("/dev/null", O_WRONLY);
        dup2(fd, 1);
        dup2(null, 2);
        _exit(fn(argc, argv, json));
    }
    waitpid(child, &status, 0);
    size_t len;
    *out = scratch_read(file, &len);
    free(file);
    while (argc > 0) free(argv[--argc]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *const runs_words[] = {"runs", NULL};

static void test_runs_lists(void **state) {
    struct fixture *f = *state;
    static const char *const done[] = {START, INTENT("#1"), OK("#1"),
                                       "run.end {\"exit\":0,\"state\":\"done\"}", NULL};
    static const char *const hostile[] = {
        "run.start {\"playbook\":\"x\",\"account\":\"\\u001b[2J\\n\\u202eevil\"}", NULL};
    char *out;
    assert_int_equal(verb(f, verb_runs, runs_words, false, &out), 0);
    assert_string_equal(out, "");
    free(out);
    journal_free(write_run(f, RUN_A, done));
    journal_free(write_run(f, RUN_B, hostile));
    assert_int_equal(verb(f, verb_runs, runs_words, false, &out), 0);
    assert_null(strchr(out, '\x1b'));
    char *newest = strstr(out, RUN_B), *oldest = strstr(out, RUN_A);
    assert_true(newest != NULL && oldest > newest);
    assert_non_null(strstr(oldest, "contained"));
    assert_non_null(strstr(oldest, "1/1"));
    assert_non_null(strstr(oldest, "111122223333 / eu-west-1"));
    assert_non_null(strstr(oldest, "IR-42"));
    assert_null(strstr(out, "WINDOW OPEN"));
    free(out);
}

static void test_runs_shouts_about_a_window(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {START, WINDOW, INTENT("#3"), NULL};
    char *out;
    journal_free(write_run(f, RUN_A, lines));
    assert_int_equal(verb(f, verb_runs, runs_words, false, &out), 9);
    assert_non_null(strstr(out, "WINDOW OPEN"));
    assert_non_null(strstr(out, "cordon close " RUN_A));
    assert_non_null(strstr(out, "eni-1"));
    free(out);
    assert_int_equal(verb(f, verb_runs, runs_words, true, &out), 9);
    struct err e;
    struct val *v = json_parse(out, strlen(out), "output", &e);
    assert_int_equal(val_as_int(val_get(v, "format_version"), 0), 1);
    assert_string_equal(val_get_str(v, "event", ""), "run");
    assert_string_equal(val_get_str(v, "run", ""), RUN_A);
    assert_string_equal(val_get_str(v, "state", ""), "crashed");
    assert_true(val_as_bool(val_get(v, "window_open"), false));
    assert_int_equal(val_count(val_get(v, "closing_due")), 2);
    val_unref(v);
    free(out);
}

static void test_a_running_window_is_no_alarm(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {START, WINDOW, NULL};
    char *out;
    struct journal *j = write_run(f, RUN_A, lines);
    assert_int_equal(verb(f, verb_runs, runs_words, false, &out), 0);
    assert_non_null(strstr(out, "WINDOW OPEN"));
    assert_null(strstr(out, "cordon close"));
    journal_free(j);
    free(out);
}

static void test_runs_tells_of_damage(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {START, OK("#1"), NULL};
    char *out;
    journal_free(write_run(f, RUN_A, lines));
    damage(run_dir(f, RUN_A "/journal.jsonl"));
    mkdir(run_dir(f, "20261124T021599Z-x-0000"), 0700);
    assert_int_equal(verb(f, verb_runs, runs_words, false, &out), 8);
    assert_non_null(strstr(out, "does not verify: line 2"));
    free(out);
    static const char *const too_many[] = {"runs", "x", NULL};
    assert_int_equal(verb(f, verb_runs, too_many, false, &out), 2);
    free(out);
}

static void test_log_verify(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = {START, OK("#1"), NULL};
    static const char *const by_run[] = {"log", "verify", "last", NULL};
    static const char *const none[] = {"log", "verify", "2027", NULL};
    static const char *const usage[] = {"log", "show", NULL};
    char *out, head[65];
    struct journal *j = write_run(f, RUN_A, lines);
    snprintf(head, sizeof head, "%s", journal_head(j));
    journal_free(j);
    char *file = strdup(run_dir(f, RUN_A "/journal.jsonl"));
    const char *const by_file[] = {"log", "verify", file, NULL};
    assert_int_equal(verb(f, verb_log, by_run, false, &out), 0);
    assert_non_null(strstr(out, head));
    free(out);
    assert_int_equal(verb(f, verb_log, by_file, true, &out), 0);
    assert_non_null(strstr(out, head));
    assert_non_null(strstr(out, "\"state\":\"verified\""));
    free(out);
    damage(file);
    assert_int_equal(verb(f, verb_log, by_file, false, &out), 8);
    assert_non_null(strstr(out, "TAMPERED"));
    assert_non_null(strstr(out, "line 2"));
    free(out);
    assert_int_equal(verb(f, verb_log, none, false, &out), 2);
    free(out);
    assert_int_equal(verb(f, verb_log, usage, false, &out), 2);
    free(out);
    free(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_new_ids_sort_and_differ),
        TEST(test_finding),
        TEST(test_a_run_that_is_done),
        TEST(test_running_and_crashed),
        TEST(test_a_window_and_what_is_due),
        TEST(test_an_opening_call_makes_all_due_again),
        TEST(test_a_run_that_others_can_write),
        TEST(test_answered_but_not_recorded_as_closed),
        TEST(test_odd_members),
        TEST(test_closing_calls_in_a_side_file),
        TEST(test_a_damaged_journal_still_tells_of_its_window),
        TEST(test_runs_lists),
        TEST(test_runs_shouts_about_a_window),
        TEST(test_a_running_window_is_no_alarm),
        TEST(test_runs_tells_of_damage),
        TEST(test_log_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
