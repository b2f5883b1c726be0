// undo_verb.c - `undo RUN` and `verify RUN`.
#include "cli/cli.h"
#include "run/ending.h"
#include "run/undo.h"

static int refuse(struct host *h, const struct err *e) {
    say_error(h->console, e);
    return error_exit(e);
}

static bool find(const struct options *o, struct former *f, struct err *e) {
    if (o->word_count == 2) return former_find(o->words[1], f, e);
    return err_set(e, ERR_USAGE, "%s takes one run: `cordon %s RUN`; `cordon runs` shows them",
                   o->words[0], o->words[0]);
}

int verb_undo(struct host *h, const struct options *o) {
    struct former f = {0};
    struct err e;
    bool ok = find(o, &f, &e) && former_may_be_believed(&f, &e) && connect_as_run(h, &f.run, &e);
    int code = ok ? undo_run(h, &f, o->dry_run) : refuse(h, &e);
    former_free(&f);
    return code;
}

int verb_verify(struct host *h, const struct options *o) {
    struct former f = {0};
    struct err e;
    bool ok = find(o, &f, &e) && former_may_be_believed(&f, &e) && connect_as_run(h, &f.run, &e);
    int code = ok ? verify_run(h, &f, false) : refuse(h, &e);
    former_free(&f);
    return code;
}
