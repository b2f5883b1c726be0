// escape-host.c - runs hostile playbooks against a minimal host.
//
// Owns: a host that answers every request with a canned reply, and the verdict. Arguments
// are playbooks (FILE.lua) and hostile child processes (@NAME, the table below). What a
// playbook must come to stands in its comments:
//   -- expect: done | error TEXT | killed | malformed | crashed | stopped
//              (stopped: an error or killed; TEXT must be part of the error's message)
//   -- deadline: MILLISECONDS     (1000 when it is not given)
//   -- answers: TEXT              (must be part of the value that run returned, as JSON)
// Beyond that no message may carry the canary from this program's environment, nor
// anything that looks like an address; all ends within the deadline and 2 s, and the host
// can start another playbook afterwards.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "child/child.h"
#include "child/messages.h"
#include "lua/playbook_process.h"
#include "lua/seccomp.h"

#define CANARY "canary-5f1e77"
#define GRACE_MS 2000

// --- hostile processes -------------------------------------------------------

static int locked(int fd) {
    if (!seccomp_lock(fd)) _exit(99);
    return fd;
}

static int crash(int fd) {
    (void)fd;
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return 0;
}

static int open_file(int fd) {
    locked(fd);
    syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
    return 0;
}

static int open_socket(int fd) {
    locked(fd);
    syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    return 0;
}

static int fork_again(int fd) {
    locked(fd);
    syscall(SYS_fork);
    return 0;
}

static int signal_parent(int fd) {
    locked(fd);
    syscall(SYS_kill, getppid(), SIGTERM);
    return 0;
}

static int executable_memory(int fd) {
    locked(fd);
    mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return 0;
}

static int write_elsewhere(int fd) {
    locked(fd);
    return (int)write(STDERR_FILENO, "x", 1);
}

// What it finds without being locked in: no environment, no descriptor but its own.
static int look_around(int fd) {
    extern char **environ;
    if (environ && *environ) return 1;
    for (int other = 3; other < 1024; other++)
        if (other != fd && fcntl(other, F_GETFD) != -1) return 2;
    char path[] = "/proc/self/environ", bytes[4096];
    int file = open(path, O_RDONLY);
    ssize_t got = file >= 0 ? read(file, bytes, sizeof bytes) : 0;
    for (ssize_t i = 0; i < got; i++)
        if (bytes[i]) return 3;
    return getsid(0) == getpid() ? 0 : 4;
}

static int send_bytes(int fd, const void *bytes, size_t len) {
    ssize_t ignored = write(fd, bytes, len);
    (void)ignored;
    pause();
    return 0;
}

static int garbage(int fd) {
    return send_bytes(fd, "\x05\0\0\0zzzzz", 9);
}

static int endless_length(int fd) {
    return send_bytes(fd, "\xff\xff\xff\xff", 4);
}

static int false_count(int fd) {
    return send_bytes(fd, "\x05\0\0\0l\xff\xff\xff\x7f", 9);
}

static int too_deep(int fd) {
    char frame[4 + 1000 * 5];
    size_t body = sizeof frame - 4;
    memcpy(frame, (char[]){(char)(body & 0xff), (char)(body >> 8), 0, 0}, 4);
    for (size_t i = 4; i < sizeof frame; i += 5) memcpy(frame + i, "l\1\0\0\0", 5);
    return send_bytes(fd, frame, sizeof frame);
}

static int half_a_frame(int fd) {
    return send_bytes(fd, "\x20\0\0\0m", 5);
}

static int flood(int fd) {
    static char frames[5 * 10000];
    for (size_t i = 0; i < sizeof frames; i += 5) memcpy(frames + i, "\1\0\0\0n", 5);
    while (write(fd, frames, sizeof frames) > 0) {
    }
    return 0;
}

static int closes_socket(int fd) {
    close(fd);
    return pause();
}

static int ignores_signals(int fd) {
    (void)fd;
    for (int i = 1; i < NSIG; i++) signal(i, SIG_IGN);
    return pause();
}

// --- cases -------------------------------------------------------------------

static const struct hostile {
    const char *name;
    child_main *serve;
    const char *expect;
    bool needs_seccomp;
} hostiles[] = {
    {"@crash", crash, "crashed", false},
    {"@look-around", look_around, "exited", false},
    {"@open-file", open_file, "crashed", true},
    {"@open-socket", open_socket, "crashed", true},
    {"@fork", fork_again, "crashed", true},
    {"@signal-parent", signal_parent, "crashed", true},
    {"@executable-memory", executable_memory, "crashed", true},
    {"@write-elsewhere", write_elsewhere, "crashed", true},
    {"@garbage", garbage, "malformed", false},
    {"@endless-length", endless_length, "malformed", false},
    {"@false-count", false_count, "malformed", false},
    {"@too-deep", too_deep, "malformed", false},
    {"@half-a-frame", half_a_frame, "killed", false},
    {"@flood", flood, "malformed", false},
    {"@closes-socket", closes_socket, "malformed", false},
    {"@ignores-signals", ignores_signals, "killed", false},
};

struct test {
    const char *name;
    struct buf source;
    char expect[256], answers[256];
    int64_t deadline_ms;
    struct loop *loop;
    struct child *child;
    int64_t virtual_us;
    bool over;
    struct val *done;
    enum child_end how;
    int signal;
    char problem[1024];
};

static void note(struct test *t, const char *problem) {
    if (!*t->problem) snprintf(t->problem, sizeof t->problem, "%s", problem);
}

static void directive(const struct test *t, const char *name, char *out, size_t size) {
    char start[64];
    snprintf(start, sizeof start, "-- %s: ", name);
    const char *at = strstr(buf_str(&t->source), start);
    if (!at) return;
    at += strlen(start);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
}

// An address as printf writes it: 0x and eight digits or more.
static bool has_address(const char *text) {
    while ((text = strstr(text, "0x"))) {
        text += 2;
        if (strspn(text, "0123456789abcdefABCDEF") >= 8) return true;
    }
    return false;
}

static void look_for_leaks(struct test *t, const struct val *message) {
    struct buf text = BUF_EMPTY;
    json_print(&text, message);
    if (strstr(buf_str(&text), CANARY)) note(t, "the environment leaked");
    if (has_address(buf_str(&text))) note(t, "an address leaked");
    buf_free(&text);
}

// --- the minimal host --------------------------------------------------------

static struct val *module_value(const char *name) {
    const char *bytes;
    size_t len;
    char path[256];
    struct val *v = val_map();
    snprintf(path, sizeof path, "stdlib/playbook/%s.lua", name);
    if (!asset_find(path, &bytes, &len)) {
        bytes = "return { name = ... }";
        len = strlen(bytes);
    }
    if (val_set(v, "file", val_cstr(path)) && val_set(v, "source", val_string(bytes, len)))
        return v;
    val_unref(v);
    return NULL;
}

static struct val *answer_to(struct test *t, const struct val *message) {
    const char *kind = val_get_str(message, "t", "");
    if (strcmp(kind, MSG_STEP) == 0) return val_cstr("run");
    if (strcmp(kind, MSG_WAIT) == 0) return val_cstr("poll");
    if (strcmp(kind, MSG_REQUIRE) == 0) return module_value(val_get_str(message, "name", ""));
    if (strcmp(kind, MSG_CALL) == 0) return val_ref(val_get(message, "params"));
    if (strcmp(kind, MSG_TIME) == 0) return val_int(t->virtual_us);
    if (strcmp(kind, MSG_SLEEP) == 0) {
        t->virtual_us += (int64_t)(val_as_double(val_get(message, "seconds"), 1) * 1e6);
        return val_int(t->virtual_us);
    }
    return val_nil();
}

static void tell(struct test *t, struct val *message) {
    struct err e;
    if (!message || !child_send(t->child, message, &e)) {
        note(t, message ? e.message : "out of memory");
        child_kill(t->child);
    }
    val_unref(message);
}

static void reply(struct test *t, const struct val *message) {
    struct val *r = val_map(), *id = val_ref(val_get(message, "id"));
    struct err failure = {.code = "TestError", .message = "as the playbook wished"};
    bool fails = val_get(val_get(message, "params"), "FailPlease");
    if (val_set(r, "t", val_cstr(MSG_REPLY)) && val_set(r, "id", id) &&
        (fails ? val_set(r, "error", err_to_val(&failure))
               : val_set(r, "value", answer_to(t, message))))
        tell(t, r);
}

static struct val *run_message(void) {
    struct val *r = val_map();
    return val_set(r, "t", val_cstr(MSG_RUN)) && val_set(r, "args", val_map()) ? r : NULL;
}

static void on_message(void *ctx, const struct val *message) {
    struct test *t = ctx;
    const char *kind = val_get_str(message, "t", "");
    look_for_leaks(t, message);
    if (t->done) note(t, "a message after done");
    if (strcmp(kind, MSG_DONE) == 0) {
        val_unref(t->done);
        t->done = val_ref(message);
    } else if (strcmp(kind, MSG_PLAYBOOK) == 0) {
        tell(t, run_message());
    } else if (*kind) {
        reply(t, message);
    }
}

static void on_ended(void *ctx, enum child_end how, int number) {
    struct test *t = ctx;
    t->how = how;
    t->signal = number;
    t->over = true;
}

static struct val *load_message(const struct test *t) {
    struct val *v = val_map(), *modules = val_list();
    bool ok = val_append(modules, val_cstr("ec2")) && val_append(modules, val_cstr("sqs")) &&
              val_set(v, "t", val_cstr(MSG_LOAD)) && val_set(v, "file", val_cstr(t->name)) &&
              val_set(v, "source", val_string(buf_str(&t->source), t->source.len)) &&
              val_set(v, "seed", val_int(42)) && val_set(v, "run_id", val_cstr("run-1")) &&
              val_set(v, "modules", modules);
    return ok ? v : NULL;
}

// --- verdicts ----------------------------------------------------------------

static const char *end_name(const struct test *t) {
    if (t->done && t->how == CHILD_EXITED)
        return val_as_bool(val_get(t->done, "ok"), false) ? "done" : "error";
    switch (t->how) {
    case CHILD_EXITED: return t->signal ? "failed" : "exited";
    case CHILD_KILLED: return child_overdue(t->child) ? "killed" : "killed by the host";
    case CHILD_CRASHED: return "crashed";
    case CHILD_MALFORMED: return "malformed";
    }
    return "?";
}

static void judge(struct test *t, int64_t took_ms) {
    const char *end = end_name(t), *message = val_get_str(val_get(t->done, "error"), "message", "");
    const char *text = strncmp(t->expect, "error ", 6) == 0 ? t->expect + 6 : NULL;
    char problem[1024];
    bool fits = strcmp(t->expect, end) == 0 || (text && strcmp(end, "error") == 0) ||
                (strcmp(t->expect, "stopped") == 0 &&
                 (strcmp(end, "error") == 0 || strcmp(end, "killed") == 0));
    snprintf(problem, sizeof problem, "expected %s, came to %s: %s (signal %d)", t->expect, end,
             message, t->signal);
    if (!fits || (text && !strstr(message, text))) note(t, problem);
    if (took_ms > t->deadline_ms + GRACE_MS) note(t, "it went on after its deadline");
    struct buf value = BUF_EMPTY;
    json_print(&value, val_get(t->done, "value"));
    snprintf(problem, sizeof problem, "run returned %.400s", buf_str(&value));
    if (*t->answers && !strstr(buf_str(&value), t->answers)) note(t, problem);
    buf_free(&value);
    printf("%s %s (%s, %lld ms)%s%s\n", *t->problem ? "not ok" : "ok", t->name, end,
           (long long)took_ms, *t->problem ? ": " : "", t->problem);
}

static bool run(struct fork_server *server, struct test *t) {
    const struct child_handler handler = {on_message, NULL, on_ended, t};
    struct err e = {0};
    int64_t since = clock_mono_ms();
    t->loop = loop_new(&e);
    t->child = t->loop ? child_start(server, t->loop, t->deadline_ms, &handler, &e) : NULL;
    if (!t->child) {
        printf("not ok %s: %s\n", t->name, e.message);
        loop_free(t->loop);
        return false;
    }
    if (t->source.len) tell(t, load_message(t));
    loop_until(t->loop, &t->over, false, &e);
    judge(t, clock_mono_ms() - since);
    child_free(t->child);
    loop_free(t->loop);
    val_unref(t->done);
    fflush(stdout);
    return !*t->problem;
}

static bool run_file(struct fork_server *server, const char *path) {
    struct test t = {.name = path, .deadline_ms = 1000, .expect = "done"};
    struct err e;
    char deadline[32] = "";
    if (!file_read(path, 1 << 20, &t.source, &e)) {
        printf("not ok %s: %s\n", path, e.message);
        return false;
    }
    directive(&t, "expect", t.expect, sizeof t.expect);
    directive(&t, "answers", t.answers, sizeof t.answers);
    directive(&t, "deadline", deadline, sizeof deadline);
    if (*deadline) t.deadline_ms = strtoll(deadline, NULL, 10);
    bool passed = run(server, &t);
    buf_free(&t.source);
    return passed;
}

// Each hostile process needs a fork server of its own: that is what it is forked from.
static bool run_hostile(const struct hostile *h) {
    struct test t = {.name = h->name, .deadline_ms = 1000};
    struct err e;
    snprintf(t.expect, sizeof t.expect, "%s", h->expect);
    struct fork_server *server = fork_server_start(h->serve, &e);
    bool passed = server && run(server, &t);
    fork_server_stop(server);
    return passed;
}

static const struct hostile *find_hostile(const char *name) {
    for (size_t i = 0; i < sizeof hostiles / sizeof *hostiles; i++)
        if (strcmp(hostiles[i].name, name) == 0) return &hostiles[i];
    return NULL;
}

enum verdict { FAILED, PASSED, SKIPPED };

static enum verdict run_one(struct fork_server *server, const char *name) {
    const struct hostile *h = find_hostile(name);
#ifdef CORDON_SANITIZED
    if (h && h->needs_seccomp) {
        printf("skipped %s: a sanitizer build filters no system calls\n", name);
        return SKIPPED;
    }
#endif
    return (h ? run_hostile(h) : run_file(server, name)) ? PASSED : FAILED;
}

int main(int argc, char **argv) {
    int counts[3] = {0, 0, 0};
    struct err e;
    setenv("CORDON_ESCAPE_SECRET", CANARY, 1);
    struct fork_server *server = fork_server_start(playbook_process, &e);
    if (!server) {
        fprintf(stderr, "%s\n", e.message);
        return 1;
    }
    for (int i = 1; i < argc; i++) counts[run_one(server, argv[i])]++;
    for (size_t i = 0; argc == 1 && i < sizeof hostiles / sizeof *hostiles; i++)
        counts[run_one(server, hostiles[i].name)]++;
    fork_server_stop(server);
    printf("%d passed, %d failed, %d skipped\n", counts[PASSED], counts[FAILED], counts[SKIPPED]);
    return counts[FAILED] ? 1 : 0;
}
