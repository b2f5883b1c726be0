// resume_verb.c - `resume RUN`: finishes a run that stopped half-way.
#include <string.h>

#include "cli/cli.h"
#include "run/former.h"
#include "run/origin.h"
#include "run/outcome.h"
#include "run/resume.h"

static int refused(struct host *h, const struct err *e) {
    console_error(h->console, e);
    return error_exit(e);
}

// As the run had it, its ticket too: what the playbook is told must be the same.
static bool connect(struct host *h, const struct former *f, struct err *e) {
    const char *ticket = run_text(&f->run, "ticket");
    if (h->ticket && strcmp(h->ticket, ticket) != 0)
        return err_set(e, ERR_USAGE, "%s has the ticket %s; leave --ticket out", f->run.id,
                       *ticket ? ticket : "(none)");
    return connect_as_run(h, &f->run, e);
}

// EXIT_DONE: none is open any more.
static int close_first(struct host *h, const struct former *f) {
    bool lost = false;
    struct err e;
    if (!f->run.window_open) return EXIT_DONE;
    if (!connect(h, f, &e) || !former_close_window(f, h, &lost, &e)) return former_open_still(f, h, &e);
    if (!lost) return EXIT_DONE;
    err_set(&e, ERR_JOURNAL, "the journal of %s cannot be written", f->run.id);
    return refused(h, &e);
}

// Its window is closed.
static int go_on(struct host *h, const struct former *f) {
    struct record record = {0};
    struct source source = {0};
    struct err e;
    bool nothing_to_do = false;
    bool ok = record_read(buf_str(&f->dir), &record, &e) &&
              resume_is_possible(f, &record, &nothing_to_do, &e) &&
              origin_find(record.start, &source, &e) && (h->backend.name || connect(h, f, &e));
    record_free(&record);
    int code = EXIT_DONE;
    if (ok) code = resume_run(h, f, &source);
    else if (nothing_to_do) console_say(h->console, STYLE_GOOD, "%s", e.message);
    else code = refused(h, &e);
    source_free(&source);
    return code;
}

// The window first: whatever comes after, the instance is not left open.
static int resume(struct host *h, const struct former *f) {
    struct former closed = {0};
    struct err e;
    if (!former_may_be_believed(f, &e)) return refused(h, &e);
    int code = close_first(h, f);
    if (code != EXIT_DONE) return code;
    bool ok = former_open(buf_str(&f->dir), &closed, &e);
    code = ok ? go_on(h, &closed) : refused(h, &e);
    former_free(&closed);
    return code;
}

int verb_resume(struct host *h, const struct options *o) {
    struct former f = {0};
    struct err e;
    bool ok = find_former(o, &f, &e);
    int code = ok ? resume(h, &f) : refused(h, &e);
    former_free(&f);
    return code;
}
