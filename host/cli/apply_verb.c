// apply_verb.c - `apply FILE`: executes a saved plan.
#include <string.h>

#include "cli/cli.h"
#include "run/origin.h"
#include "run/outcome.h"
#include "run/run.h"
#include "run/used_plans.h"

// What the plan was made with and the command line does not say. Where to send is never taken from
// a file that anybody may have written.
static bool as_the_plan(struct host *h, const struct saved_plan *s, struct err *e) {
    const char *profile = val_get_str(s->value, "profile", NULL),
               *ticket = val_get_str(s->value, "ticket", NULL);
    if (!h->region) h->region = val_get_str(s->value, "region", NULL);
    if (!h->profile) h->profile = profile;
    if (h->ticket && strcmp(h->ticket, ticket ? ticket : "") != 0)
        return err_set(e, ERR_LEFT_PLAN, "the plan is for the ticket %s, not %s; plan again",
                       ticket ? ticket : "(none)", h->ticket);
    h->ticket = ticket;
    return true;
}

static bool ready(struct host *h, const struct saved_plan *s, struct source *source, struct err *e) {
    const char *version = val_get_str(s->value, "version", "");
    if (strcmp(version, CORDON_VERSION) != 0)
        console_warn(h->console, "the plan was made by cordon %s, this is %s", version, CORDON_VERSION);
    return used_plans_is_free(s->id, e) && origin_find(s->value, source, e) &&
           as_the_plan(h, s, e) && connect_backend(h, e);
}

static int apply(struct host *h, const struct saved_plan *s) {
    struct source source = {0};
    struct err e;
    if (!ready(h, s, &source, &e)) {
        console_error(h->console, &e);
        source_free(&source);
        return error_exit(&e);
    }
    const struct run_options run = {.source = &source, .saved = s};
    int code = run_playbook(h, &run);
    source_free(&source);
    return code;
}

int verb_apply(struct host *h, const struct options *o) {
    struct saved_plan saved;
    struct err e;
    if (o->word_count != 2)
        return usage(h, "apply takes one file: `cordon plan PLAYBOOK ... --out FILE` makes it");
    if (!saved_plan_read(o->words[1], h->model, &saved, &e)) {
        console_error(h->console, &e);
        return err_is(&e, ERR_INVALID) ? EXIT_USAGE : error_exit(&e);
    }
    int code = apply(h, &saved);
    saved_plan_free(&saved);
    return code;
}
