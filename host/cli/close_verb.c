// close_verb.c - `close RUN`: ends the window that a killed host left open.
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"
#include "run/identity.h"
#include "run/report.h"
#include "run/single.h"
#include "run/taking_back.h"

// Flags that were not given are the run's own.
static void as_the_run(struct host *h, const struct run_summary *s) {
    const char *region = run_text(s, "region"), *profile = run_text(s, "profile"),
               *endpoint = run_text(s, "endpoint_url");
    if (!h->region && *region) h->region = region;
    if (!h->profile && *profile) h->profile = profile;
    if (!h->endpoint_url && *endpoint) h->endpoint_url = endpoint;
}

static bool same_account(const struct single *s, const struct run_summary *run, struct err *e) {
    const char *then = run_text(run, "account"), *now = scene_account(&s->scene);
    if (strcmp(then, now) == 0) return true;
    return err_set(e, ERR_USAGE,
                   "that run was in account %s, these credentials are of %s; use another --profile",
                   then, now);
}

static void say_due(const struct single *s, const struct val *closing) {
    for (size_t i = 0; i < val_count(closing); i++) {
        const struct val *c = val_at(closing, i);
        struct buf params = BUF_EMPTY;
        json_print(&params, val_get(c, "params"));
        console_say(s->scene.console, STYLE_PLAIN, "  closing: %s.%s %s",
                    val_get_str(c, "service", "?"), val_get_str(c, "operation", "?"),
                    buf_str(&params));
        buf_free(&params);
    }
}

static bool close_it(struct single *s, const struct run_summary *run, const char *dir,
                     struct err *e) {
    if (!same_account(s, run, e)) return false;
    s->journal = journal_reopen(dir, e);
    s->gate.journal = s->journal;
    if (!s->journal || !window_adopt(&s->gate, run->closing, e)) return false;
    say_due(s, run->closing);
    return window_close(&s->gate, "close", e);
}

// The run stopped where it was killed: to finish it, or to take it back, is the operator's choice.
static void say_next(const struct single *s, const struct run_summary *run, const char *dir) {
    struct err e;
    struct val *calls = taking_back(dir, &e), *lines = command_lines(&s->scene, calls);
    console_say(
        s->scene.console, STYLE_BOLD,
        "Its run was not finished. Run the playbook again to finish it (%s), or take it back.",
        run_text(run, "playbook"));
    if (!calls) console_error(s->scene.console, &e);
    say_lines(&s->scene, lines);
    val_unref(calls);
    val_unref(lines);
}

// A journal says where to send; whoever reads this should see it.
static void say_where(const struct host *h, const struct run_summary *s) {
    const char *endpoint = run_text(s, "endpoint_url");
    if (h->endpoint_url && strcmp(h->endpoint_url, endpoint) == 0)
        console_say(h->console, STYLE_CARE, "  the run's endpoint is used: %s", endpoint);
}

static int close_window(struct host *h, const struct run_summary *run, const char *dir) {
    struct single s;
    struct err e;
    if (!runs_is_own(dir, &e)) {
        console_error(h->console, &e);
        return EXIT_WINDOW_OPEN;
    }
    as_the_run(h, run);
    say_where(h, run);
    if (!connect_aws(h, &e)) {
        console_error(h->console, &e);
        return EXIT_WINDOW_OPEN;
    }
    bool ok = single_begin(&s, h, &e) && close_it(&s, run, dir, &e);
    if (ok) {
        console_say(h->console, STYLE_GOOD, "The window of %s is closed.%s", run->id,
                    s.gate.journal_lost ? " ITS JOURNAL COULD NOT BE WRITTEN." : "");
        say_next(&s, run, dir);
    } else {
        console_error(h->console, &e);
        console_say(h->console, STYLE_ALARM,
                    "A WINDOW MAY STILL BE OPEN: the instance may be reachable from the whole "
                    "internet. Mend what is said above, and type:  cordon close %s",
                    run->id);
    }
    int code = !ok ? EXIT_WINDOW_OPEN : s.gate.journal_lost ? EXIT_JOURNAL : EXIT_DONE;
    single_free(&s);
    return code;
}

// Nothing to close, but the lines that the run printed at its end may have scrolled away. Calls
// that were made in a world are of no use elsewhere.
static void say_way_back(struct host *h, const struct run_summary *run, const char *dir) {
    struct err e;
    bool world = strcmp(run_text(run, "backend"), "simulator") == 0;
    as_the_run(h, run);
    say_where(h, run);
    if (world && !h->sim && !h->endpoint_url) {
        console_say(h->console, STYLE_PLAIN,
                    "It ran on the simulator; with its --sim=FILE --save, or --endpoint-url, "
                    "`cordon close %s` says how to take it back.",
                    run->id);
        return;
    }
    struct scene scene = scene_new(h);
    scene.region = h->region;
    struct val *calls = taking_back(dir, &e), *lines = command_lines(&scene, calls);
    if (!calls) console_error(h->console, &e);
    else if (!val_count(lines))
        console_say(h->console, STYLE_PLAIN, "It left nothing to take back.");
    say_lines(&scene, lines);
    val_unref(calls);
    val_unref(lines);
    scene_free(&scene);
}

static int refuse(struct host *h, int code, const char *format, const char *a, const char *b) {
    struct err e;
    char text[900];
    snprintf(text, sizeof text, format, a, b);
    err_set(&e, ERR_USAGE, "%s", text);
    console_error(h->console, &e);
    return code;
}

static int close_run(struct host *h, const struct run_summary *run, const char *dir) {
    if (run->state == RUN_DAMAGED)
        return refuse(h, EXIT_JOURNAL,
                      "the journal of %s does not verify (%s), so its closing calls cannot be "
                      "trusted; look at the instance's groups by hand",
                      run->id, run->why);
    if (run->state == RUN_RUNNING)
        return refuse(h, EXIT_FAILED, "%s is still running%s; it closes its window itself", run->id,
                      "");
    if (run->window_open && run->closing_unread)
        return refuse(h, EXIT_WINDOW_OPEN,
                      "the journal of %s names closing calls that cannot be read%s; look at the "
                      "instance's groups by hand",
                      run->id, "");
    if (run->window_open) return close_window(h, run, dir);
    console_say(h->console, STYLE_GOOD, "No window of %s is open.", run->id);
    say_way_back(h, run, dir);
    return EXIT_DONE;
}

int verb_close(struct host *h, const struct options *o) {
    struct buf dir = BUF_EMPTY;
    struct run_summary run;
    struct err e;
    int code = EXIT_USAGE;
    if (o->word_count != 2)
        err_set(&e, ERR_USAGE, "close takes one run: `cordon close RUN`; `cordon runs` shows them");
    bool ok = o->word_count == 2 && runs_find(o->words[1], &dir, &e) &&
              runs_summary(buf_str(&dir), true, &run, &e);
    if (!ok)
        console_error(h->console, &e);
    else {
        code = close_run(h, &run, buf_str(&dir));
        run_summary_clear(&run);
    }
    buf_free(&dir);
    return code;
}
