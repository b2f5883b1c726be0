// execution.c - steps, one after the other.
#include "run/execution.h"

#include <stdlib.h>
#include <string.h>

#include "run/execution_ahead.h"

static struct val *step_members(const struct execution *x, size_t index) {
    struct val *v = val_map();
    if (v && val_set(v, "step", val_int((int64_t)index + 1)) &&
        val_set(v, "title", val_cstr(x->plan->steps[index].title)))
        return v;
    val_unref(v);
    return NULL;
}

// --- the step begins ---------------------------------------------------------

// The planned step of this title, at or after the one that is next. Steps in between whose
// condition no longer holds are passed over.
static bool find_step(struct execution *x, const char *title, size_t *index) {
    for (size_t i = x->next_step; i < x->plan->step_count; i++) {
        if (strcmp(x->plan->steps[i].title, title) != 0) continue;
        for (size_t k = x->next_step; k < i; k++)
            console_warn(x->scene->console, "step %zu, \"%s\", was planned but did not come", k + 1,
                         x->plan->steps[k].title);
        *index = i;
        return true;
    }
    return false;
}

// A step that was not rehearsed has no approved calls: each of its mutations will be asked.
static bool add_unplanned_step(struct execution *x, const char *title, const struct val *options,
                               size_t *index, struct err *e) {
    console_warn(x->scene->console, "step \"%s\" was not in the plan", title);
    if (!plan_add_step(x->plan, title, options, e)) return false;
    *index = x->plan->step_count - 1;
    return true;
}

// On disk with the intents that follow: no request leaves before.
static bool record_confirm(struct execution *x, size_t index, const char *answer, bool asked,
                           struct err *e) {
    struct val *v = val_map();
    bool ok = v && val_set(v, "step", val_int((int64_t)index + 1)) &&
              val_set(v, "answer", val_cstr(answer)) &&
              val_set(v, "by", val_cstr(x->operator_name)) &&
              val_set(v, "how", val_cstr(asked ? "terminal" : "--yes"));
    if (!ok) {
        val_unref(v);
        v = NULL;
    }
    if (ok) scene_event(x->scene, "confirm", val_ref(v));
    return gate_record(x->gate, "confirm", v, e);
}

// A "no" and a lost terminal latch: nothing changes after it, whatever the playbook catches.
static bool declined(struct execution *x, struct err *e) {
    gate_latch(x->gate, e);
    return false;
}

static bool ask_step(struct execution *x, size_t index, bool *skip, struct err *e) {
    enum word word;
    const struct planned_step *s = &x->plan->steps[index];
    bool was_all = x->confirm->all;
    if (!confirm_step(x->confirm, x->scene, x->plan, index + 1, &word, e)) {
        record_confirm(x, index, "no answer", true, NULL);
        return declined(x, e);
    }
    bool asked = word != WORD_FLAG && !was_all;
    if (!record_confirm(x, index, word_text(word), asked, e)) return false;
    *skip = word == WORD_SKIP;
    if (word != WORD_NO) return true;
    err_set(e, ERR_DECLINED, "the operator said no to step %zu, \"%s\"", index + 1, s->title);
    return declined(x, e);
}

// Nobody is asked about what the terminal did not take: a flood of talk, or a step too long for
// it. `before`: console_lost_lines when the showing began.
static bool all_shown(struct execution *x, int64_t before, struct err *e) {
    if (console_lost_lines(x->scene->console) == before) return true;
    err_set(e, ERR_DECLINED,
            "the terminal did not take all that is to be confirmed, so it is not asked; nothing of "
            "it was sent");
    return declined(x, e);
}

// Of a resumed run, only what is still to be made: the rest is as its journal says.
static bool advise_step(struct execution *x, const struct planned_step *s, bool prove,
                        struct err *e) {
    struct planned_call **left = calloc(s->count + 1, sizeof(struct planned_call *));
    size_t n = 0;
    if (!left) return err_memory(e);
    for (size_t i = 0; i < s->count; i++)
        if (!x->plan->calls[s->first + i]->known) left[n++] = x->plan->calls[s->first + i];
    bool ok = advise(&x->advice, left, n, prove, e);
    free(left);
    return ok;
}

static void say_known(const struct execution *x, const struct planned_step *s) {
    size_t left = plan_calls_left(x->plan, s);
    if (left == s->count) return;
    console_say(x->scene->console, STYLE_CARE,
                "  %zu of these %zu calls were answered before the run stopped; they are not made again",
                s->count - left, s->count);
}

// Everything that the operator must see is read and shown before the question.
static bool prepare_step(struct execution *x, size_t index, struct err *e) {
    const struct planned_step *s = &x->plan->steps[index];
    // The ids are real now. While somebody is asked anyway, a proof costs nothing; before a
    // cut that nobody is asked about it would cost a round trip.
    bool prove = confirm_will_ask(x->confirm, x->plan, index + 1);
    bool ok = advise_step(x, s, prove, e);
    execution_drop_ahead(x);
    if (!ok) return false;
    if (prove) console_before_question(x->scene->console);
    int64_t lost = console_lost_lines(x->scene->console);
    struct buf head = BUF_EMPTY;
    char upper[128];
    size_t n = 0;
    for (; s->title[n] && n < sizeof upper - 1; n++)
        upper[n] = s->title[n] >= 'a' && s->title[n] <= 'z' ? (char)(s->title[n] - 32) : s->title[n];
    upper[n] = '\0';
    scene_headline(x->scene, upper, &head);
    console_say(x->scene->console, STYLE_PLAIN, "%s", "");
    console_say(x->scene->console, STYLE_BOLD, "%s", buf_str(&head));
    buf_free(&head);
    show_step(x->scene, x->plan, index + 1);
    say_known(x, s);
    return !prove || all_shown(x, lost, e);
}

// The planned step that comes now, added when it was not planned.
static bool next_step(struct execution *x, const char *title, const struct val *options,
                      size_t *index, struct err *e) {
    if (!find_step(x, title, index) && !add_unplanned_step(x, title, options, index, e)) return false;
    x->next_step = *index + 1;
    return true;
}

static bool may_begin(struct execution *x, struct err *e) {
    bool ok = !x->first_yes || x->first_yes(x->first_yes_ctx, e);
    if (ok) x->first_yes = NULL;
    return ok;
}

static bool begin_step(void *ctx, const char *title, const struct val *options, bool *skip,
                       struct err *e) {
    struct execution *x = ctx;
    size_t index;
    if (x->gate->latched) {
        *e = x->gate->latch;
        return false;
    }
    if (!next_step(x, title, options, &index, e)) return false;
    if (!gate_record(x->gate, "step.open", step_members(x, index), e)) return false;
    scene_event(x->scene, "step.open", step_members(x, index));
    if (x->plan->steps[index].count) {
        if (!prepare_step(x, index, e) || !ask_step(x, index, skip, e)) return false;
    } else {
        console_say(x->scene->console, STYLE_BOLD, "%s", title);
    }
    x->plan->steps[index].state = *skip ? STEP_SKIPPED : STEP_BEGUN;
    if (*skip) return true;
    if (x->plan->steps[index].count && !may_begin(x, e)) return declined(x, e);
    if (!gate_open_step(x->gate, index, true, e)) return false;
    x->ahead_is_last = false;
    execution_look_ahead(x, index + 1);
    return true;
}

bool execution_recall_step(struct execution *x, const char *title, const struct val *options,
                           bool skipped, struct err *e) {
    size_t index;
    if (!next_step(x, title, options, &index, e)) return false;
    x->plan->steps[index].state = skipped ? STEP_SKIPPED : STEP_BEGUN;
    x->ahead_is_last = false;
    return skipped || gate_open_step(x->gate, index, true, e);
}

// --- the step ends -------------------------------------------------------------

static void record_close(struct execution *x, const struct val *error, struct val *not_made) {
    struct val *v = step_members(x, x->gate->step);
    bool ok = v && val_set(v, "ok", val_bool(!error)) &&
              (!error || val_set(v, "error", val_ref(error))) &&
              (!val_count(not_made) || val_set(v, "not_made", val_ref(not_made)));
    if (!ok) {
        val_unref(v);
        v = NULL;
    }
    if (ok) scene_event(x->scene, "step.close", val_ref(v));
    gate_record(x->gate, "step.close", v, NULL);
}

static void say_window(const struct execution *x, size_t index) {
    const struct window *w = &x->gate->window;
    if (!w->was_open || w->step != index || w->open) return;
    console_say(x->scene->console, STYLE_PLAIN,
                "  the window is closed: it was open for %.2f to %.2f s, as seen from here%s",
                window_least(w), window_most(w),
                x->scene->sim ? " (the simulator's seconds pass at once)" : "");
}

// Calls that were approved and not made; after a failure that is no news.
static void warn_not_made(const struct execution *x, const struct val *not_made) {
    if (val_count(not_made))
        console_warn(x->scene->console, "%zu approved calls of this step were not made",
                     val_count(not_made));
}

static bool end_step(void *ctx, const struct val *error, struct err *e) {
    struct execution *x = ctx;
    size_t index = x->gate->step;
    struct planned_step *s = &x->plan->steps[index];
    s->state = error ? STEP_FAILED : STEP_DONE;
    bool warn = s->warn && !x->gate->latched;
    struct val *not_made = gate_close_step(x->gate);
    record_close(x, error, not_made);
    if (!error) warn_not_made(x, not_made);
    val_unref(not_made);
    say_window(x, index);
    // A playbook that had to wait has seen an older state first: what was read ahead may be it.
    if (!x->ahead_is_last || x->gate->slept) execution_outdate_ahead(x, index);
    if (!error) return true;
    err_from_val(e, error);
    x->outcome->warned = true;
    if (!warn) return false;
    console_warn(x->scene->console, "step \"%s\" failed, the run goes on: %s: %s", s->title, e->code,
                 e->message);
    return true;
}

bool execution_recall_end(struct execution *x, const struct val *error, struct err *e) {
    struct planned_step *s = &x->plan->steps[x->gate->step];
    s->state = error ? STEP_FAILED : STEP_DONE;
    bool warn = s->warn && !x->gate->latched;
    val_unref(gate_close_step(x->gate));
    if (!error) return true;
    err_from_val(e, error);
    x->outcome->warned = true;
    return warn;
}

// --- the rest --------------------------------------------------------------------

static struct val *said(const char *text, const struct val *more, const char *key) {
    struct val *v = val_map();
    if (v && val_set(v, "text", val_cstr(text)) &&
        (val_is_nil(more) || val_set(v, key, val_ref(more))))
        return v;
    val_unref(v);
    return NULL;
}

static void expect(void *ctx, bool ok, const char *text, const struct val *detail) {
    struct execution *x = ctx;
    struct val *v = said(text, detail, "detail");
    if (v && !val_set(v, "ok", val_bool(ok))) {
        val_unref(v);
        v = NULL;
    }
    x->expectations++;
    if (!ok) {
        x->failed_expectations++;
        x->outcome->not_verified = true;
    }
    console_say(x->scene->console, ok ? STYLE_GOOD : STYLE_ALARM, "  %s  %s",
                ok ? "verified" : "NOT VERIFIED", text);
    if (!ok && val_type(detail) == VAL_STRING)
        console_say(x->scene->console, STYLE_ALARM, "      %s", val_as_str(detail, ""));
    if (v) scene_event(x->scene, "expect", val_ref(v));
    gate_record(x->gate, "expect", v, NULL);
}

// Behind a bar: the playbook's own words are never taken for the host's.
static void log_line(void *ctx, const char *text, const struct val *value) {
    struct execution *x = ctx;
    struct val *v = said(text, value, "value");
    if (!plan_has_note(x->plan, text)) console_say(x->scene->console, STYLE_PLAIN, "  | %s", text);
    if (v) scene_event(x->scene, "log", val_ref(v));
    gate_record(x->gate, "log", v, NULL);
}

static bool declared(void *ctx, const struct val *declaration, struct val **args, struct err *e) {
    const struct execution *x = ctx;
    (void)declaration;
    (void)e;
    *args = val_ref(x->args);
    return true;
}

// The playbook wants a call that was not rehearsed: shown like any other, asked on its own.
static bool ask_unplanned(void *ctx, struct gate_request *r, struct err *e) {
    struct execution *x = ctx;
    size_t step = x->gate->step;
    struct planned_call *c =
        plan_add_call(x->plan, step, r->key, r->op, r->params, WINDOW_NONE, e);
    if (!c || !advise(&x->advice, &c, 1, true, e)) return false;
    if (x->guard && !guard_permits_call(x->guard, c, x->gate->created, e)) return declined(x, e);
    struct plan one = {.steps = x->plan->steps + step, .step_count = 1, .calls = &c, .call_count = 1};
    struct planned_step shown = x->plan->steps[step];
    shown.first = 0;
    shown.count = 1;
    one.steps = &shown;
    bool can_ask = confirm_can_ask(x->confirm);
    if (can_ask) {
        console_aloud(x->scene->console);
        console_before_question(x->scene->console);
    }
    int64_t lost = console_lost_lines(x->scene->console);
    if (can_ask) show_step(x->scene, &one, 1);
    else
        err_set(e, ERR_LEFT_PLAN,
                "%s is not a call that was rehearsed and approved, and there is no terminal to ask "
                "on; nothing was sent. Run again to see the new plan",
                r->op->name);
    bool yes = can_ask && all_shown(x, lost, e) &&
               confirm_unplanned(x->confirm, x->scene, x->plan, step + 1, c, e);
    record_confirm(x, step, yes ? "yes" : "no", can_ask, NULL);
    if (yes) r->planned = c;
    return yes;
}

struct pass_handler execution_handler(struct execution *x) {
    x->gate->ask = ask_unplanned;
    x->gate->ask_ctx = x;
    x->gate->all_made = execution_look_again;
    x->gate->all_made_ctx = x;
    return (struct pass_handler){x, declared, begin_step, end_step, expect, log_line, NULL};
}

void execution_left_out(struct execution *x) {
    for (size_t i = 0; i < x->plan->step_count; i++) {
        const struct planned_step *s = &x->plan->steps[i];
        if (s->state == STEP_NOT_BEGUN && i >= x->next_step && s->count)
            console_warn(x->scene->console, "step %zu, \"%s\", was planned but did not come", i + 1,
                         s->title);
        if (s->state != STEP_BEGUN) continue;
        x->outcome->warned = true;
        console_warn(x->scene->console, "the playbook never ended step %zu, \"%s\"", i + 1, s->title);
    }
}

void execution_free(struct execution *x) {
    execution_drop_ahead(x);
}
