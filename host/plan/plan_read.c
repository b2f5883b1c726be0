// plan_read.c - a plan out of the value that plan_to_val made of it.
//
// Owns: taking back what a journal or a saved plan holds, all of it checked: such a file may have
// been written by anybody.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "plan/plan.h"

#define MOST_STEPS 200
#define MOST_CALLS 20000
#define LONGEST_KEY 255
#define LONGEST_TITLE 4096
#define LONGEST_SETTLE 3600.0

static bool wrong(size_t step, const char *what, struct err *e) {
    return err_set(e, ERR_INVALID, "the plan's step %zu: %s", step + 1, what);
}

static bool wrong_call(size_t step, size_t call, const char *what, struct err *e) {
    return err_set(e, ERR_INVALID, "the plan's step %zu, call %zu: %s", step + 1, call + 1, what);
}

// A text without a NUL inside.
static const char *text_of(const struct val *map, const char *key, size_t longest) {
    const struct val *v = val_get(map, key);
    const char *text = val_as_str(v, NULL);
    return text && strlen(text) == val_str_len(v) && val_str_len(v) <= longest ? text : NULL;
}

// "2:1.3#1" in step 2.
static bool is_key_of(const char *key, size_t step) {
    char *end;
    return key && strtoull(key, &end, 10) == step + 1 && *end == ':';
}

static bool window_of(const struct val *v, enum window_part *part) {
    const char *word = val_is_nil(v) ? "" : val_as_str(v, "?");
    *part = strcmp(word, "open") == 0    ? WINDOW_OPENING
            : strcmp(word, "close") == 0 ? WINDOW_CLOSING
                                         : WINDOW_NONE;
    return *part != WINDOW_NONE || !*word;
}

static enum proof proof_of(const char *word) {
    for (enum proof p = PROOF_PREDICTED; p <= PROOF_NOT_CHECKABLE; p++)
        if (strcmp(word, proof_word(p)) == 0) return p;
    return PROOF_PREDICTED;
}

static void keep(struct val **field, const struct val *v) {
    if (v) plan_put(field, val_ref(v));
}

static bool check_params(struct model *m, const struct operation *op, const struct val *call,
                         size_t step, size_t number, struct err *e) {
    const struct val *params = val_get(call, "params");
    if (val_as_bool(val_get(call, "redacted"), false))
        return err_set(e, ERR_REFUSED,
                       "the plan's step %zu, call %zu: %s has a secret parameter, of which only the "
                       "SHA-256 was kept, so it cannot be compared or sent",
                       step + 1, number + 1, op->name);
    if (val_type(params) != VAL_MAP) return wrong_call(step, number, "it has no parameters", e);
    if (codec_check(m, op, params, e)) return true;
    return err_prefix(e, "the plan's step %zu, call %zu", step + 1, number + 1);
}

static bool read_call(struct plan *p, struct model *m, const struct val *v, size_t step,
                      size_t number, struct val *keys, struct err *e) {
    const char *key = text_of(v, "key", LONGEST_KEY);
    enum window_part window;
    if (!is_key_of(key, step)) return wrong_call(step, number, "its key is not one of this step", e);
    if (val_get(keys, key)) return wrong_call(step, number, "its key is there twice", e);
    const struct operation *op =
        model_operation(m, val_get_str(v, "service", ""), val_get_str(v, "operation", ""), e);
    if (!op) return err_prefix(e, "the plan's step %zu, call %zu", step + 1, number + 1);
    if (!op->mutates) return wrong_call(step, number, "it changes nothing", e);
    if (!window_of(val_get(v, "window"), &window))
        return wrong_call(step, number, "its part of the window is not known", e);
    if (!check_params(m, op, v, step, number, e)) return false;
    struct planned_call *c = plan_add_call(p, step, key, op, val_get(v, "params"), window, e);
    if (!c) return false;
    c->proof = proof_of(val_get_str(v, "permission", ""));
    snprintf(c->proof_note, sizeof c->proof_note, "%s", val_get_str(v, "permission_note", ""));
    keep(&c->result, val_get(v, "result"));
    keep(&c->before, val_get(v, "before"));
    keep(&c->diff, val_get(v, "diff"));
    keep(&c->inverse, val_get(v, "inverse"));
    keep(&c->hits, val_get(v, "hits"));
    return val_set(keys, key, val_bool(true)) || err_memory(e);
}

// {text, verify} each; anything else is left out.
static bool read_notes(struct plan *p, size_t step, const struct val *notes, struct err *e) {
    for (size_t i = 0; i < val_count(notes); i++) {
        const char *text = val_get_str(val_at(notes, i), "text", NULL);
        bool verify = val_as_bool(val_get(val_at(notes, i), "verify"), false);
        if (text && !plan_note(p, step, text, verify)) return err_memory(e);
    }
    return true;
}

static bool read_settle(struct planned_step *s, size_t step, const struct val *v, struct err *e) {
    if (val_is_nil(v)) return true;
    s->has_window = true;
    s->settle = val_as_double(v, -1);
    if (s->settle >= 0 && s->settle <= LONGEST_SETTLE) return true;
    return wrong(step, "its window's time is not 0 to 3600 seconds", e);
}

static bool are_hazards(const struct val *v) {
    for (size_t i = 0; i < val_count(v); i++)
        if (val_type(val_at(v, i)) != VAL_STRING) return false;
    return val_is_nil(v) || val_type(v) == VAL_MAP;
}

static bool read_step(struct plan *p, struct model *m, const struct val *v, size_t index,
                      struct val *keys, struct err *e) {
    const char *title = text_of(v, "title", LONGEST_TITLE);
    const struct val *calls = val_get(v, "calls");
    if (!title) return wrong(index, "it has no title", e);
    if (!are_hazards(val_get(v, "hazards"))) return wrong(index, "its hazards are no texts", e);
    if (val_count(calls) > MOST_CALLS || p->call_count + val_count(calls) > MOST_CALLS)
        return wrong(index, "a plan has 20000 calls at most", e);
    // The step's own members are the options that the playbook gave.
    struct planned_step *s = plan_add_step(p, title, v, e);
    if (!s || !read_settle(s, index, val_get(v, "settle"), e) ||
        !read_notes(p, index, val_get(v, "notes"), e))
        return false;
    for (size_t i = 0; i < val_count(calls); i++)
        if (!read_call(p, m, val_at(calls, i), index, i, keys, e)) return false;
    return true;
}

bool plan_from_val(struct plan *p, struct model *m, const struct val *steps, struct err *e) {
    bool is_list = val_type(steps) == VAL_LIST || (val_type(steps) == VAL_MAP && !val_count(steps));
    if (!is_list || val_count(steps) > MOST_STEPS)
        return err_set(e, ERR_INVALID, "the plan's steps are no list of 200 at most");
    struct val *keys = val_map();
    bool ok = keys || err_memory(e);
    for (size_t i = 0; ok && i < val_count(steps); i++)
        ok = read_step(p, m, val_at(steps, i), i, keys, e);
    p->rehearsed_count = p->call_count;
    val_unref(keys);
    return ok;
}
