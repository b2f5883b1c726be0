// prompt_test.c - asking on a terminal: a pseudo-terminal that the test types on.
#include "scratch.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "prompt/prompt.h"

// What the process on the terminal does; it prints to `report` and returns an exit code.
typedef int script_fn(struct loop *l, struct prompt *p, FILE *report);

struct terminal {
    int master;
    int report;  // what the script prints
    pid_t pid;
    char seen[65536];  // all that the terminal showed
    size_t len;
};

static int run_script(script_fn *script, FILE *report) {
    struct err e = {0};
    struct loop *l = loop_new(&e);
    if (l == NULL || !loop_catch_signals(l, &e)) return 90;
    struct prompt *p = prompt_open(l, &e);
    if (p == NULL) {
        fprintf(report, "%s\n", e.code);
        fflush(report);
        loop_free(l);
        return 91;
    }
    int code = script(l, p, report);
    fflush(report);
    prompt_close(p);
    loop_free(l);
    return code;
}

static void start(struct terminal *t, script_fn *script) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *t = (struct terminal){.report = ends[0]};
    t->pid = forkpty(&t->master, NULL, NULL, NULL);
    assert_true(t->pid >= 0);
    if (t->pid == 0) {
        close(ends[0]);
        FILE *report = fdopen(ends[1], "w");
        int code = run_script(script, report);
        fclose(report);
        _exit(code);
    }
    close(ends[1]);
}

static void look(struct terminal *t, int ms) {
    struct pollfd p = {.fd = t->master, .events = POLLIN};
    if (poll(&p, 1, ms) <= 0) return;
    ssize_t got = read(t->master, t->seen + t->len, sizeof t->seen - t->len - 1);
    if (got > 0) t->len += (size_t)got;
    t->seen[t->len] = '\0';
    struct timespec pause = {.tv_nsec = 20000000};
    if (got <= 0) nanosleep(&pause, NULL);  // closed at the other end: poll returns at once
}

static size_t times_seen(const struct terminal *t, const char *text) {
    size_t n = 0;
    for (const char *at = t->seen; (at = strstr(at, text)) != NULL; at++) n++;
    return n;
}

static void wait_for(struct terminal *t, const char *text, size_t times) {
    for (int i = 0; i < 500 && times_seen(t, text) < times; i++) look(t, 20);
    if (times_seen(t, text) < times) fail_msg("no \"%s\" in: %s", text, t->seen);
}

static void type(struct terminal *t, const char *text) {
    assert_int_equal(write(t->master, text, strlen(text)), strlen(text));
}

// The script's report and exit code; the terminal is closed.
static int end(struct terminal *t, char report[512]) {
    int status;
    size_t len = 0;
    pid_t reaped = 0;
    for (int i = 0; i < 500 && reaped == 0; i++) {
        look(t, 20);
        reaped = waitpid(t->pid, &status, WNOHANG);
    }
    if (reaped == 0) {
        kill(t->pid, SIGKILL);
        waitpid(t->pid, &status, 0);
        fail_msg("the script hangs; the terminal shows: %s", t->seen);
    }
    for (ssize_t got; len < 511 && (got = read(t->report, report + len, 511 - len)) > 0;) {
        len += (size_t)got;
    }
    report[len] = '\0';
    close(t->report);
    close(t->master);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void say_outcome(FILE *report, enum prompt_how how, const struct buf *answer) {
    static const char *const names[] = {"answer", "eof", "gone", "signal", "timeout", "unusable"};
    fprintf(report, "%s [%s]\n", names[how], buf_str(answer));
}

static int ask_with(struct loop *l, struct prompt *p, FILE *report, int64_t timeout_ms) {
    struct buf answer = BUF_EMPTY;
    enum prompt_how how;
    struct err e = {0};
    bool ok = prompt_line(p, "Go on? ", &answer, 20, timeout_ms, &how, &e);
    if (ok) say_outcome(report, how, &answer);
    if (how == PROMPT_SIGNAL) fprintf(report, "%d\n", loop_signal(l));
    buf_free(&answer);
    return ok ? 0 : 1;
}

static int ask_once(struct loop *l, struct prompt *p, FILE *report) {
    return ask_with(l, p, report, -1);
}

static void expect(struct terminal *t, const char *expected) {
    char report[512];
    int code = end(t, report);
    if (code != 0 || strcmp(report, expected) != 0) {
        fail_msg("exit %d, \"%s\" instead of \"%s\"; shown: %s", code, report, expected, t->seen);
    }
}

// --- answers -----------------------------------------------------------------

static void test_an_answer(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "  yes \n");
    expect(&t, "answer [yes]\n");
    assert_non_null(strstr(t.seen, "Go on?   yes"));  // echoed
}

static void test_an_empty_answer(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "\n");
    expect(&t, "answer []\n");
}

static void test_text_that_is_not_ascii(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "s\xc3\xad\n");
    expect(&t, "answer [s\xc3\xad]\n");
}

static int ask_late(struct loop *l, struct prompt *p, FILE *report) {
    struct timespec pause = {.tv_nsec = 300000000};
    fprintf(report, "ready\n");
    fflush(report);
    nanosleep(&pause, NULL);
    return ask_with(l, p, report, 400);
}

static void test_what_was_typed_before_confirms_nothing(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_late);
    char ready[6];
    assert_int_equal(read(t.report, ready, 6), 6);
    type(&t, "y\ny\ny");
    expect(&t, "timeout []\n");
}

static int ask_twice(struct loop *l, struct prompt *p, FILE *report) {
    ask_with(l, p, report, -1);
    struct timespec pause = {.tv_nsec = 200000000};
    nanosleep(&pause, NULL);
    return ask_with(l, p, report, 400);
}

static void test_a_pasted_second_line_confirms_nothing(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_twice);
    wait_for(&t, "Go on? ", 1);
    type(&t, "y\ny\n");
    expect(&t, "answer [y]\ntimeout []\n");
}

// --- what is no answer -------------------------------------------------------

static void test_control_and_broken_characters(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "y\x1b[A\n");
    wait_for(&t, "Go on? ", 2);
    type(&t, "y\xff\n");
    wait_for(&t, "Go on? ", 3);
    type(&t, "y\xe2\x80\xae\n");
    wait_for(&t, "Go on? ", 4);
    type(&t, "no\n");
    expect(&t, "answer [no]\n");
}

static void test_too_long_a_line(void **state) {
    struct terminal t;
    char text[2100];
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    memset(text, 'y', sizeof text);
    snprintf(text + 30, 10, "\n");
    type(&t, text);
    wait_for(&t, "too long", 1);
    wait_for(&t, "Go on? ", 2);
    memset(text, 'y', sizeof text);
    snprintf(text + 2000, 10, "\n");
    type(&t, text);
    wait_for(&t, "Go on? ", 3);
    type(&t, "n\n");
    expect(&t, "answer [n]\n");
}

static void test_nothing_usable(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    for (size_t i = 1; i <= 5; i++) {
        wait_for(&t, "Go on? ", i);
        type(&t, "\x01\n");
    }
    expect(&t, "unusable []\n");
}

static void test_end_of_input(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "\x04");
    expect(&t, "eof []\n");
}

static void test_ctrl_c(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "yes\x03");
    expect(&t, "signal []\n2\n");
}

static int ask_briefly(struct loop *l, struct prompt *p, FILE *report) {
    return ask_with(l, p, report, 100);
}

static void test_time_runs_out(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_briefly);
    wait_for(&t, "Go on? ", 1);
    type(&t, "y");  // no Enter
    expect(&t, "timeout []\n");
}

static int ask_through_a_hangup(struct loop *l, struct prompt *p, FILE *report) {
    signal(SIGHUP, SIG_IGN);
    return ask_with(l, p, report, 5000);
}

static void test_the_terminal_is_gone(void **state) {
    struct terminal t;
    char report[64];
    int status;
    (void)state;
    start(&t, ask_through_a_hangup);
    wait_for(&t, "Go on? ", 1);
    close(t.master);
    ssize_t got = read(t.report, report, sizeof report - 1);
    assert_true(got > 0);
    report[got] = '\0';
    assert_string_equal(report, "gone []\n");
    waitpid(t.pid, &status, 0);
    close(t.report);
}

static void test_no_terminal(void **state) {
    int ends[2], status;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        _exit(run_script(ask_once, fdopen(ends[1], "w")));
    }
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 91);
    char report[32] = "";
    assert_true(read(ends[0], report, sizeof report - 1) > 0);
    assert_string_equal(report, ERR_DECLINED "\n");
    close(ends[0]);
    close(ends[1]);
}

// --- the terminal ------------------------------------------------------------

static int ask_in_raw_mode(struct loop *l, struct prompt *p, FILE *report) {
    struct termios raw, after;
    int fd = open("/dev/tty", O_RDWR);
    tcgetattr(fd, &raw);
    cfmakeraw(&raw);
    tcsetattr(fd, TCSANOW, &raw);
    int code = ask_with(l, p, report, -1);
    tcgetattr(fd, &after);
    fprintf(report, "%s\n", (after.c_lflag & (ICANON | ECHO)) == 0 ? "raw again" : "changed");
    close(fd);
    return code;
}

static void test_modes_are_set_and_restored(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_in_raw_mode);
    wait_for(&t, "Go on? ", 1);
    type(&t, "yex\x7fs\r");
    expect(&t, "answer [yes]\nraw again\n");
}

static int ask_hostile(struct loop *l, struct prompt *p, FILE *report) {
    struct buf answer = BUF_EMPTY;
    enum prompt_how how;
    (void)l;
    prompt_line(p, "CUT OFF \x1b[2J \xe2\x80\xae\n[y]es: ", &answer, 10, -1, &how, NULL);
    say_outcome(report, how, &answer);
    buf_free(&answer);
    return 0;
}

static void test_the_question_is_escaped(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_hostile);
    wait_for(&t, "[y]es: ", 1);
    assert_null(strchr(t.seen, '\x1b'));
    assert_non_null(strstr(t.seen, "CUT OFF \\x1b[2J \\u{202e}\r\n[y]es: "));
    type(&t, "y\n");
    expect(&t, "answer [y]\n");
}

struct ticks {
    struct loop *loop;
    int count;
};

static void tick(void *ctx) {
    struct ticks *t = ctx;
    t->count++;
    loop_timer_add(t->loop, 10, tick, t);
}

static int ask_while_ticking(struct loop *l, struct prompt *p, FILE *report) {
    struct ticks t = {l, 0};
    loop_timer_add(l, 10, tick, &t);
    int code = ask_with(l, p, report, -1);
    fprintf(report, "%s\n", t.count >= 5 ? "the loop went on" : "the loop stood still");
    return code;
}

static void test_the_loop_goes_on(void **state) {
    struct terminal t;
    struct timespec pause = {.tv_nsec = 200000000};
    (void)state;
    start(&t, ask_while_ticking);
    wait_for(&t, "Go on? ", 1);
    nanosleep(&pause, NULL);
    type(&t, "y\n");
    expect(&t, "answer [y]\nthe loop went on\n");
}

// The script runs as a background job of a shell that is this process: the terminal belongs to
// its parent's group until SIGUSR1 comes.
static int job_control(FILE *report) {
    int fd = open("/dev/tty", O_RDWR), status;
    sigset_t usr1;
    int got;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    signal(SIGTTOU, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        signal(SIGTTOU, SIG_DFL);
        _exit(run_script(ask_once, report));
    }
    setpgid(child, child);
    sigwait(&usr1, &got);
    tcsetpgrp(fd, child);
    waitpid(child, &status, WUNTRACED);
    if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        fprintf(report, "it was stopped\n");
        fflush(report);
    }
    return 0;
}

static void test_a_background_job_waits_for_fg(void **state) {
    struct terminal t;
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    t = (struct terminal){.report = ends[0]};
    t.pid = forkpty(&t.master, NULL, NULL, NULL);
    if (t.pid == 0) {
        close(ends[0]);
        _exit(job_control(fdopen(ends[1], "w")));
    }
    close(ends[1]);
    wait_for(&t, "bring it to the foreground", 1);
    type(&t, "y\n");  // meant for the shell
    look(&t, 400);
    assert_int_equal(times_seen(&t, "Go on? "), 0);
    kill(t.pid, SIGUSR1);
    wait_for(&t, "Go on? ", 1);
    type(&t, "no\n");
    expect(&t, "answer [no]\n");
}

static int ask_with_stopped_output(struct loop *l, struct prompt *p, FILE *report) {
    int fd = open("/dev/tty", O_RDWR);
    tcflow(fd, TCOOFF);
    int code = ask_with(l, p, report, 200);
    close(fd);
    return code;
}

static void test_a_stopped_terminal_does_not_block(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_with_stopped_output);
    expect(&t, "timeout []\n");
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer),
        cmocka_unit_test(test_an_empty_answer),
        cmocka_unit_test(test_text_that_is_not_ascii),
        cmocka_unit_test(test_what_was_typed_before_confirms_nothing),
        cmocka_unit_test(test_a_pasted_second_line_confirms_nothing),
        cmocka_unit_test(test_control_and_broken_characters),
        cmocka_unit_test(test_too_long_a_line),
        cmocka_unit_test(test_nothing_usable),
        cmocka_unit_test(test_end_of_input),
        cmocka_unit_test(test_ctrl_c),
        cmocka_unit_test(test_time_runs_out),
        cmocka_unit_test(test_the_terminal_is_gone),
        cmocka_unit_test(test_no_terminal),
        cmocka_unit_test(test_modes_are_set_and_restored),
        cmocka_unit_test(test_the_question_is_escaped),
        cmocka_unit_test(test_the_loop_goes_on),
        cmocka_unit_test(test_a_background_job_waits_for_fg),
        cmocka_unit_test(test_a_stopped_terminal_does_not_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
