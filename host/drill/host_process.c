// host_process.c - fork, serve, wait.
#include "drill/host_process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/retry.h"
#include "base/clock.h"
#include "base/hash.h"
#include "drill/client.h"
#include "drill/stage.h"

// Beyond the playbook's own deadline, in real time: nothing in it takes so long.
#define HANGS_MS 60000
#define COULD_NOT_START 126

// --- in the new process ------------------------------------------------------------------

static void send_transcript(struct client *c) {
    struct val *about = val_map(), *ignored = NULL;
    struct err e;
    if (about && val_set(about, "text", val_string(buf_str(c->transcript), c->transcript->len)))
        client_world(c, "transcript", about, &ignored, &e);
    val_unref(about);
    val_unref(ignored);
}

static int do_job(const struct host *parent, const struct host_setup *setup, struct link *link) {
    struct buf transcript = BUF_EMPTY;
    struct err e;
    struct host h = *parent;
    // Flags for AWS have no meaning in a drill's world, and the drill's operator answers.
    h.profile = h.region = h.endpoint_url = NULL;
    h.yes = h.no_input = h.json = false;
    h.loop = loop_new(&e);
    h.console = console_new(NULL, &(struct console_options){.transcript = &transcript});
    if (!h.loop || !h.console || !loop_catch_signals(h.loop, &e)) return COULD_NOT_START;
    struct client client = {.link = link,
                            .loop = h.loop,
                            .model = h.model,
                            .latency_ms = setup->latency_ms,
                            .quota = RETRY_QUOTA,
                            .state_dir = setup->state_dir,
                            .transcript = &transcript};
    struct advisor advisor = client_advisor(&client, parent->advisor);
    struct operator operator= client_operator(&client);
    h.advisor = &advisor;
    h.operator= & operator;
    backend_simulated(&h.backend, h.loop, h.model, h.advisor);
    h.backend.answers = client_answerer(&client);
    int code = setup->job(&h, setup->ctx);
    send_transcript(&client);
    return code;
}

// Never returns: nothing of the runner's may go on in it.
static _Noreturn void become_host(const struct host *parent, const struct host_setup *setup,
                                  struct link *link, pid_t runner) {
    setpgid(0, 0);  // Ctrl-C is for the runner
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != runner ||
        setenv("XDG_STATE_HOME", setup->state_dir, 1) != 0)
        _exit(COULD_NOT_START);
    clock_simulate(setup->now_us);
    random_derive(setup->seed);
    _exit(do_job(parent, setup, link));
}

// --- in the runner -----------------------------------------------------------------------

struct serving {
    struct host *host;
    struct link link;
    pid_t pid;
    struct host_end *end;
    bool killed;
};

static bool signal_came(void *ctx) {
    const struct serving *s = ctx;
    return loop_signal(s->host->loop) != 0;
}

static bool is_served(const char *function) {
    static const char *const served[] = {"answer", "advance", "facts", "operator"};
    for (size_t i = 0; i < sizeof served / sizeof *served; i++)
        if (strcmp(function, served[i]) == 0) return true;
    return false;
}

static struct val *reply_of(bool ok, struct val *value, const struct err *e) {
    struct val *v = val_map();
    if (v && val_set(v, ok ? "value" : "error", ok ? val_ref(value) : err_to_val(e))) return v;
    val_unref(v);
    return NULL;
}

// Answers one question; false when the process is not to go on.
static bool serve(struct serving *s, const struct val *message, struct err *e) {
    const char *function = val_get_str(message, "ask", "");
    const struct val *about = val_get(message, "about");
    struct val *answer = NULL;
    struct err told;
    bool ok = true;
    if (strcmp(function, "transcript") == 0) {
        const struct val *text = val_get(about, "text");
        buf_add(&s->end->transcript, val_as_str(text, ""), val_str_len(text));
        answer = val_map();
    } else if (is_served(function)) {
        ok = stage_ask(s->host->advisor, function, val_ref(about), &answer, &told);
    } else {
        ok = err_set(&told, ERR_SYSTEM, "the drill's host asks for \"%.40s\"", function);
    }
    s->killed = ok && val_as_bool(val_get(answer, "kill"), false);
    struct val *reply = s->killed ? NULL : reply_of(ok, answer, &told);
    bool sent = reply ? link_send(&s->link, reply, e) : s->killed || err_memory(e);
    val_unref(answer);
    val_unref(reply);
    return sent && !s->killed;
}

static bool serve_all(struct serving *s, struct err *e) {
    int patience =
        (int)(s->host->deadline_ms < 3600000 ? s->host->deadline_ms : 3600000) + HANGS_MS;
    for (;;) {
        struct val *message = NULL;
        switch (link_receive(&s->link, patience, signal_came, s, &message)) {
        case LINK_ENDED: return true;
        case LINK_TIMEOUT: return err_set(e, ERR_SYSTEM, "the drill's host hangs");
        case LINK_SIGNAL: return err_set(e, ERR_INTERRUPTED, "interrupted");
        case LINK_BROKEN: return err_set(e, ERR_SYSTEM, "the drill's host sent what is no message");
        case LINK_MESSAGE: break;
        }
        bool goes_on = serve(s, message, e);
        val_unref(message);
        if (!goes_on) return s->killed;
    }
}

static void take_end(struct serving *s, bool served) {
    int status = 0;
    if (s->killed || !served) kill(s->pid, SIGKILL);  // our own child, not reaped yet
    while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR) {
    }
    s->end->exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool host_process_run(struct host *h, const struct host_setup *setup, struct host_end *end,
                      struct err *e) {
    int pair[2];
    *end = (struct host_end){.transcript = BUF_EMPTY};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_errno(e, "cannot make a socket pair");
    pid_t runner = getpid(), pid = fork();
    if (pid == 0) {
        struct link link = {.fd = pair[1]};
        close(pair[0]);
        become_host(h, setup, &link, runner);
    }
    close(pair[1]);
    struct serving s = {.host = h, .link = {.fd = pair[0]}, .pid = pid, .end = end};
    bool ok = pid > 0 || err_errno(e, "cannot fork");
    if (ok) {
        ok = serve_all(&s, e);
        take_end(&s, ok);
        if (ok && end->exit == COULD_NOT_START)
            ok = err_set(e, ERR_SYSTEM, "the drill's host could not start");
    }
    link_free(&s.link);
    return ok;
}
