// rehearsal.c - steps are recorded, arguments resolved.
#include "run/rehearsal.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "run/snapshot.h"

// --- arguments -------------------------------------------------------------------

static bool has_errors(const struct val *checked, struct err *e) {
    const struct val *errors = val_get(checked, "errors");
    struct buf all = BUF_EMPTY;
    for (size_t i = 0; i < val_count(errors); i++)
        buf_printf(&all, "%s%s", i ? "; " : "", val_as_str(val_at(errors, i), "?"));
    if (val_count(errors)) err_set(e, ERR_USAGE, "%s", buf_str(&all));
    buf_free(&all);
    return val_count(errors) > 0;
}

static void read_answered(void *ctx, const struct aws_reply *reply) {
    struct val **slot = ctx;
    *slot = answer_value(reply);
}

// One read of the arguments: through the recording answerer, whose memory should see it.
static bool start_read(struct rehearsal *r, struct batch *b, const struct val *read,
                       struct val **slot, struct err *e) {
    const struct operation *op = model_operation(r->gate->model, val_get_str(read, "service", ""),
                                                 val_get_str(read, "operation", ""), e);
    struct aws_call call = {.op = op, .params = val_get(read, "params")};
    return op && batch_add(b, r->gate->answerer, &call, read_answered, slot, e);
}

static struct val *collect(struct val **slots, size_t count) {
    struct val *answers = val_list();
    for (size_t i = 0; i < count; i++) {
        if (answers && !val_append(answers, slots[i])) {
            val_unref(answers);
            answers = NULL;
        } else if (!answers) val_unref(slots[i]);
        slots[i] = NULL;
    }
    return answers;
}

// Who am I, and what do the arguments stand for: all at once.
static bool ask_all(struct rehearsal *r, const struct val *reads, struct val **answers,
                    struct err *e) {
    struct batch b = {.loop = r->live->loop};
    struct identity id = {0};
    size_t count = val_count(reads);
    struct val **slots = calloc(count + 1, sizeof *slots);
    if (!slots) return err_memory(e);
    bool ok = identity_ask(&b, r->live, r->gate->model, &id, e);
    for (size_t i = 0; ok && i < count; i++) ok = start_read(r, &b, val_at(reads, i), &slots[i], e);
    struct err waiting;
    bool waited = batch_wait(&b, &waiting);
    if (ok && !waited) *e = waiting;
    ok = ok && waited && identity_known(&id, e);
    if (ok) plan_put(&r->scene->identity, val_ref(id.value));
    val_unref(id.value);
    *answers = collect(slots, count);
    free(slots);
    return ok && (*answers || err_memory(e));
}

// The copy's account and Region are the caller's.
static bool tell_identity(struct rehearsal *r, struct err *e) {
    const struct advisor *a = r->advisor;
    struct val *call = val_map();
    bool ok = call && val_set(call, "service", val_cstr("sts")) &&
              val_set(call, "operation", val_cstr("get_caller_identity")) &&
              val_set(call, "region", r->scene->region ? val_cstr(r->scene->region) : val_nil());
    ok = ok ? a->rehearsal_seen(a->ctx, call, r->scene->identity, e) : err_memory(e);
    val_unref(call);
    return ok;
}

// That something does not exist is the argument's fault; that AWS cannot say is not.
static bool all_answered(const struct val *answers, struct err *e) {
    for (size_t i = 0; i < val_count(answers); i++) {
        const struct val *error = val_get(val_at(answers, i), "error");
        const char *code = val_get_str(error, "code", "");
        if (!error || strstr(code, "NotFound") || strstr(code, "Malformed") ||
            text_starts(code, "InvalidParameter"))
            continue;
        err_from_val(e, error);
        return err_prefix(e, "the arguments could not be looked up");
    }
    return true;
}

static bool resolve(struct rehearsal *r, const struct val *declared, const struct val *checked,
                    struct err *e) {
    struct val *answers = NULL, *resolved = NULL;
    bool ok = ask_all(r, val_get(checked, "reads"), &answers, e) && all_answered(answers, e) &&
              r->advisor->resolve_arguments(r->advisor->ctx, declared, checked, answers, &resolved,
                                            e) &&
              !has_errors(resolved, e) && tell_identity(r, e) &&
              snapshot_take(r->live, r->gate->model, r->advisor, e);
    if (ok) {
        const struct val *args = val_get(resolved, "args"), *labels = val_get(resolved, "labels");
        r->args = args ? val_ref(args) : val_map();
        plan_put(&r->scene->labels, labels ? val_ref(labels) : val_list());
    }
    val_unref(answers);
    val_unref(resolved);
    return ok;
}

static bool adopt_created(struct rehearsal *r, struct val *created, struct err *e) {
    r->created = created;
    for (size_t i = 0; i < val_count(created); i++)
        if (!val_append(r->gate->created, val_ref(val_at(created, i)))) return err_memory(e);
    return true;
}

// What the script says instead of a command line.
static bool ask_script(struct rehearsal *r, struct err *e) {
    const struct run_script *script = r->script;
    struct script_arguments said = {0};
    struct val *answers = NULL;
    bool ok = ask_all(r, script->reads, &answers, e) && tell_identity(r, e) &&
              script->arguments(script->ctx, r->scene, answers, &said, e);
    r->args = said.args;
    if (said.labels) plan_put(&r->scene->labels, said.labels);
    ok = adopt_created(r, said.created, e) && ok &&
         snapshot_take(r->live, r->gate->model, r->advisor, e);
    val_unref(answers);
    return ok;
}

static bool declared(void *ctx, const struct val *declaration, struct val **args, struct err *e) {
    struct rehearsal *r = ctx;
    if (r->script) {
        if (!ask_script(r, e)) return false;
        *args = val_ref(r->args);
        return true;
    }
    const struct val *wanted = val_get(declaration, "args");
    struct val *none = val_map(), *checked = NULL;
    bool ok = (none || err_memory(e)) &&
              r->advisor->check_arguments(r->advisor->ctx, wanted ? wanted : none, r->given,
                                          &checked, e) &&
              !has_errors(checked, e) && resolve(r, wanted ? wanted : none, checked, e);
    if (ok) *args = val_ref(r->args);
    val_unref(none);
    val_unref(checked);
    return ok;
}

// --- the pass ----------------------------------------------------------------------

static bool begin_step(void *ctx, const char *title, const struct val *options, bool *skip,
                       struct err *e) {
    struct rehearsal *r = ctx;
    *skip = false;
    if (!plan_add_step(r->gate->plan, title, options, e)) return false;
    return gate_open_step(r->gate, r->gate->plan->step_count - 1, true, e);
}

static bool end_step(void *ctx, const struct val *error, struct err *e) {
    struct rehearsal *r = ctx;
    const struct planned_step *s = &r->gate->plan->steps[r->gate->step];
    val_unref(gate_close_step(r->gate));
    if (!error) return true;
    err_from_val(e, error);
    if (!s->warn) return false;
    console_warn(r->scene->console, "step \"%s\" would fail, the run would go on: %s: %s", s->title,
                 e->code, e->message);
    return true;
}

static size_t open_step(const struct rehearsal *r) {
    return r->gate->step_open ? r->gate->step : NO_STEP;
}

static void expect(void *ctx, bool ok, const char *text, const struct val *detail) {
    struct rehearsal *r = ctx;
    (void)ok;
    (void)detail;
    plan_note(r->gate->plan, open_step(r), text, true);
}

static void log_line(void *ctx, const char *text, const struct val *value) {
    struct rehearsal *r = ctx;
    (void)value;
    plan_note(r->gate->plan, open_step(r), text, false);
}

struct pass_handler rehearsal_handler(struct rehearsal *r) {
    return (struct pass_handler){r, declared, begin_step, end_step, expect, log_line, NULL};
}

void rehearsal_free(struct rehearsal *r) {
    val_unref(r->args);
    val_unref(r->created);
    r->args = r->created = NULL;
}
