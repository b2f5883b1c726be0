// jobs.c - run, undo, close.
#include "drill/jobs.h"

#include "run/outcome.h"
#include "run/undo.h"

int job_run(struct host *h, void *ctx) {
    return run_playbook(h, ctx);
}

static int failed(struct host *h, int code, const struct err *e) {
    console_error(h->console, e);
    return code;
}

int job_close(struct host *h, void *ctx) {
    struct former f;
    struct err e;
    bool lost, opened = former_open(ctx, &f, &e);
    int code = EXIT_DONE;
    if (!opened) code = failed(h, EXIT_JOURNAL, &e);
    else if (!former_close_window(&f, h, &lost, &e)) code = failed(h, EXIT_WINDOW_OPEN, &e);
    former_free(&f);
    return code;
}

int job_undo(struct host *h, void *ctx) {
    struct former f;
    struct err e;
    // The drill's operator answers for the run alone.
    h->yes = true;
    h->operator = NULL;
    int code = former_open(ctx, &f, &e) ? undo_run(h, &f, false) : failed(h, EXIT_JOURNAL, &e);
    former_free(&f);
    return code;
}
