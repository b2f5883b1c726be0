// escape-host.c - runs hostile playbooks against a minimal host.
//
// Owns: a host that answers every request with a canned reply, and the verdict. Arguments
// are playbooks (FILE.lua) and hostile child processes (@NAME, the table below). What a
// playbook must come to stands in its comments:
//   -- expect: done | error TEXT | killed | malformed | crashed | stopped
//              (stopped: an error, malformed or killed; TEXT must be part of the error's message)
//   -- deadline: MILLISECONDS     (1000 when it is not given)
//   -- repeat: N                  (all N runs must send the same messages)
//   -- answers: TEXT              (must be part of the value that run returned, as JSON)
// Beyond that no message may carry the canary from this program's environment, nor
// anything that looks like an address; all ends within the deadline and 2 s, and the host
// can start another playbook afterwards.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "child/child.h"
#include "child/messages.h"
#include "escape/processes.h"
#include "lua/playbook_process.h"

#define CANARY "canary-5f1e77"
#define GRACE_MS 2000
// Sanitizers make everything some times slower; what counts there is that it ends.
#ifdef CORDON_SANITIZED
#define SLOWNESS 2
#else
#define SLOWNESS 1
#endif

// --- cases -------------------------------------------------------------------

struct test {
    const char *name;
    struct buf source;
    char expect[256], answers[256];
    int expect_signal;  // 0: any
    int64_t deadline_ms;
    struct loop *loop;
    struct child *child;
    int64_t virtual_us;
    struct buf transcript;  // of all messages, when runs are compared
    bool compared;
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
    if (t->compared) buf_add(&t->transcript, buf_str(&text), text.len);
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

static struct val *description(const char *operation) {
    struct val *v = val_map();
    const char *token = strcmp(operation, "describe_paged") == 0 ? "NextToken" : "";
    if (val_set(v, "method", val_cstr(operation)) && val_set(v, "page_input", val_cstr(token)) &&
        val_set(v, "page_output", val_cstr(token)))
        return v;
    val_unref(v);
    return NULL;
}

static struct val *answer_to(struct test *t, const struct val *message) {
    const char *kind = val_get_str(message, "t", "");
    if (strcmp(kind, MSG_STEP) == 0) return val_cstr("run");
    if (strcmp(kind, MSG_WAIT) == 0) return val_int(t->virtual_us);
    if (strcmp(kind, MSG_REQUIRE) == 0) return module_value(val_get_str(message, "name", ""));
    if (strcmp(kind, MSG_CALL) == 0) return val_ref(val_get(message, "params"));
    if (strcmp(kind, MSG_DESCRIBE) == 0) return description(val_get_str(message, "operation", ""));
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
                 (strcmp(end, "error") == 0 || strcmp(end, "killed") == 0 ||
                  strcmp(end, "malformed") == 0));
    snprintf(problem, sizeof problem, "expected %s, came to %s: %s (signal %d)", t->expect, end,
             message, t->signal);
    if (!fits || (text && !strstr(message, text))) note(t, problem);
    if (t->expect_signal && t->signal != t->expect_signal) note(t, problem);
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

// The same playbook again: the same messages.
static bool run_again(struct fork_server *server, const struct test *plain, int times) {
    struct test first = *plain;
    first.compared = true;
    bool passed = run(server, &first);
    for (int i = 1; passed && i < times; i++) {
        struct test again = *plain;
        again.compared = true;
        passed = run(server, &again);
        bool same = again.transcript.len == first.transcript.len &&
                    memcmp(again.transcript.data, first.transcript.data, first.transcript.len) == 0;
        buf_free(&again.transcript);
        if (!same) printf("not ok %s: run %d sent other messages\n", plain->name, i + 1);
        passed = passed && same;
    }
    buf_free(&first.transcript);
    return passed;
}

static bool run_file(struct fork_server *server, const char *path) {
    struct test t = {.name = path, .deadline_ms = 1000, .expect = "done"};
    struct err e;
    char deadline[32] = "", times[32] = "1";
    if (!file_read(path, 1 << 20, &t.source, &e)) {
        printf("not ok %s: %s\n", path, e.message);
        return false;
    }
    directive(&t, "expect", t.expect, sizeof t.expect);
    directive(&t, "answers", t.answers, sizeof t.answers);
    directive(&t, "deadline", deadline, sizeof deadline);
    directive(&t, "repeat", times, sizeof times);
    if (*deadline) t.deadline_ms = strtoll(deadline, NULL, 10);
    t.deadline_ms *= SLOWNESS;
    bool passed = run_again(server, &t, (int)strtol(times, NULL, 10));
    buf_free(&t.source);
    return passed;
}

// Each hostile process needs a fork server of its own: that is what it is forked from.
static bool run_hostile(const struct hostile *h) {
    struct test t = {.name = h->name, .deadline_ms = 1000 * SLOWNESS};
    struct err e;
    snprintf(t.expect, sizeof t.expect, "%s", h->expect);
    if (h->needs_seccomp) t.expect_signal = SIGSYS;
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
