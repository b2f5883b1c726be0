// terminal.h - a script on a pseudo-terminal that the test types on.
//
// Owns: what the tests of prompts share.
#ifndef CORDON_TESTS_TERMINAL_H
#define CORDON_TESTS_TERMINAL_H

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

static inline int run_script(script_fn *script, FILE *report) {
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

static inline void start(struct terminal *t, script_fn *script) {
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

static inline void look(struct terminal *t, int ms) {
    struct pollfd p = {.fd = t->master, .events = POLLIN};
    if (poll(&p, 1, ms) <= 0) return;
    ssize_t got = read(t->master, t->seen + t->len, sizeof t->seen - t->len - 1);
    if (got > 0) t->len += (size_t)got;
    t->seen[t->len] = '\0';
    struct timespec pause = {.tv_nsec = 20000000};
    if (got <= 0) nanosleep(&pause, NULL);  // closed at the other end: poll returns at once
}

static inline size_t times_seen(const struct terminal *t, const char *text) {
    size_t n = 0;
    for (const char *at = t->seen; (at = strstr(at, text)) != NULL; at++) n++;
    return n;
}

static inline void wait_for(struct terminal *t, const char *text, size_t times) {
    for (int i = 0; i < 500 && times_seen(t, text) < times; i++) look(t, 20);
    if (times_seen(t, text) < times) fail_msg("no \"%s\" in: %s", text, t->seen);
}

static inline void type(struct terminal *t, const char *text) {
    assert_int_equal(write(t->master, text, strlen(text)), strlen(text));
}

// The script's report and exit code; the terminal is closed.
static inline int end(struct terminal *t, char report[512]) {
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

static inline void say_outcome(FILE *report, enum prompt_how how, const struct buf *answer) {
    static const char *const names[] = {"answer", "eof", "gone", "signal", "timeout", "unusable"};
    fprintf(report, "%s [%s]\n", names[how], buf_str(answer));
}

static inline int ask_with(struct loop *l, struct prompt *p, FILE *report, int64_t timeout_ms) {
    struct buf answer = BUF_EMPTY;
    enum prompt_how how;
    struct err e = {0};
    bool ok = prompt_line(p, "Go on? ", &answer, 20, timeout_ms, &how, &e);
    if (ok) say_outcome(report, how, &answer);
    if (how == PROMPT_SIGNAL) fprintf(report, "%d\n", loop_signal(l));
    buf_free(&answer);
    return ok ? 0 : 1;
}

static inline int ask_once(struct loop *l, struct prompt *p, FILE *report) {
    return ask_with(l, p, report, -1);
}

static inline void expect(struct terminal *t, const char *expected) {
    char report[512];
    int code = end(t, report);
    if (code != 0 || strcmp(report, expected) != 0) {
        fail_msg("exit %d, \"%s\" instead of \"%s\"; shown: %s", code, report, expected, t->seen);
    }
}

#endif
