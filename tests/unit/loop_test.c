// loop_test.c - descriptors, timers, signals of the one loop.
#include "scratch.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/loop.h"

static struct loop *make(void) {
    struct err e;
    struct loop *l = loop_new(&e);
    assert_non_null(l);
    return l;
}

struct record {
    struct loop *loop;
    char text[64];
    bool done;
    struct loop_fd *watch, *other;
    struct loop_timer *timer;
    int fd;
};

static void note(struct record *r, const char *word) {
    assert_true(strlen(r->text) + strlen(word) < sizeof r->text);
    strcat(r->text, word);
}

static void run(struct record *r) {
    struct err e;
    assert_true(loop_until(r->loop, &r->done, false, &e));
}

// --- timers ------------------------------------------------------------------

static void say_a(void *ctx) {
    note(ctx, "a");
}

static void say_b(void *ctx) {
    note(ctx, "b");
}

static void finish(void *ctx) {
    struct record *r = ctx;
    note(r, ".");
    r->done = true;
}

static void test_timers_fire_in_order(void **state) {
    struct record r = {.loop = make()};
    (void)state;
    assert_non_null(loop_timer_add(r.loop, 40, finish, &r));
    assert_non_null(loop_timer_add(r.loop, 20, say_b, &r));
    assert_non_null(loop_timer_add(r.loop, 1, say_a, &r));
    struct loop_timer *never = loop_timer_add(r.loop, 10, say_a, &r);
    loop_timer_cancel(never);
    loop_timer_cancel(NULL);
    int64_t begin = clock_mono_ms();
    run(&r);
    assert_string_equal(r.text, "ab.");
    assert_in_range(clock_mono_ms() - begin, 35, 2000);
    loop_free(r.loop);
}

static void say_and_cancel(void *ctx) {
    struct record *r = ctx;
    note(r, "c");
    loop_timer_cancel(r->timer);
    loop_timer_add(r->loop, 5, finish, r);
}

static void test_a_timer_may_change_timers(void **state) {
    struct record r = {.loop = make()};
    (void)state;
    loop_timer_add(r.loop, 1, say_and_cancel, &r);
    r.timer = loop_timer_add(r.loop, 1, say_a, &r);
    run(&r);
    assert_string_equal(r.text, "c.");
    loop_free(r.loop);
}

// --- descriptors -------------------------------------------------------------

static void read_one(void *ctx, short revents) {
    struct record *r = ctx;
    char c[2] = "";
    if (revents & POLLIN && read(r->fd, c, 1) == 1) {
        note(r, c);
        return;
    }
    note(r, "|");
    loop_fd_remove(r->watch);
    r->done = true;
}

static void test_a_watch(void **state) {
    int ends[2];
    struct record r = {.loop = make()};
    (void)state;
    assert_int_equal(pipe(ends), 0);
    r.fd = ends[0];
    r.watch = loop_fd_add(r.loop, ends[0], POLLIN, read_one, &r);
    assert_int_equal(write(ends[1], "xyz", 3), 3);
    close(ends[1]);
    run(&r);
    assert_string_equal(r.text, "xyz|");
    close(ends[0]);
    loop_fd_remove(NULL);
    loop_free(r.loop);
}

static void resume(void *ctx) {
    struct record *r = ctx;
    note(r, "-");
    loop_fd_events(r->watch, POLLIN);
}

static void test_a_paused_watch_is_quiet(void **state) {
    int ends[2];
    struct record r = {.loop = make()};
    (void)state;
    assert_int_equal(pipe(ends), 0);
    r.fd = ends[0];
    r.watch = loop_fd_add(r.loop, ends[0], 0, read_one, &r);
    assert_int_equal(write(ends[1], "x", 1), 1);
    close(ends[1]);
    loop_timer_add(r.loop, 30, resume, &r);
    run(&r);
    assert_string_equal(r.text, "-x|");
    close(ends[0]);
    loop_free(r.loop);
}

static void remove_both(void *ctx, short revents) {
    struct record *r = ctx;
    (void)revents;
    note(r, "1");
    loop_fd_remove(r->watch);
    loop_fd_remove(r->other);
}

static void test_a_callback_may_remove_watches(void **state) {
    int ends[2];
    struct record r = {.loop = make()};
    (void)state;
    assert_int_equal(pipe(ends), 0);
    r.watch = loop_fd_add(r.loop, ends[0], POLLIN, remove_both, &r);
    r.other = loop_fd_add(r.loop, ends[0], POLLIN, remove_both, &r);
    assert_int_equal(write(ends[1], "x", 1), 1);
    loop_timer_add(r.loop, 30, finish, &r);
    run(&r);
    assert_string_equal(r.text, "1.");
    close(ends[0]);
    close(ends[1]);
    loop_free(r.loop);
}

static void enter_again(void *ctx) {
    struct record *r = ctx;
    struct record inner = {.loop = r->loop};
    loop_timer_add(r->loop, 10, finish, &inner);
    note(r, "(");
    run(&inner);
    note(r, inner.text);
    note(r, ")");
}

static void test_the_loop_may_be_entered_again(void **state) {
    struct record r = {.loop = make()};
    (void)state;
    loop_timer_add(r.loop, 1, enter_again, &r);
    loop_timer_add(r.loop, 40, finish, &r);
    run(&r);
    assert_string_equal(r.text, "(.).");
    loop_free(r.loop);
}

static int prepare(void *ctx) {
    struct record *r = ctx;
    note(r, "p");
    r->done = strlen(r->text) == 3;
    return 5;
}

static void test_prepare_limits_the_sleep(void **state) {
    struct record r = {.loop = make()};
    (void)state;
    assert_true(loop_prepare_add(r.loop, prepare, &r));
    int64_t begin = clock_mono_ms();
    run(&r);
    assert_string_equal(r.text, "ppp");
    assert_in_range(clock_mono_ms() - begin, 8, 2000);
    loop_free(r.loop);
}

// --- signals -----------------------------------------------------------------

// In a process of its own: handlers stay.
static int signals(int number, bool ignored_before) {
    struct err e;
    struct loop *l = loop_new(&e);
    bool done = false;
    signal(number, ignored_before ? SIG_IGN : SIG_DFL);  // however this test was started
    if (!loop_catch_signals(l, &e) || loop_signal(l) != 0) return 1;
    raise(number);
    if (ignored_before) {
        bool quiet = loop_signal(l) == 0;
        loop_free(l);
        return quiet ? 0 : 2;
    }
    if (!loop_until(l, &done, true, &e)) return 3;
    int expected = number == SIGHUP ? SIGTERM : number;
    if (loop_signal(l) != expected || loop_signal_count(l) != 1) return 4;
    raise(SIGINT);
    if (loop_signal(l) != expected || loop_signal_count(l) != 2) return 5;
    loop_signal_clear(l);
    if (loop_signal(l) != 0) return 6;
    raise(SIGPIPE);
    raise(SIGXFSZ);
    loop_free(l);
    raise(SIGINT);  // nobody listens any more; nothing breaks
    return 0;
}

static void signal_case(int number, bool ignored_before) {
    int status;
    pid_t child = fork();
    if (child == 0) _exit(signals(number, ignored_before));
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_signals_are_recorded(void **state) {
    (void)state;
    signal_case(SIGINT, false);
    signal_case(SIGTERM, false);
    signal_case(SIGHUP, false);
    signal_case(SIGHUP, true);  // under nohup
}

static size_t open_descriptors(void) {
    size_t n = 0;
    for (int fd = 0; fd < 256; fd++) n += fcntl(fd, F_GETFD) != -1;
    return n;
}

static int leak_check(void) {
    struct err e;
    size_t before = open_descriptors();
    for (int i = 0; i < 3; i++) {
        struct loop *l = loop_new(&e);
        if (!loop_catch_signals(l, &e)) return 1;
        loop_free(l);
    }
    return open_descriptors() == before ? 0 : 2;
}

static void test_a_freed_loop_keeps_nothing(void **state) {
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) _exit(leak_check());
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_fire_in_order),
        cmocka_unit_test(test_a_timer_may_change_timers),
        cmocka_unit_test(test_a_watch),
        cmocka_unit_test(test_a_paused_watch_is_quiet),
        cmocka_unit_test(test_a_callback_may_remove_watches),
        cmocka_unit_test(test_the_loop_may_be_entered_again),
        cmocka_unit_test(test_prepare_limits_the_sleep),
        cmocka_unit_test(test_signals_are_recorded),
        cmocka_unit_test(test_a_freed_loop_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
