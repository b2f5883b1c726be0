// run_verb.c - `run` and `plan`.
#include "cli/cli.h"
#include "run/outcome.h"
#include "run/keep_cut.h"
#include "run/run.h"

static bool hold_fits(const struct options *o, bool plan_only, int64_t *seconds, struct err *e) {
    *seconds = 0;
    if (!o->hold && o->recut)
        return err_set(e, ERR_USAGE, "--recut says what --hold does: give --hold 10m too");
    if (o->hold && plan_only)
        return err_set(e, ERR_USAGE, "a plan changes nothing that could be held: leave --hold out");
    return !o->hold || keep_cut_time(o->hold, seconds, e);
}

static int start(struct host *h, const struct options *o, bool plan_only) {
    struct err e;
    int64_t seconds;
    if (!hold_fits(o, plan_only, &seconds, &e)) {
        console_error(h->console, &e);
        return EXIT_USAGE;
    }
    if (o->out && !plan_only)
        return usage(h, "--out is for `cordon plan` (and snapshot): it saves a plan, and `cordon apply "
                        "FILE` executes it");
    if (o->word_count < 2) {
        err_set(&e, ERR_USAGE, "%s needs a playbook: `cordon %s PLAYBOOK [key=value ...]`; `cordon "
                               "list` shows them",
                o->words[0], o->words[0]);
        console_error(h->console, &e);
        return EXIT_USAGE;
    }
    struct buf dir = BUF_EMPTY;
    const struct run_options run = {.dir = &dir,
                                    .playbook = o->words[1],
                                    .pairs = o->words + 2,
                                    .pair_count = o->word_count - 2,
                                    .plan_only = plan_only,
                                    .out = plan_only ? o->out : NULL,
                                    .detailed_exitcode = o->detailed_exitcode};
    int code = run_playbook(h, &run);
    bool cut = h->changed && (code == EXIT_DONE || code == EXIT_NOT_VERIFIED);
    if (seconds && cut) code = keep_cut(h, buf_str(&dir), code, seconds, &run, o->recut);
    else if (seconds && code == EXIT_DONE)
        console_say(h->console, STYLE_CARE, "This run changed nothing, so there is nothing to hold; "
                                            "`cordon verify RUN` looks at an earlier one.");
    buf_free(&dir);
    return code;
}

int verb_run(struct host *h, const struct options *o) {
    return start(h, o, o->dry_run);
}

int verb_plan(struct host *h, const struct options *o) {
    return start(h, o, true);
}
