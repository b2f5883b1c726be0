// resume_verb.c - `resume RUN`: finishes a run that stopped half-way.
#include "cli/cli.h"
#include "run/former.h"
#include "run/origin.h"
#include "run/outcome.h"
#include "run/resume.h"

// Flags that were not given are the run's own; its ticket is always.
static void as_the_run(struct host *h, const struct run_summary *s) {
    const char *region = run_text(s, "region"), *profile = run_text(s, "profile"),
               *endpoint = run_text(s, "endpoint_url"), *ticket = run_text(s, "ticket");
    if (!h->region && *region) h->region = region;
    if (!h->profile && *profile) h->profile = profile;
    if (!h->endpoint_url && *endpoint) h->endpoint_url = endpoint;
    h->ticket = *ticket ? ticket : NULL;
}

static int refused(struct host *h, const struct err *e, int code) {
    console_error(h->console, e);
    return code;
}

static bool close_first(struct host *h, const struct former *f, int *code, struct err *e) {
    bool lost = false;
    *code = EXIT_WINDOW_OPEN;
    if (!f->run.window_open) return true;
    if (!connect_backend(h, e) || !former_close_window(f, h, &lost, e)) return false;
    *code = EXIT_JOURNAL;
    return !lost || err_set(e, ERR_JOURNAL, "the journal of %s cannot be written", f->run.id);
}

// Its window is closed.
static int go_on(struct host *h, const struct former *f) {
    struct record record = {0};
    struct source source = {0};
    struct err e;
    bool nothing_to_do = false;
    bool ok = record_read(buf_str(&f->dir), &record, &e) &&
              resume_is_possible(f, &record, &nothing_to_do, &e) &&
              origin_find(record.start, &source, &e) && (h->backend.name || connect_backend(h, &e));
    record_free(&record);
    int code = EXIT_DONE;
    if (ok) code = resume_run(h, f, &source);
    else if (nothing_to_do) console_say(h->console, STYLE_GOOD, "%s", e.message);
    else code = refused(h, &e, error_exit(&e));
    source_free(&source);
    return code;
}

// The window first: whatever comes after, the instance is not left open.
static int resume(struct host *h, const struct former *f) {
    struct former closed = {0};
    struct err e;
    int code = 0;
    if (!former_may_be_believed(f, &e)) return refused(h, &e, error_exit(&e));
    as_the_run(h, &f->run);
    if (!close_first(h, f, &code, &e)) return refused(h, &e, code);
    bool ok = former_open(buf_str(&f->dir), &closed, &e);
    code = ok ? go_on(h, &closed) : refused(h, &e, error_exit(&e));
    former_free(&closed);
    return code;
}

int verb_resume(struct host *h, const struct options *o) {
    struct former f = {0};
    struct err e;
    if (o->word_count != 2)
        return usage(h, "resume takes one run: `cordon resume RUN`; `cordon runs` shows them");
    bool ok = former_find(o->words[1], &f, &e);
    int code = ok ? resume(h, &f) : refused(h, &e, error_exit(&e));
    former_free(&f);
    return code;
}
