// undo_verb.c - `undo RUN` and `verify RUN`.
#include "cli/cli.h"
#include "run/ending.h"
#include "run/undo.h"

int verb_undo(struct host *h, const struct options *o) {
    struct former f = {0};
    struct err e;
    bool ok = find_former(o, &f, &e) && former_may_be_believed(&f, &e) && connect_as_run(h, &f.run, &e);
    int code = ok ? undo_run(h, &f, o->dry_run) : end_with_error(h, &e);
    former_free(&f);
    return code;
}

int verb_verify(struct host *h, const struct options *o) {
    struct former f = {0};
    struct err e;
    bool ok = find_former(o, &f, &e) && former_may_be_believed(&f, &e) && connect_as_run(h, &f.run, &e);
    int code = ok ? verify_run(h, &f, false) : end_with_error(h, &e);
    former_free(&f);
    return code;
}
