// child_test.c - starting, talking to, stopping playbook processes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/wire.h"
#include "child/child.h"

// --- processes ---------------------------------------------------------------

static bool send_value(int fd, struct val *v) {
    struct buf b = BUF_EMPTY;
    bool ok = wire_write(&b, v, NULL) && write(fd, b.data, b.len) == (ssize_t)b.len;
    val_unref(v);
    buf_free(&b);
    return ok;
}

// Sends back what it gets; "exit" ends it with code 3, "crash" with a signal, "loop" never.
static int echo(int fd) {
    static struct buf in;
    for (;;) {
        struct val *v;
        size_t used;
        int got;
        while ((got = wire_read(in.data, in.len, &v, &used, NULL)) == 0) {
            char *room = buf_reserve(&in, 65536);
            ssize_t n = read(fd, room, 65536);
            if (n <= 0) return 9;
            in.len += (size_t)n;
        }
        if (got < 0) return 8;
        buf_consume(&in, used);
        const char *word = val_as_str(v, "");
        if (strcmp(word, "loop") == 0)
            for (volatile int i = 0;; i = !i) {
            }
        if (strcmp(word, "crash") == 0) raise(SIGABRT);
        if (strcmp(word, "five") == 0)
            for (int i = 1; i <= 5; i++) send_value(fd, val_int(i));
        if (strcmp(word, "exit") == 0 || strcmp(word, "five") == 0) return 3;
        send_value(fd, v);
    }
}

// --- a host ------------------------------------------------------------------

struct host {
    struct loop *loop;
    struct child *child;
    int messages, idles, ends, pause_at;
    int64_t last;
    enum child_end how;
    int signal;
    bool done, free_in_message, message_after_end;
};

static void on_message(void *ctx, const struct val *message) {
    struct host *h = ctx;
    h->messages++;
    h->last = val_as_int(message, 0);
    if (h->ends) h->message_after_end = true;
    if (h->pause_at == h->messages) {
        child_pause(h->child);
        h->done = true;
    }
    if (h->free_in_message) {
        child_free(h->child);
        h->done = true;
    }
}

static void on_idle(void *ctx) {
    ((struct host *)ctx)->idles++;
}

static void on_ended(void *ctx, enum child_end how, int number) {
    struct host *h = ctx;
    h->ends++;
    h->how = how;
    h->signal = number;
    h->done = true;
}

static const struct child_handler *handler(struct host *h) {
    static struct child_handler made;
    made = (struct child_handler){on_message, on_idle, on_ended, h};
    return &made;
}

static struct fork_server *server;

static struct host start(void) {
    struct err e;
    return (struct host){.loop = loop_new(&e)};
}

static void begin(struct host *h, int64_t deadline_ms) {
    struct err e;
    h->child = child_start(server, h->loop, deadline_ms, handler(h), &e);
    assert_non_null(h->child);
}

static void say(struct host *h, const char *word) {
    struct err e;
    struct val *v = val_cstr(word);
    assert_true(child_send(h->child, v, &e));
    val_unref(v);
}

static void until_done(struct host *h) {
    struct err e;
    h->done = false;
    assert_true(loop_until(h->loop, &h->done, false, &e));
}

static void on_pause(void *ctx) {
    *(bool *)ctx = true;
}

static void for_ms(struct host *h, int64_t ms) {
    bool over = false;
    struct err e;
    assert_non_null(loop_timer_add(h->loop, ms, on_pause, &over));
    assert_true(loop_until(h->loop, &over, false, &e));
}

static void end(struct host *h) {
    child_free(h->child);
    loop_free(h->loop);
}

// --- tests -------------------------------------------------------------------

static void test_last_words_come_before_the_end(void **state) {
    (void)state;
    struct host h = start();
    begin(&h, 5000);
    say(&h, "five");
    until_done(&h);
    assert_int_equal(h.messages, 5);
    assert_int_equal(h.last, 5);
    assert_true(h.idles >= 1 && h.idles <= 5);
    assert_int_equal(h.ends, 1);
    assert_int_equal(h.how, CHILD_EXITED);
    end(&h);
}

// An answer that comes too late is no failure of its own: the end that follows says more.
static void test_answers_after_the_end(void **state) {
    (void)state;
    struct host h = start();
    h.pause_at = 2;
    begin(&h, 5000);
    say(&h, "five");
    until_done(&h);
    for_ms(&h, 100);
    say(&h, "late");
    child_resume(h.child);
    until_done(&h);
    say(&h, "later");
    assert_int_equal(h.messages, 5);
    assert_int_equal(h.how, CHILD_EXITED);
    end(&h);
}

static void test_crash(void **state) {
    (void)state;
    struct host h = start();
    begin(&h, 5000);
    say(&h, "crash");
    until_done(&h);
    assert_int_equal(h.how, CHILD_CRASHED);
    assert_int_equal(h.signal, SIGABRT);
    end(&h);
}

static void test_deadline(void **state) {
    (void)state;
    struct host h = start();
    int64_t since = clock_mono_ms();
    begin(&h, 200);
    say(&h, "loop");
    until_done(&h);
    assert_int_equal(h.how, CHILD_KILLED);
    assert_true(child_overdue(h.child));
    assert_in_range(clock_mono_ms() - since, 190, 1500);
    end(&h);
}

static void test_the_clock_can_be_stopped(void **state) {
    (void)state;
    struct host h = start();
    begin(&h, 200);
    child_clock_stop(h.child);
    for_ms(&h, 400);
    assert_int_equal(h.ends, 0);
    int64_t since = clock_mono_ms();
    child_clock_start(h.child);
    child_clock_start(h.child);
    until_done(&h);
    assert_true(child_overdue(h.child));
    assert_in_range(clock_mono_ms() - since, 100, 1000);
    end(&h);
}

static void test_kill(void **state) {
    (void)state;
    struct host h = start();
    struct err e;
    begin(&h, 60000);
    say(&h, "loop");
    child_kill(h.child);
    child_kill(h.child);
    assert_false(child_send(h.child, val_nil(), &e));
    until_done(&h);
    assert_int_equal(h.how, CHILD_KILLED);
    assert_int_equal(h.ends, 1);
    assert_false(child_overdue(h.child));
    end(&h);
}

static void test_paused(void **state) {
    (void)state;
    struct host h = start();
    h.pause_at = 2;
    begin(&h, 5000);
    say(&h, "five");
    until_done(&h);
    for_ms(&h, 100);
    assert_int_equal(h.messages, 2);
    assert_int_equal(h.ends, 0);  // its end is behind what was not read yet
    child_resume(h.child);
    until_done(&h);
    assert_int_equal(h.messages, 5);
    assert_int_equal(h.how, CHILD_EXITED);
    assert_false(h.message_after_end);
    end(&h);
}

static void test_freed_inside_a_callback(void **state) {
    (void)state;
    struct host h = start();
    h.free_in_message = true;
    begin(&h, 5000);
    say(&h, "five");
    until_done(&h);
    for_ms(&h, 100);
    assert_int_equal(h.messages, 1);
    assert_int_equal(h.ends, 0);
    loop_free(h.loop);
}

static void test_large_messages(void **state) {
    (void)state;
    struct host h = start();
    size_t len = 8 * 1024 * 1024;
    char *bytes = calloc(1, len);
    struct val *v = val_string(bytes, len);
    struct err e;
    begin(&h, 5000);
    h.pause_at = 1;
    assert_true(child_send(h.child, v, &e));
    until_done(&h);
    assert_int_equal(h.messages, 1);
    val_unref(v);
    free(bytes);
    end(&h);
}

// A process that does not read its answers cannot fill the host's memory.
static void test_queue_is_bounded(void **state) {
    (void)state;
    struct host h = start();
    size_t len = 8 * 1024 * 1024;
    char *bytes = calloc(1, len);
    struct val *v = val_string(bytes, len);
    struct err e = {0};
    begin(&h, 60000);
    say(&h, "loop");
    int sent = 0;
    while (sent < 100 && child_send(h.child, v, &e)) sent++;
    assert_in_range(sent, 3, 6);
    assert_string_equal(e.code, ERR_PLAYBOOK);
    val_unref(v);
    free(bytes);
    end(&h);
}

static void test_many_in_a_row(void **state) {
    (void)state;
    for (int i = 0; i < 200; i++) {  // more than it can hold at once: they are reaped
        struct host h = start();
        begin(&h, 5000);
        say(&h, i % 2 ? "exit" : "loop");
        if (i % 2) {
            until_done(&h);
            assert_int_equal(h.how, CHILD_EXITED);
        }
        end(&h);
    }
}

// Whoever kills the fork server takes its children along, and is told what happened.
static void test_dead_fork_server(void **state) {
    (void)state;
    struct err e;
    struct fork_server *own = fork_server_start(echo, &e);
    struct host h = start();
    h.child = child_start(own, h.loop, 60000, handler(&h), &e);
    assert_non_null(h.child);
    fork_server_stop(own);
    until_done(&h);
    assert_int_equal(h.how, CHILD_CRASHED);
    assert_int_equal(h.signal, SIGKILL);
    end(&h);
}

static int kill_parent(int fd) {
    (void)fd;
    kill(getppid(), SIGKILL);
    return pause();
}

static void test_fork_server_that_died(void **state) {
    (void)state;
    struct err e;
    struct fork_server *own = fork_server_start(kill_parent, &e);
    struct host h = start();
    h.child = child_start(own, h.loop, 60000, handler(&h), &e);
    assert_non_null(h.child);
    until_done(&h);
    assert_int_equal(h.how, CHILD_CRASHED);
    assert_null(child_start(own, h.loop, 60000, handler(&h), &e));
    assert_non_null(strstr(e.message, "start cordon again"));
    fork_server_stop(own);
    end(&h);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_words_come_before_the_end),
        cmocka_unit_test(test_answers_after_the_end),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_the_clock_can_be_stopped),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_freed_inside_a_callback),
        cmocka_unit_test(test_large_messages),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_many_in_a_row),
        cmocka_unit_test(test_dead_fork_server),
        cmocka_unit_test(test_fork_server_that_died),
    };
    struct err e;
    server = fork_server_start(echo, &e);
    if (!server) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fork_server_stop(server);
    return failed;
}
