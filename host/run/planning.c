// planning.c - from the rehearsal to the plan that is shown.
#include <string.h>

#include "run/one_run.h"

static bool rehearse(struct run *r, struct err *e) {
    struct pass_setup setup = run_setup(r, &r->rehearsal_gate, false);
    r->rehearsal = (struct rehearsal){.scene = &r->scene,
                                      .gate = &r->rehearsal_gate,
                                      .live = &r->live,
                                      .advisor = r->host->advisor,
                                      .given = r->given,
                                      .script = r->options->script};
    struct pass_handler handler = rehearsal_handler(&r->rehearsal);
    struct pass_end end;
    pass_run(&setup, &handler, &end);
    r->declaration = val_ref(end.declaration);
    bool finished = end.finished;
    if (!finished) *e = end.err;
    const struct val *survivors = val_get(end.value, "survivors"),
                     *around = val_get(end.value, "around");
    if (val_type(survivors) == VAL_LIST) plan_put(&r->plan.survivors, val_ref(survivors));
    if (val_type(around) == VAL_LIST) plan_put(&r->plan.around, val_ref(around));
    pass_end_free(&end);
    r->plan.rehearsed_count = r->plan.call_count;
    return finished;
}

// What the script says that an earlier run made is this one's own when it executes, too.
static bool adopt_created(struct run *r, struct err *e) {
    const struct val *ids = r->rehearsal.created;
    for (size_t i = 0; i < val_count(ids); i++)
        if (!val_append(r->gate.created, val_ref(val_at(ids, i)))) return err_memory(e);
    return true;
}

static bool advise_all(struct run *r, struct err *e) {
    struct advice a = {.loop = r->host->loop,
                       .model = r->host->model,
                       .live = &r->live,
                       .advisor = r->host->advisor,
                       .created = r->rehearsal_gate.created};
    return advise(&a, r->plan.calls, r->plan.call_count, true, e);
}

static const struct planned_step *window_step(const struct plan *p) {
    for (size_t i = 0; i < p->step_count; i++)
        if (p->steps[i].has_window) return &p->steps[i];
    return NULL;
}

// What the plan does to connections. A plan without it is still a plan.
static void find_consequences(struct run *r) {
    const struct advisor *a = r->host->advisor;
    const struct planned_step *window = window_step(&r->plan);
    struct val *about = val_map(), *found = NULL;
    struct err e;
    bool ok = about && val_set(about, "instances", scene_instances(&r->scene)) &&
              val_set(about, "convert", val_bool(window != NULL)) &&
              val_set(about, "settle", val_double(window ? window->settle : 0));
    if (ok && r->plan.call_count && a->consequences(a->ctx, about, &found, &e))
        plan_put(&r->plan.consequences, found);
    else if (ok && r->plan.call_count)
        console_warn(r->scene.console, "the consequences could not be worked out: %s", e.message);
    val_unref(about);
}

// An undo opens again what was cut: that connections live on is what it is for.
static void leave_out_survivors(struct run *r) {
    struct val *rest = val_copy(r->plan.consequences);
    if (rest && val_type(rest) == VAL_MAP && val_set(rest, "survivors", val_list()))
        plan_put(&r->plan.consequences, val_ref(rest));
    val_unref(rest);
}

void run_tell_plan(struct run *r) {
    find_consequences(r);
    if (r->options->script) leave_out_survivors(r);
    struct err e;
    struct buf head = BUF_EMPTY;
    struct val *v = val_map(), *steps = plan_to_val(&r->plan, r->host->model, &e);
    buf_printf(&head, "PLAN %s", val_get_str(r->declaration, "name", r->source.file));
    struct buf line = BUF_EMPTY;
    scene_headline(&r->scene, buf_str(&head), &line);
    console_say(r->scene.console, STYLE_BOLD, "%s", buf_str(&line));
    const struct run_script *script = r->options->script;
    if (script) script->tell(script->ctx, &r->scene);
    show_plan(&r->scene, &r->plan);
    buf_free(&head);
    buf_free(&line);
    bool ok = v && steps && val_set(v, "run", val_cstr(r->id)) &&
              val_set(v, "account", val_cstr(scene_account(&r->scene))) &&
              val_set(v, "region", val_cstr(r->scene.region ? r->scene.region : "")) &&
              val_set(v, "args", val_ref(r->rehearsal.args)) &&
              val_set(v, "steps", val_ref(steps)) && val_set(v, "notes", val_ref(r->plan.notes)) &&
              val_set(v, "survivors", val_ref(r->plan.survivors)) &&
              val_set(v, "around", val_ref(r->plan.around)) &&
              val_set(v, "consequences", val_ref(r->plan.consequences));
    val_unref(steps);
    if (ok)
        scene_event(&r->scene, "plan", v);
    else
        val_unref(v);
}

// A call that AWS said it would refuse, in a step that matters: going on would end half-way.
bool run_permitted(const struct run *r, struct err *e) {
    for (size_t i = 0; i < r->plan.call_count; i++) {
        const struct planned_call *c = r->plan.calls[i];
        bool may_fail = r->plan.steps[c->step].warn && !r->options->script;
        if (c->proof != PROOF_DENIED || may_fail) continue;
        err_set(
            e, "UnauthorizedOperation",
            "AWS denies %s to these credentials (proven with DryRun), so the run would stop half-"
            "way; allow it, or use another --profile. Nothing was changed",
            c->proof_note);
        e->status = 403;
        return false;
    }
    return true;
}

bool run_plan(struct run *r, struct err *e) {
    return backend_region(&r->host->backend, &r->scene.region, e) && rehearse(r, e) &&
           adopt_created(r, e) && run_hold(r, e) && run_open_journal(r, e) &&
           run_guard_ask(r, e) && advise_all(r, e) && run_guard_learn(r, e);
}
