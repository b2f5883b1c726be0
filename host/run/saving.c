// saving.c - one run and the plan in a file that it makes, or applies.
#include "run/one_run.h"
#include "run/used_plans.h"

// Nothing has moved since the plan was saved; what has is said.
bool run_is_as_saved(struct run *r, struct err *e) {
    const struct saved_plan *saved = r->options->saved;
    if (!saved) return true;
    if (!saved_plan_is_for(saved, &r->scene, e)) return false;
    struct val *moved = saved_plan_moved(saved, &r->plan, r->rehearsal.args, r->host->model, e);
    size_t count = val_count(moved);
    for (size_t i = 0; i < count; i++)
        console_say(r->scene.console, STYLE_ALARM, "  moved: %s", val_as_str(val_at(moved, i), ""));
    bool ok = moved && !count;
    if (moved && count)
        err_set(e, ERR_LEFT_PLAN,
                "the plan is stale: %s%s. Nothing was changed; plan again", val_as_str(val_at(moved, 0), ""),
                count > 1 ? " (and more, see above)" : "");
    val_unref(moved);
    return ok;
}

bool run_take_plan(void *ctx, struct err *e) {
    const struct run *r = ctx;
    return used_plans_take(r->options->saved->id, r->id, e);
}

bool run_save_plan(const struct run *r, struct err *e) {
    const char *path = r->options->out;
    struct buf line = BUF_EMPTY, rest = BUF_EMPTY;
    const struct saved_facts facts = {.scene = &r->scene,
                                      .source = &r->source,
                                      .declaration = r->declaration,
                                      .given = r->given,
                                      .args = r->rehearsal.args,
                                      .modules = r->modules,
                                      .run = r->told,
                                      .started_us = r->started_us};
    if (!path) return true;
    if (!saved_plan_write(path, &facts, &r->plan, r->host->model, e)) return false;
    buf_printf(&rest, "apply %s", path);
    scene_command(&r->scene, buf_str(&rest), &line);
    console_say(r->scene.console, STYLE_BOLD, "Saved, good for one use within %d hours:  %s",
                SAVED_PLAN_HOURS, buf_str(&line));
    buf_free(&line);
    buf_free(&rest);
    return true;
}
