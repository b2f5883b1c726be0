// undo.c - takes a run back.
#include "run/undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/ending.h"
#include "run/items.h"
#include "run/reads.h"
#include "run/run.h"
#include "run/taking_back.h"

// EC2 may show for a while what was; then it is looked at again.
#define LOOKS 6
#define PAUSE_MS 1000

struct undo {
    struct host *host;
    const struct former *former;
    struct val *changes, *reads;
    struct val *planned;      // the items, as they were found
    struct val *now;          // as they are at the end; NULL when that was not looked at
    struct journal *journal;  // the run's own, from undo.start on
    bool dry_run;
};

// --- the plan --------------------------------------------------------------------

static struct val *args_of(const struct undo *u, const struct val *plan) {
    const struct val *stages = val_get(plan, "stages");
    struct val *args = val_map();
    if (args && val_set(args, "run", val_cstr(u->former->run.id)) &&
        (!val_count(stages) || val_set(args, "stages", val_ref(stages))))
        return args;
    val_unref(args);
    return NULL;
}

static struct val *labels_of(const struct undo *u) {
    struct val *labels = instances_in(val_get(u->former->run.start, "args"));
    if (val_count(labels)) return labels;
    val_unref(labels);
    return instances_in(u->changes);
}

static bool judge(const struct undo *u, const struct val *answers, struct val **plan,
                  struct val **items, struct err *e) {
    const struct advisor *a = u->host->advisor;
    if (!a->undo(a->ctx, u->changes, answers, plan, e)) return false;
    const struct val *found = val_get(*plan, "items");
    val_unref(*items);
    *items = val_type(found) == VAL_LIST ? val_ref(found) : val_list();
    return *items || err_memory(e);
}

static bool arguments(void *ctx, const struct scene *s, const struct val *answers,
                      struct script_arguments *out, struct err *e) {
    struct undo *u = ctx;
    struct val *plan = NULL;
    if (!former_same_place(u->former, s, e)) return false;
    bool ok = judge(u, answers, &plan, &u->planned, e);
    if (ok) {
        out->args = args_of(u, plan);
        out->labels = labels_of(u);
        out->created = made_by_the_run(val_get(plan, "stages"));
        ok = (out->args && out->labels && out->created) || err_memory(e);
    }
    val_unref(plan);
    return ok;
}

static struct val *about(const struct undo *u, const struct val *items) {
    struct val *v = val_map();
    if (v && val_set(v, "run", val_cstr(u->former->run.id)) && val_set(v, "items", val_ref(items)))
        return v;
    val_unref(v);
    return NULL;
}

static void tell(void *ctx, const struct scene *s) {
    const struct undo *u = ctx;
    struct val *v = about(u, u->planned);
    items_tell_plan(s, u->planned);
    if (v) scene_event(s, "undo.plan", v);
}

// --- the run's own journal -------------------------------------------------------

static struct val *start_members(const struct undo *u, const char *run_id, const char *by) {
    struct val *v = val_map();
    if (v && val_set(v, "by", val_cstr(by)) &&
        val_set(v, "undo", run_id ? val_cstr(run_id) : val_nil()) &&
        val_set(v, "counts", items_counts(u->planned)))
        return v;
    val_unref(v);
    return NULL;
}

static bool begin(void *ctx, const struct scene *s, const char *run_id, const char *operator_name,
                  struct err *e) {
    struct undo *u = ctx;
    struct err why;
    (void)s;
    u->journal = journal_reopen(buf_str(&u->former->dir), &why);
    if (!u->journal && err_is(&why, ERR_USAGE)) return err_set(e, ERR_REFUSED, "%s", why.message);
    struct val *members = start_members(u, run_id, operator_name ? operator_name : "?");
    if (u->journal && !members) err_memory(&why);
    bool ok = u->journal && members && journal_append(u->journal, "undo.start", members, &why);
    if (!u->journal) val_unref(members);
    ok = ok && journal_sync(u->journal, &why);
    return ok || err_set(e, ERR_JOURNAL,
                         "the journal of %s cannot be written, so it is not taken back: %s",
                         u->former->run.id, why.message);
}

static const char *state_of(const struct outcome *o, int exit) {
    if (exit == EXIT_DONE) return "undone";
    return o->changed || o->finished ? "partly undone" : "not undone";
}

static struct val *end_members(const struct undo *u, const char *run_id, const struct outcome *o,
                               int exit) {
    struct val *v = val_map();
    if (v && val_set(v, "undo", run_id ? val_cstr(run_id) : val_nil()) &&
        val_set(v, "state", val_cstr(state_of(o, exit))) && val_set(v, "exit", val_int(exit)) &&
        val_set(v, "counts", items_counts(u->now ? u->now : u->planned)))
        return v;
    val_unref(v);
    return NULL;
}

static bool record_end(struct undo *u, const struct val *members, struct err *e) {
    return (members || err_memory(e)) &&
           journal_append(u->journal, "undo.end", val_ref(members), e) &&
           journal_sync(u->journal, e);
}

// An undo that finds all as it was ends what another one, or somebody by hand, has begun.
static bool is_news(const struct undo *u, int exit) {
    return exit == EXIT_DONE && strcmp(former_undo_state(u->former), "undone") != 0 && val_count(u->changes);
}

// --- the end -----------------------------------------------------------------------

static void pause_a_moment(const struct undo *u) {
    backend_advance_fn *advance = backend_advance(&u->host->backend);
    struct err ignored;
    if (advance) advance(&u->host->backend, PAUSE_MS / 1000.0);
    else loop_for(u->host->loop, PAUSE_MS, &ignored);
}

static bool look(struct undo *u, struct live *live, struct err *e) {
    struct val *answers = NULL, *plan = NULL;
    bool ok = reads_ask(u->host->loop, live, u->host->model, u->reads, &answers, e) &&
              judge(u, answers, &plan, &u->now, e);
    val_unref(answers);
    val_unref(plan);
    return ok;
}

// Nothing is as it was because a call said so: it is read.
static void check(void *ctx, const struct scene *s, struct live *live, struct outcome *o) {
    struct undo *u = ctx;
    struct err e = {0};
    bool all_sent = o->finished && !o->warned;
    if (!o->finished && !o->changed) return;
    bool ok = look(u, live, &e);
    for (int i = 1; ok && all_sent && items_count(u->now, "back") && i < LOOKS; i++) {
        pause_a_moment(u);
        ok = look(u, live, &e);
    }
    if (!ok) {
        console_warn(s->console, "it could not be read back what is as before: %s", e.message);
        o->not_verified = true;
    } else if (!items_tell_end(s, u->planned, u->now)) {
        o->not_verified = true;
    }
}

static void say_end(const struct undo *u, const struct scene *s, const struct outcome *o,
                    int exit) {
    const char *id = u->former->run.id;
    if (exit == EXIT_DONE && !val_count(u->planned))
        console_say(s->console, STYLE_GOOD, "%s changed nothing: there is nothing to take back.",
                    id);
    else if (exit == EXIT_DONE)
        console_say(s->console, STYLE_GOOD, "%s is taken back: all is as it was before%s.", id,
                    o->changed ? "" : " already");
    else if (exit == EXIT_NOT_VERIFIED)
        console_say(s->console, STYLE_ALARM,
                    "%s is taken back but for what is named above; that is for you to decide.", id);
    else if (o->changed)
        console_say(s->console, STYLE_ALARM, "%s is partly taken back; type again:  cordon undo %s",
                    id, id);
}

static int end(void *ctx, const struct scene *s, const char *run_id, const struct outcome *o,
               int exit) {
    struct undo *u = ctx;
    struct err e;
    if (!u->journal && !run_id && is_news(u, exit) && !begin(u, s, NULL, "?", &e))
        console_warn(s->console, "%s", e.message);
    struct val *members = end_members(u, run_id, o, exit);
    if (u->journal && !journal_lost(u->journal) && !record_end(u, members, &e)) {
        console_warn(s->console, "the journal of %s could not be written: %s", u->former->run.id,
                     e.message);
        if (exit == EXIT_DONE || exit == EXIT_NOT_VERIFIED) exit = EXIT_JOURNAL;
    }
    say_end(u, s, o, exit);
    struct val *event = members ? val_copy(members) : NULL;
    if (event && val_set(event, "run", val_cstr(u->former->run.id)) &&
        val_set(event, "items", val_ref(u->now ? u->now : u->planned)))
        scene_event(s, "undo.end", event);
    else val_unref(event);
    val_unref(members);
    return exit;
}

// --- the verb ----------------------------------------------------------------------

static bool may_be_undone(const struct former *f, struct err *e) {
    const struct run_summary *run = &f->run;
    if (!former_may_be_believed(f, e)) return false;
    if (!former_is_undo(f)) return true;
    const char *of = val_get_str(val_get(run->start, "args"), "run", "RUN");
    return err_set(e, ERR_USAGE,
                   "%s is itself an undo (of %.128s), which is not taken back: run the playbook "
                   "again instead",
                   run->id, of);
}

static bool prepare(struct undo *u, struct err *e) {
    const struct advisor *a = u->host->advisor;
    u->changes = run_changes(buf_str(&u->former->dir), e);
    return u->changes && a->undo_reads(a->ctx, u->changes, &u->reads, e);
}

static int run_script(struct undo *u) {
    struct source source = {0};
    struct err e;
    if (!source_asset(UNDO_SOURCE, &source, &e)) {
        console_error(u->host->console, &e);
        return EXIT_FAILED;
    }
    const struct run_script script = {.ctx = u,
                                      .reads = u->reads,
                                      .arguments = arguments,
                                      .tell = tell,
                                      .begin = begin,
                                      .check = check,
                                      .end = end};
    char pair[RUN_ID_SIZE + 8];
    snprintf(pair, sizeof pair, "run=%s", u->former->run.id);
    char *const pairs[] = {pair};
    const struct run_options o = {.playbook = "undo",
                                  .script = &script,
                                  .source = &source,
                                  .pairs = pairs,
                                  .pair_count = 1,
                                  .plan_only = u->dry_run};
    int code = run_playbook(u->host, &o);
    source_free(&source);
    return code;
}

static int close_first(struct host *h, const struct former *f, bool *lost) {
    struct err e;
    return former_close_window(f, h, lost, &e) ? EXIT_DONE : former_open_still(f, h, &e);
}

int undo_run(struct host *h, struct former *f, bool dry_run) {
    struct undo u = {.host = h, .former = f, .dry_run = dry_run};
    struct err e;
    bool lost = false;
    if (!may_be_undone(f, &e)) return end_with_error(h, &e);
    int code = dry_run ? EXIT_DONE : close_first(h, f, &lost);
    if (code == EXIT_DONE) code = prepare(&u, &e) ? run_script(&u) : end_with_error(h, &e);
    journal_free(u.journal);
    val_unref(u.changes);
    val_unref(u.reads);
    val_unref(u.planned);
    val_unref(u.now);
    if (lost && (code == EXIT_DONE || code == EXIT_NOT_VERIFIED)) code = EXIT_JOURNAL;
    return code;
}
