// confirm.c - asks, and takes only an answer for an answer.
#include "run/confirm.h"

#include <string.h>

#include "plan/binding.h"

#define LONGEST_ANSWER 300

const char *word_text(enum word w) {
    static const char *const words[] = {"yes", "all", "no", "skip", "--yes"};
    return words[w];
}

static bool lists(const struct val *list, const char *word) {
    for (size_t i = 0; i < val_count(list); i++)
        if (strcmp(val_as_str(val_at(list, i), ""), word) == 0) return true;
    return false;
}

// The first hazard of the step that the command line did not accept, or NULL.
static const char *open_hazard(const struct confirm *c, const struct planned_step *s) {
    for (size_t i = 0; i < val_count(s->hazards); i++)
        if (!lists(c->accept, val_key_at(s->hazards, i))) return val_key_at(s->hazards, i);
    return NULL;
}

static const struct planned_call *first_irreversible(const struct plan *p,
                                                     const struct planned_step *s) {
    for (size_t i = 0; i < s->count; i++) {
        const struct planned_call *c = p->calls[s->first + i];
        if (!c->known && is_irreversible(c)) return c;
    }
    return NULL;
}

static bool step_possible(const struct confirm *c, const struct plan *p,
                          const struct planned_step *s, struct err *e) {
    const struct planned_call *final = first_irreversible(p, s);
    const char *hazard = open_hazard(c, s);
    if (!plan_calls_left(p, s)) return true;
    if (!c->yes)
        return err_set(e, ERR_DECLINED,
                       "step \"%s\" needs a yes, and there is no terminal to ask on (or what is shown goes to a file); --yes says yes "
                       "beforehand. Nothing was changed",
                       s->title);
    if (hazard)
        return err_set(e, ERR_DECLINED,
                       "step \"%s\" has a hazard that --yes does not cover: %s. Say accept=%s, or "
                       "run it on a terminal. Nothing was changed",
                       s->title, val_get_str(s->hazards, hazard, ""), hazard);
    if (final)
        return err_set(e, ERR_DECLINED,
                       "step \"%s\" makes an irreversible call (%s), which --yes does not cover; run "
                       "it on a terminal. Nothing was changed",
                       s->title, final->op->name);
    return true;
}

bool confirm_can_ask(const struct confirm *c) {
    return c->prompt || c->operator;
}

bool confirm_possible(const struct confirm *c, const struct plan *p, struct err *e) {
    for (size_t i = 0; !confirm_can_ask(c) && i < p->step_count; i++)
        if (!step_possible(c, p, &p->steps[i], e)) return false;
    return true;
}

static bool ask(struct confirm *c, enum question q, const char *about, const char *question,
                struct buf *answer, struct err *e) {
    enum prompt_how how;
    if (c->operator) return c->operator->answer(c->operator->ctx, q, about, answer, e);
    if (!c->prompt) return err_set(e, ERR_DECLINED, "there is no terminal to ask on");
    if (!prompt_line(c->prompt, question, answer, LONGEST_ANSWER, -1, &how, e)) return false;
    switch (how) {
    case PROMPT_ANSWER: return true;
    case PROMPT_SIGNAL: return err_set(e, ERR_INTERRUPTED, "interrupted at the question");
    case PROMPT_EOF: return err_set(e, ERR_DECLINED, "the answer was the end of input (Ctrl-D)");
    case PROMPT_GONE: return err_set(e, ERR_DECLINED, "the terminal went away");
    case PROMPT_TIMEOUT: return err_set(e, ERR_DECLINED, "nobody answered in time");
    case PROMPT_UNUSABLE: break;
    }
    return err_set(e, ERR_DECLINED, "no usable answer came from the terminal");
}

static bool ask_one_id(struct confirm *c, const struct planned_call *call, const char *id,
                       struct err *e) {
    struct buf question = BUF_EMPTY, answer = BUF_EMPTY;
    buf_printf(&question, "%s cannot be undone. Type  %s  to do it, anything else stops: ",
               call->op->name, id);
    bool ok = ask(c, ASK_ID, id, buf_str(&question), &answer, e);
    if (ok && strcmp(buf_str(&answer), id) != 0)
        ok = err_set(e, ERR_DECLINED, "the id typed was not %s", id);
    buf_free(&question);
    buf_free(&answer);
    return ok;
}

// An irreversible call wants the resource's id, in full; the id of each, when it names several.
static bool ask_id(struct confirm *c, const struct planned_call *call, struct err *e) {
    struct val *ids = subjects_of(call->params);
    bool ok = ids || err_memory(e);
    if (ok && !val_count(ids)) ok = ask_one_id(c, call, call->op->name, e);
    for (size_t i = 0; ok && i < val_count(ids); i++)
        ok = ask_one_id(c, call, val_as_str(val_at(ids, i), ""), e);
    val_unref(ids);
    return ok;
}

static bool ask_ids(struct confirm *c, const struct plan *p, const struct planned_step *s,
                    struct err *e) {
    for (size_t i = 0; i < s->count; i++) {
        const struct planned_call *call = p->calls[s->first + i];
        if (!call->known && is_irreversible(call) && !ask_id(c, call, e)) return false;
    }
    return true;
}

static bool is_word(const struct buf *answer, const char *letter, const char *word) {
    return strcmp(buf_str(answer), letter) == 0 || strcmp(buf_str(answer), word) == 0;
}

static bool ask_step(struct confirm *c, const struct scene *s, const struct plan *p, size_t number,
                     enum word *word, struct err *e) {
    const struct planned_step *step = &p->steps[number - 1];
    const char *question = step->optional
                               ? "[y]es [a]ll [n]o, stop s[k]ip [s]how calls [e]xplain: "
                               : "[y]es [a]ll [n]o, stop [s]how calls [e]xplain: ";
    struct buf answer = BUF_EMPTY;
    bool decided = false, ok = true;
    while (ok && !decided) {
        decided = true;
        ok = ask(c, ASK_STEP, step->title, question, &answer, e);
        if (!ok) break;
        if (is_word(&answer, "y", "yes")) *word = WORD_YES;
        else if (is_word(&answer, "a", "all")) *word = WORD_ALL;
        else if (is_word(&answer, "n", "no")) *word = WORD_NO;
        else if (step->optional && is_word(&answer, "k", "skip")) *word = WORD_SKIP;
        else decided = false;
        if (decided) break;
        if (is_word(&answer, "s", "show")) show_calls(s, p, number, c->model);
        else if (is_word(&answer, "e", "explain")) explain_step(s, p, number);
        else
            console_say(s->console, STYLE_CARE,
                        "That is no answer: type one of the letters in [ ], then Enter.");
    }
    buf_free(&answer);
    return ok;
}

bool confirm_will_ask(const struct confirm *c, const struct plan *p, size_t number) {
    const struct planned_step *step = &p->steps[number - 1];
    if (first_irreversible(p, step)) return true;
    return !c->all && (!c->yes || open_hazard(c, step));
}

bool confirm_asks_on_terminal(const struct confirm *c, const struct plan *p) {
    for (size_t i = 0; c->prompt && i < p->step_count; i++)
        if (plan_calls_left(p, &p->steps[i]) && confirm_will_ask(c, p, i + 1)) return true;
    return false;
}

bool confirm_step(struct confirm *c, const struct scene *s, const struct plan *p, size_t number,
                  enum word *word, struct err *e) {
    const struct planned_step *step = &p->steps[number - 1];
    if (!confirm_will_ask(c, p, number)) {
        *word = c->yes ? WORD_FLAG : WORD_ALL;
        return true;
    }
    if (!ask_step(c, s, p, number, word, e)) return false;
    if (*word == WORD_ALL) c->all = true;
    bool goes = *word == WORD_YES || *word == WORD_ALL;
    return !goes || ask_ids(c, p, step, e);
}

bool confirm_unplanned(struct confirm *c, const struct scene *s, const struct plan *p,
                       size_t number, const struct planned_call *call, struct err *e) {
    struct buf answer = BUF_EMPTY;
    (void)p;
    (void)number;
    console_say(s->console, STYLE_ALARM,
                "THE PLAYBOOK LEFT THE PLAN: it wants a call that was not rehearsed");
    bool ok = ask(c, ASK_UNPLANNED, call->op->method, "[y]es, this call  [n]o, stop: ", &answer, e);
    if (ok && !is_word(&answer, "y", "yes"))
        ok = err_set(e, ERR_LEFT_PLAN, "%s was not rehearsed, and the operator said no",
                     call->op->name);
    buf_free(&answer);
    return ok && (!is_irreversible(call) || ask_id(c, call, e));
}
