// former.c - believes a journal, or not.
#include "run/former.h"

#include <string.h>

#include "base/json.h"

bool former_open(const char *dir, struct former *f, struct err *e) {
    *f = (struct former){.dir = BUF_EMPTY};
    buf_add_str(&f->dir, dir);
    return (!f->dir.failed || err_memory(e)) && runs_summary(dir, true, &f->run, e);
}

bool former_is_undo(const struct former *f) {
    return strcmp(run_text(&f->run, "file"), UNDO_SOURCE) == 0;
}

const char *former_undo_state(const struct former *f) {
    const struct val *undo = f->run.undo;
    if (!undo) return "";
    if (strcmp(val_get_str(undo, "kind", ""), "undo.start") == 0) return "begun";
    return val_get_str(undo, "state", "?");
}

static bool take_no_undo(void *ctx, const char *id, const char *dir) {
    struct buf *found = ctx;
    struct former f;
    struct err ignored;
    (void)id;
    bool opened = former_open(dir, &f, &ignored);
    bool wanted = opened && !former_is_undo(&f);
    former_free(&f);
    if (wanted) buf_add_str(found, dir);
    return !wanted;
}

// When there are undos alone, the newest of them: it says itself what is wrong with it.
static bool find_dir(const char *name, struct buf *dir, struct err *e) {
    if (strcmp(name, "last") == 0 && !runs_list(take_no_undo, dir, e)) return false;
    return dir->len || runs_find(name, dir, e);
}

bool former_find(const char *name, struct former *f, struct err *e) {
    struct buf dir = BUF_EMPTY;
    *f = (struct former){.dir = BUF_EMPTY};
    bool ok = find_dir(name, &dir, e) && former_open(buf_str(&dir), f, e);
    buf_free(&dir);
    return ok;
}

void former_free(struct former *f) {
    run_summary_clear(&f->run);
    buf_free(&f->dir);
}

bool former_may_be_believed(const struct former *f, struct err *e) {
    const struct run_summary *run = &f->run;
    if (run->state == RUN_DAMAGED)
        return err_set(e, ERR_JOURNAL,
                       "the journal of %s does not verify (%.300s), so nothing is done by it; "
                       "`cordon log verify %s` says where",
                       run->id, run->why, run->id);
    if (run->state == RUN_RUNNING)
        return err_set(e, ERR_REFUSED, "%s is still running; end it first, or wait", run->id);
    if (run->pid > 0)
        return err_set(e, ERR_REFUSED, "process %d is at work on %s; wait until it has ended",
                       (int)run->pid, run->id);
    if (!run->start)
        return err_set(e, ERR_JOURNAL, "the journal of %s does not say what was run", run->id);
    if (runs_is_own(buf_str(&f->dir), e)) return true;
    struct err why = *e;
    return err_set(e, ERR_JOURNAL, "%s", why.message);
}

static bool same_backend(const struct former *f, const struct scene *now, struct err *e) {
    bool then = strcmp(run_text(&f->run, "backend"), "aws") != 0;
    if (then == scene_is_simulated(now)) return true;
    if (then)
        return err_set(e, ERR_USAGE,
                       "%s ran on the simulator, and this is AWS: give its --sim=FILE --save, or its "
                       "--endpoint-url",
                       f->run.id);
    return err_set(e, ERR_USAGE,
                   "%s ran on AWS, and this is the simulator: leave --sim and --endpoint-url out",
                   f->run.id);
}

bool former_same_place(const struct former *f, const struct scene *now, struct err *e) {
    const char *account = run_text(&f->run, "account"), *region = run_text(&f->run, "region");
    if (!same_backend(f, now, e)) return false;
    if (strcmp(account, scene_account(now)) != 0)
        return err_set(e, ERR_CREDENTIALS,
                       "that run was in account %s, these credentials are of %s; use another "
                       "--profile",
                       account, scene_account(now));
    if (now->region && *region && strcmp(region, now->region) != 0)
        return err_set(e, ERR_USAGE, "that run was in %s, this is %s; leave --region out", region,
                       now->region);
    return true;
}

// --- its window --------------------------------------------------------------------

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

static bool close_it(struct single *s, const struct former *f, struct err *e) {
    if (!former_same_place(f, &s->scene, e)) return false;
    s->journal = journal_reopen(buf_str(&f->dir), e);
    s->gate.journal = s->journal;
    if (!s->journal || !window_adopt(&s->gate, f->run.closing, e)) return false;
    say_due(s, f->run.closing);
    return window_close(&s->gate, "close", e);
}

bool former_close_window(const struct former *f, struct host *h, bool *journal_lost,
                         struct err *e) {
    struct single s;
    *journal_lost = false;
    if (!f->run.window_open) return true;
    if (f->run.closing_unread)
        return err_set(e, ERR_JOURNAL,
                       "the journal of %s names closing calls that cannot be read; look at the "
                       "instance's groups by hand",
                       f->run.id);
    bool ok = single_begin(&s, h, e) && close_it(&s, f, e);
    *journal_lost = ok && s.gate.journal_lost;
    if (ok)
        console_say(h->console, STYLE_GOOD, "The window of %s is closed.%s", f->run.id,
                    *journal_lost ? " ITS JOURNAL COULD NOT BE WRITTEN." : "");
    single_free(&s);
    return ok;
}

int former_open_still(const struct former *f, struct host *h, const struct err *e) {
    console_error(h->console, e);
    console_say(h->console, STYLE_ALARM,
                "A WINDOW MAY STILL BE OPEN: the instance may be reachable from the whole internet. "
                "Mend what is said above, and type:  cordon close %s",
                f->run.id);
    return EXIT_WINDOW_OPEN;
}
