// run_verb.c - `run` and `plan`.
#include "cli/cli.h"
#include "run/outcome.h"
#include "run/run.h"

static int start(struct host *h, const struct options *o, bool plan_only) {
    if (o->out && !plan_only)
        return usage(h, "--out is for `cordon plan` (and snapshot): it saves a plan, and `cordon apply "
                        "FILE` executes it");
    if (o->word_count < 2) {
        struct err e;
        err_set(&e, ERR_USAGE, "%s needs a playbook: `cordon %s PLAYBOOK [key=value ...]`; `cordon "
                               "list` shows them",
                o->words[0], o->words[0]);
        console_error(h->console, &e);
        return EXIT_USAGE;
    }
    const struct run_options run = {.playbook = o->words[1],
                                    .pairs = o->words + 2,
                                    .pair_count = o->word_count - 2,
                                    .plan_only = plan_only,
                                    .out = plan_only ? o->out : NULL,
                                    .detailed_exitcode = o->detailed_exitcode};
    return run_playbook(h, &run);
}

int verb_run(struct host *h, const struct options *o) {
    return start(h, o, o->dry_run);
}

int verb_plan(struct host *h, const struct options *o) {
    return start(h, o, true);
}
