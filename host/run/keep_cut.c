// keep_cut.c - looks every 15 seconds.
#include "run/keep_cut.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "prompt/prompt.h"
#include "run/undo.h"

#define EVERY_S 15
#define LONGEST_S ((int64_t)24 * 3600)
#define ASK_MS 60000

bool keep_cut_time(const char *text, int64_t *seconds, struct err *e) {
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};
    size_t digits = strspn(text, "0123456789");
    *seconds = 0;
    for (size_t i = 0; i < digits && digits <= 6; i++) *seconds = *seconds * 10 + (text[i] - '0');
    int64_t unit = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text + digits, units[i].unit) == 0) unit = units[i].seconds;
    *seconds *= unit;
    if (*seconds >= 1 && *seconds <= LONGEST_S) return true;
    return err_set(e, ERR_USAGE, "--hold takes a time from 1s to 24h, as 90s, 10m or 1h, not \"%.40s\"",
                   text);
}

struct keeping {
    struct host *host;
    const struct run_options *again;
    struct buf dir;        // of the newest run
    int64_t left_s;
    bool recut, loose, asked;
    bool unverified;       // by the playbook's own expectations
};

// --- waiting -----------------------------------------------------------------------

static void time_is_up(void *ctx) {
    bool *up = ctx;
    *up = true;
}

// In a world of our own time is moved on instead. False: a signal came.
static bool wait_a_while(struct keeping *k, int64_t seconds) {
    backend_advance_fn *advance = backend_advance(&k->host->backend);
    bool up = false;
    struct err ignored;
    k->left_s -= seconds;
    if (advance) {
        advance(&k->host->backend, (double)seconds);
        return !loop_signal(k->host->loop);
    }
    struct loop_timer *t = loop_timer_add(k->host->loop, seconds * 1000, time_is_up, &up);
    if (t && loop_until(k->host->loop, &up, true, &ignored) && !up) loop_timer_cancel(t);
    return t && up;
}

// --- cutting again -------------------------------------------------------------------

static bool ask(struct keeping *k) {
    struct host *h = k->host;
    struct buf answer = BUF_EMPTY;
    struct err e;
    enum prompt_how how = PROMPT_EOF;
    if (h->yes || h->no_input || k->asked || !prompt_talk_is_seen()) return false;
    k->asked = true;
    struct prompt *p = prompt_open(h->loop, &e);
    if (p) console_before_question(h->console);
    bool yes = p && prompt_line(p, "Cut again, by running the playbook again? [y]es  [n]o: ",
                                &answer, 100, ASK_MS, &how, &e) &&
               how == PROMPT_ANSWER &&
               (strcmp(buf_str(&answer), "y") == 0 || strcmp(buf_str(&answer), "yes") == 0);
    prompt_close(p);
    buf_free(&answer);
    return yes;
}

static const char *id_of(const struct buf *dir) {
    const char *slash = strrchr(buf_str(dir), '/');
    return slash ? slash + 1 : buf_str(dir);
}

// What the new run left counts from now on.
static void cut_again(struct keeping *k) {
    struct buf dir = BUF_EMPTY;
    struct run_options o = *k->again;
    o.dir = &dir;
    int code = run_playbook(k->host, &o);
    bool done = (code == EXIT_DONE || code == EXIT_NOT_VERIFIED) && dir.len && k->host->changed;
    if (dir.len)
        console_say(k->host->console, done ? STYLE_GOOD : STYLE_ALARM, "%s by the run %s",
                    done ? "Cut again" : "NOT cut again", id_of(&dir));
    if (done) {
        buf_free(&k->dir);
        k->dir = dir;
        k->loose = false;
        k->unverified = code != EXIT_DONE;
    } else buf_free(&dir);
}

static bool look(struct keeping *k) {
    struct former f;
    struct err e;
    bool opened = former_open(buf_str(&k->dir), &f, &e);
    int code = opened ? verify_run(k->host, &f, true) : EXIT_FAILED;
    if (!opened) console_error(k->host->console, &e);
    former_free(&f);
    return code == EXIT_DONE;
}

static void look_and_act(struct keeping *k) {
    k->loose = !look(k);
    if (!k->loose) {
        k->asked = false;
        return;
    }
    if (loop_signal(k->host->loop)) return;
    console_aloud(k->host->console);
    if ((k->recut && k->host->yes) || ask(k)) cut_again(k);
}

int keep_cut(struct host *h, const char *dir, int code, int64_t seconds,
             const struct run_options *again, bool recut) {
    struct keeping k = {.host = h, .again = again, .dir = BUF_EMPTY, .left_s = seconds,
                     .recut = recut, .unverified = code != EXIT_DONE};
    buf_add_str(&k.dir, dir);
    console_say(h->console, STYLE_BOLD,
                "Holding it for %" PRId64 " s: looked at every %d s; Ctrl-C ends that, and changes "
                "nothing",
                seconds, EVERY_S);
    bool goes_on = !k.dir.failed;
    while (goes_on && k.left_s > 0) {
        goes_on = wait_a_while(&k, k.left_s < EVERY_S ? k.left_s : EVERY_S);
        if (goes_on) look_and_act(&k);
    }
    console_say(h->console, k.loose ? STYLE_ALARM : STYLE_GOOD, "%s: %s",
                loop_signal(h->loop) ? "No longer held" : "Held to the end",
                k.loose ? "NOT AS IT WAS LEFT" : "it is as it was left");
    if (k.loose)
        console_say(h->console, STYLE_BOLD, "See what:  cordon verify %s", id_of(&k.dir));
    buf_free(&k.dir);
    return k.loose || k.unverified ? EXIT_NOT_VERIFIED : EXIT_DONE;
}
