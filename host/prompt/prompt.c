// prompt.c - asking the operator, on the terminal.
//
// Owns: the open terminal, its modes while a question is open, and the state of that question.
// It never blocks: neither on a terminal that was stopped nor as a background process.
#include "prompt/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "prompt/sink.h"

#define FOREGROUND_CHECK_MS 300
#define TRIES 5
#define SCREEN_MAX ((size_t)256 * 1024)

struct prompt {
    struct loop *loop;
    int fd;
    struct sink *screen;
    struct termios before;
    bool modes_kept;  // `before` holds modes to restore

    // The open question.
    const char *question;
    struct buf *answer;
    size_t max;
    struct buf typed;  // of the line, until its newline
    bool overlong;     // part of the line was thrown away
    bool done;
    bool in_background;
    int refused;
    enum prompt_how how;
    bool failed;  // no memory
    struct loop_fd *watch;
    struct loop_timer *deadline, *foreground;
};

struct prompt *prompt_open(struct loop *l, struct err *e) {
    struct prompt *p = calloc(1, sizeof *p);
    if (p == NULL) {
        err_memory(e);
        return NULL;
    }
    p->loop = l;
    p->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (p->fd < 0) {
        err_set(e, ERR_DECLINED, "there is no terminal to ask on; --yes confirms without asking");
        prompt_close(p);
        return NULL;
    }
    p->screen = sink_new(l, p->fd, SCREEN_MAX);
    if (p->screen != NULL) return p;
    err_memory(e);
    prompt_close(p);
    return NULL;
}

void prompt_close(struct prompt *p) {
    if (p == NULL) return;
    sink_free(p->screen);
    if (p->fd >= 0) close(p->fd);
    buf_free(&p->typed);
    free(p);
}

// --- the terminal ------------------------------------------------------------

// From the background, tcsetattr and tcflush would stop the process.
static void without_stop(sigset_t *before) {
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGTTOU);
    sigaddset(&block, SIGTTIN);
    sigprocmask(SIG_BLOCK, &block, before);
}

static bool in_foreground(const struct prompt *p) {
    pid_t owner = tcgetpgrp(p->fd);
    return owner < 0 || owner == getpgrp();
}

// Whole lines, echoed, Ctrl-C as a signal: however the terminal was left.
static void set_modes(struct prompt *p) {
    struct termios line;
    if (tcgetattr(p->fd, &line) != 0) return;
    if (!p->modes_kept) p->before = line;
    p->modes_kept = true;
    line.c_lflag |= ICANON | ECHO | ECHOE | ISIG | IEXTEN;
    line.c_lflag &= ~(tcflag_t)NOFLSH;
    line.c_iflag |= ICRNL | BRKINT;
    line.c_iflag &= ~(tcflag_t)(INLCR | IGNCR | ISTRIP);
    line.c_oflag |= OPOST | ONLCR;
    tcsetattr(p->fd, TCSANOW, &line);
}

static void restore_modes(struct prompt *p) {
    sigset_t before;
    if (!p->modes_kept) return;
    p->modes_kept = false;
    if (!in_foreground(p)) return;
    without_stop(&before);
    tcsetattr(p->fd, TCSANOW, &p->before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void show(struct prompt *p, const char *text) {
    struct buf out = BUF_EMPTY;
    for (;;) {
        size_t len = strcspn(text, "\n");
        text_escape(&out, text, len, 0);
        text += len;
        if (*text == '\0') break;
        buf_add_char(&out, '\n');
        text++;
    }
    if (out.failed) p->failed = p->done = true;
    if (!out.failed) sink_write(p->screen, buf_str(&out), out.len);
    buf_free(&out);
}

// What was typed before the question is seen answers nothing.
static void ask(struct prompt *p) {
    sigset_t before;
    without_stop(&before);
    set_modes(p);
    tcflush(p->fd, TCIFLUSH);
    sigprocmask(SIG_SETMASK, &before, NULL);
    buf_clear(&p->typed);
    p->overlong = false;
    show(p, p->question);
}

static void finish(struct prompt *p, enum prompt_how how) {
    p->how = how;
    p->done = true;
}

// --- background and foreground -----------------------------------------------

static void look_for_foreground(void *ctx);

static void watch_foreground(struct prompt *p) {
    p->foreground = loop_timer_add(p->loop, FOREGROUND_CHECK_MS, look_for_foreground, p);
    if (p->foreground == NULL) p->failed = p->done = true;
}

static void go_background(struct prompt *p) {
    if (p->in_background) return;
    p->in_background = true;
    loop_fd_events(p->watch, 0);
    show(p, "\ncordon waits for an answer: bring it to the foreground with `fg`\n");
    watch_foreground(p);
}

static void look_for_foreground(void *ctx) {
    struct prompt *p = ctx;
    p->foreground = NULL;
    if (!in_foreground(p)) {
        watch_foreground(p);
        return;
    }
    p->in_background = false;
    loop_fd_events(p->watch, POLLIN);
    ask(p);
}

// --- lines -------------------------------------------------------------------

static bool is_text(const char *bytes, size_t len) {
    struct buf escaped = BUF_EMPTY;
    // What text_escape leaves as it is holds no control and no invalid character.
    text_escape(&escaped, bytes, len, 0);
    bool same = !escaped.failed && escaped.len == len;
    buf_free(&escaped);
    return same;
}

static void refuse(struct prompt *p, const char *why) {
    if (++p->refused >= TRIES) {
        finish(p, PROMPT_UNUSABLE);
        return;
    }
    show(p, why);
    ask(p);
}

static void take_line(struct prompt *p) {
    const char *start = buf_str(&p->typed);
    size_t len = p->typed.len;
    while (len > 0 && strchr(" \t\r", start[len - 1]) != NULL && start[len - 1] != '\0') len--;
    while (len > 0 && (*start == ' ' || *start == '\t')) {
        start++;
        len--;
    }
    if (p->overlong || len > p->max) {
        refuse(p, "That line is too long.\n");
    } else if (!is_text(start, len)) {
        refuse(p, "That line holds characters that are no text.\n");
    } else {
        buf_add(p->answer, start, len);
        p->failed = p->answer->failed;
        finish(p, PROMPT_ANSWER);
    }
}

// The terminal gives at most one line at a time.
static void take_bytes(struct prompt *p, const char *bytes, size_t len) {
    bool whole = bytes[len - 1] == '\n';
    if (whole) len--;
    // Room for white space around the answer.
    if (p->typed.len + len > p->max + 256) {
        p->overlong = true;
    } else {
        buf_add(&p->typed, bytes, len);
    }
    if (p->typed.failed) {
        p->failed = p->done = true;
    } else if (whole) {
        take_line(p);
    }
}

// Ctrl-D after some characters hands them over without a newline: it takes a second one, or
// Enter, to end the line.
static void take_end(struct prompt *p) {
    if (p->typed.len == 0 && !p->overlong) {
        finish(p, PROMPT_EOF);
    } else {
        take_line(p);
    }
}

static void on_input(void *ctx, short revents) {
    struct prompt *p = ctx;
    char bytes[4096];
    sigset_t before;
    if (p->done) return;
    if (!in_foreground(p)) {
        go_background(p);
        return;
    }
    without_stop(&before);
    ssize_t got = read(p->fd, bytes, sizeof bytes);
    int number = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (got > 0) {
        take_bytes(p, bytes, (size_t)got);
    } else if (got == 0) {
        if (revents & POLLHUP) {
            finish(p, PROMPT_GONE);
        } else {
            take_end(p);
        }
    } else if (number == EIO && !in_foreground(p)) {
        go_background(p);
    } else if (number != EAGAIN && number != EINTR) {
        finish(p, PROMPT_GONE);
    }
}

static void on_deadline(void *ctx) {
    struct prompt *p = ctx;
    p->deadline = NULL;
    if (!p->done) finish(p, PROMPT_TIMEOUT);
}

// --- the question ------------------------------------------------------------

static bool start(struct prompt *p, int64_t timeout_ms, struct err *e) {
    p->watch = loop_fd_add(p->loop, p->fd, POLLIN, on_input, p);
    if (p->watch == NULL) return err_memory(e);
    if (timeout_ms >= 0) {
        p->deadline = loop_timer_add(p->loop, timeout_ms, on_deadline, p);
        if (p->deadline == NULL) return err_memory(e);
    }
    if (in_foreground(p)) {
        ask(p);
    } else {
        go_background(p);
    }
    return p->failed ? err_memory(e) : true;
}

static void stop(struct prompt *p) {
    loop_timer_cancel(p->deadline);
    loop_timer_cancel(p->foreground);
    loop_fd_remove(p->watch);
    p->deadline = p->foreground = NULL;
    p->watch = NULL;
    // The next words start on a line of their own.
    if (p->how != PROMPT_ANSWER && p->how != PROMPT_UNUSABLE) show(p, "\n");
    restore_modes(p);
    p->question = NULL;
    p->answer = NULL;
    buf_clear(&p->typed);
}

bool prompt_line(struct prompt *p, const char *question, struct buf *answer, size_t max,
                 int64_t timeout_ms, enum prompt_how *how, struct err *e) {
    buf_clear(answer);
    p->question = question;
    p->answer = answer;
    p->max = max;
    p->done = p->failed = p->in_background = false;
    p->refused = 0;
    p->how = PROMPT_SIGNAL;  // what it is when the loop ends without more
    bool ok = start(p, timeout_ms, e) && loop_until(p->loop, &p->done, true, e);
    if (!ok) p->how = PROMPT_GONE;
    stop(p);
    if (ok && p->failed) ok = err_memory(e);
    *how = ok ? p->how : PROMPT_GONE;
    if (*how != PROMPT_ANSWER) buf_clear(answer);
    return ok;
}

bool prompt_talk_is_seen(void) {
    struct stat st;
    if (fstat(STDERR_FILENO, &st) != 0) return false;
    return isatty(STDERR_FILENO) || (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode));
}
