// simulated_time_test.c - what the host process of a drill has instead of the machine's clock and
// randomness, and the transcript of what it says. One process: the order of the tests matters.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/loop.h"
#include "prompt/console.h"

#define START INT64_C(1795485600000000)

static void set(void *ctx) {
    *(bool *)ctx = true;
}

static void the_clock_shows_what_it_is_told(void **state) {
    (void)state;
    assert_false(clock_is_simulated());
    clock_simulate(START);
    assert_true(clock_is_simulated());
    assert_int_equal(clock_now_us(), START);
    assert_int_equal(clock_mono_ms(), START / 1000);
    clock_simulate(START - 5);
    assert_int_equal(clock_now_us(), START);
    assert_true(clock_real_ms() < START / 1000);
}

static void a_timer_moves_time_on_at_once(void **state) {
    (void)state;
    struct err e;
    struct loop *l = loop_new(&e);
    int64_t real = clock_real_ms(), now = clock_mono_ms();
    assert_true(loop_for(l, 3600000, &e));
    assert_int_equal(clock_mono_ms(), now + 3600000);
    assert_true(clock_real_ms() - real < 5000);
    loop_free(l);
}

static void timers_fire_in_their_order(void **state) {
    (void)state;
    struct err e;
    struct loop *l = loop_new(&e);
    bool late = false, early = false;
    int64_t now = clock_mono_ms();
    loop_timer_add(l, 500, set, &late);
    loop_timer_add(l, 20, set, &early);
    assert_true(loop_until(l, &early, false, &e));
    assert_false(late);
    assert_int_equal(clock_mono_ms(), now + 20);
    assert_true(loop_until(l, &late, false, &e));
    assert_int_equal(clock_mono_ms(), now + 500);
    loop_free(l);
}

static void time_stands_still_while_a_watchdog_runs(void **state) {
    (void)state;
    struct err e;
    struct loop *l = loop_new(&e);
    bool barked = false, simulated = false;
    int64_t now = clock_mono_ms(), real = clock_real_ms();
    struct loop_timer *timer = loop_timer_add(l, 1000, set, &simulated);
    loop_watchdog_add(l, 60, set, &barked);
    assert_true(loop_until(l, &barked, false, &e));
    assert_true(clock_real_ms() - real >= 60);
    assert_false(simulated);
    assert_int_equal(clock_mono_ms(), now);
    assert_true(loop_until(l, &simulated, false, &e));
    assert_int_equal(clock_mono_ms(), now + 1000);
    (void)timer;
    loop_free(l);
}

static void what_is_due_now_waits_for_no_watchdog(void **state) {
    (void)state;
    struct err e;
    struct loop *l = loop_new(&e);
    bool due = false, barked = false;
    loop_watchdog_add(l, 60000, set, &barked);
    loop_timer_add(l, 0, set, &due);
    assert_true(loop_until(l, &due, false, &e));
    assert_false(barked);
    loop_free(l);
}

struct reading {
    int fd;
    bool done;
    int64_t at;
};

static void on_byte(void *ctx, short revents) {
    struct reading *r = ctx;
    char byte;
    (void)revents;
    assert_int_equal(read(r->fd, &byte, 1), 1);
    r->at = clock_mono_ms();
    r->done = true;
}

static void what_can_be_read_comes_before_time_moves(void **state) {
    (void)state;
    struct err e;
    struct loop *l = loop_new(&e);
    int ends[2];
    bool late = false;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "!", 1), 1);
    struct reading r = {.fd = ends[0]};
    int64_t now = clock_mono_ms();
    loop_fd_add(l, ends[0], POLLIN, on_byte, &r);
    loop_timer_add(l, 10, set, &late);
    assert_true(loop_until(l, &r.done, false, &e));
    assert_int_equal(r.at, now);
    loop_free(l);
    close(ends[0]);
    close(ends[1]);
}

static void derived_bytes_are_the_same_every_time(void **state) {
    (void)state;
    unsigned char a[64], b[64], c[64];
    random_derive(7);
    assert_true(random_bytes(a, sizeof a));
    random_derive(7);
    assert_true(random_bytes(b, 10) && random_bytes(b + 10, sizeof b - 10));
    random_derive(8);
    assert_true(random_bytes(c, sizeof c));
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
}

static void a_transcript_takes_all_that_is_said(void **state) {
    (void)state;
    struct buf text = BUF_EMPTY;
    struct err e;
    struct console *c = console_new(NULL, &(struct console_options){.transcript = &text});
    console_say(c, STYLE_ALARM, "one\x1b[2J");
    console_warn(c, "two");
    err_set(&e, ERR_USAGE, "three");
    console_error(c, &e);
    console_free(c);
    assert_string_equal(buf_str(&text), "one\\x1b[2J\ncordon: warning: two\ncordon: three\n");
    buf_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_shows_what_it_is_told),
        cmocka_unit_test(a_timer_moves_time_on_at_once),
        cmocka_unit_test(timers_fire_in_their_order),
        cmocka_unit_test(time_stands_still_while_a_watchdog_runs),
        cmocka_unit_test(what_is_due_now_waits_for_no_watchdog),
        cmocka_unit_test(what_can_be_read_comes_before_time_moves),
        cmocka_unit_test(derived_bytes_are_the_same_every_time),
        cmocka_unit_test(a_transcript_takes_all_that_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
