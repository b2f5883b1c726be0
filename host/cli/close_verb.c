// close_verb.c - `close RUN`: ends the window that a killed host left open.
#include "cli/cli.h"
#include "run/former.h"

// The run stopped where it was killed: to finish it, or to take it back, is the operator's choice.
static void say_next(const struct host *h, const struct former *f) {
    console_say(h->console, STYLE_BOLD, "Its run was not finished. To finish it:  cordon resume %s",
                f->run.id);
    console_say(h->console, STYLE_BOLD, "To take it back:  cordon undo %s", f->run.id);
}

static int close_window(struct host *h, const struct former *f) {
    bool lost = false;
    struct err e;
    if (!former_may_be_believed(f, &e) || !connect_as_run(h, &f->run, &e) ||
        !former_close_window(f, h, &lost, &e))
        return former_open_still(f, h, &e);
    say_next(h, f);
    return lost ? EXIT_JOURNAL : EXIT_DONE;
}

static int refuse(struct host *h, int code, const struct err *e) {
    console_error(h->console, e);
    return code;
}

static int close_run(struct host *h, const struct former *f) {
    const struct run_summary *run = &f->run;
    struct err e;
    if (run->state == RUN_DAMAGED) {
        err_set(&e, ERR_JOURNAL,
                "the journal of %s does not verify (%.300s), so its closing calls cannot be "
                "trusted; look at the instance's groups by hand",
                run->id, run->why);
        return refuse(h, EXIT_JOURNAL, &e);
    }
    if (run->state == RUN_RUNNING) {
        err_set(&e, ERR_USAGE, "%s is still running; it closes its window itself", run->id);
        return refuse(h, EXIT_FAILED, &e);
    }
    if (run->window_open) return close_window(h, f);
    console_say(h->console, STYLE_GOOD, "No window of %s is open.", run->id);
    if (run->made || run->unknown)
        console_say(h->console, STYLE_PLAIN, "To take the run back:  cordon undo %s", run->id);
    return EXIT_DONE;
}

int verb_close(struct host *h, const struct options *o) {
    struct former f = {0};
    struct err e;
    int code = find_former(o, &f, &e) ? close_run(h, &f) : refuse(h, EXIT_USAGE, &e);
    former_free(&f);
    return code;
}
