// aws_helper_test.c - a helper program's time limit, its end and its cancellation.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/helper.h"
#include "base/clock.h"

static struct loop *loop;

struct seen {
    bool over, finished;
    int status;
    char out[200], why[200];
};

static void on_end(void *ctx, const struct helper_end *end) {
    struct seen *s = ctx;
    s->over = true;
    s->finished = end->finished;
    s->status = end->status;
    snprintf(s->out, sizeof s->out, "%s", end->out);
    if (end->why != NULL) snprintf(s->why, sizeof s->why, "%.150s", end->why->message);
}

static struct seen run(const char *command, int64_t limit_ms) {
    struct seen s = {0};
    struct err e;
    char *argv[] = {"sh", "-c", (char *)command, NULL};
    if (helper_start(loop, argv, limit_ms, on_end, &s, &e) == NULL) fail_msg("%s", e.message);
    assert_false(s.over);  // never from inside the start
    assert_true(loop_until(loop, &s.over, false, &e));
    return s;
}

static void what_it_prints_is_there_at_its_end(void **state) {
    (void)state;
    struct seen s = run("echo one; sleep 0.1; echo two; exit 7", 5000);
    assert_true(s.finished);
    assert_string_equal(s.out, "one\ntwo\n");
    assert_int_equal(WEXITSTATUS(s.status), 7);
}

static void it_is_ended_at_its_limit_whatever_it_catches(void **state) {
    (void)state;
    int64_t start = clock_mono_ms();
    struct seen s = run("trap '' TERM INT; while :; do sleep 0.05; done", 300);
    assert_false(s.finished);
    assert_non_null(strstr(s.why, "too long"));
    assert_in_range(clock_mono_ms() - start, 250, 4000);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);  // no zombie is left
    assert_int_equal(errno, ECHILD);
}

static void its_signals_are_the_usual_ones(void **state) {
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    struct seen s = run("kill -PIPE $$; echo still here", 5000);
    signal(SIGPIPE, SIG_DFL);
    assert_true(WIFSIGNALED(s.status));
    assert_string_equal(s.out, "");
}

static void cancelled_it_is_gone(void **state) {
    (void)state;
    struct seen s = {0};
    struct err e;
    char *argv[] = {"sleep", "30", NULL};
    struct helper *h = helper_start(loop, argv, 60000, on_end, &s, &e);
    assert_non_null(h);
    helper_cancel(h);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_true(loop_for(loop, 50, &e));
    assert_false(s.over);
}

static void one_that_is_not_there_cannot_start(void **state) {
    (void)state;
    struct seen s = {0};
    struct err e;
    char *argv[] = {"/nonexistent/helper", NULL};
    // Where a tool stands between, a child that cannot begin shows only by its status.
    if (helper_start(loop, argv, 1000, on_end, &s, &e) != NULL) {
        assert_true(loop_until(loop, &s.over, false, &e));
        assert_int_equal(WEXITSTATUS(s.status), 127);
        return;
    }
    assert_non_null(strstr(e.message, "/nonexistent/helper"));
}

int main(void) {
    struct err e;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_prints_is_there_at_its_end),
        cmocka_unit_test(it_is_ended_at_its_limit_whatever_it_catches),
        cmocka_unit_test(its_signals_are_the_usual_ones),
        cmocka_unit_test(cancelled_it_is_gone),
        cmocka_unit_test(one_that_is_not_there_cannot_start),
    };
    loop = loop_new(&e);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    loop_free(loop);
    return failed;
}
