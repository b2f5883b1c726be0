// saved_compare.c - what has moved since a plan was saved, in words.
#include <string.h>

#include "base/json.h"
#include "plan/binding.h"
#include "run/saved_plan.h"

#define MOST_SAID 20
#define LONGEST_VALUE 160

struct comparison {
    struct val *moved;  // sentences
    bool failed;
};

// Once each: several calls may start from the same state.
static void say(struct comparison *c, const struct buf *text) {
    if (val_mentions(c->moved, buf_str(text))) return;
    if (val_count(c->moved) < MOST_SAID)
        c->failed = !val_append(c->moved, text->failed ? NULL : val_cstr(buf_str(text))) || c->failed;
}

// A value as short JSON.
static void add_value(struct buf *out, const struct val *v) {
    struct buf json = BUF_EMPTY;
    json_print(&json, v);
    if (val_type(v) == VAL_STRING) buf_add_str(out, val_as_str(v, ""));
    else if (json.len > LONGEST_VALUE) buf_printf(out, "%.*s...", LONGEST_VALUE, buf_str(&json));
    else buf_add_str(out, val_is_nil(v) ? "nothing" : buf_str(&json));
    out->failed = out->failed || json.failed;
    buf_free(&json);
}

// The members of two maps that differ, as "KEY was A, now B".
static void say_members(struct comparison *c, const char *where, const struct val *then,
                        const struct val *now) {
    const struct val *maps[] = {then, now};
    for (size_t m = 0; m < 2; m++)
        for (size_t i = 0; i < val_count(maps[m]); i++) {
            const char *key = val_key_at(maps[m], i);
            const struct val *a = val_get(then, key), *b = val_get(now, key);
            if (val_equal(a ? a : val_nil(), b ? b : val_nil()) || (m == 1 && a)) continue;
            struct buf text = BUF_EMPTY;
            buf_printf(&text, "%s: %s was ", where, key);
            add_value(&text, a);
            buf_add_str(&text, ", now ");
            add_value(&text, b);
            say(c, &text);
            buf_free(&text);
        }
}

// --- one call ----------------------------------------------------------------

static const struct val *line_about(const struct val *diff, const struct val *line) {
    for (size_t i = 0; i < val_count(diff); i++) {
        const struct val *other = val_at(diff, i);
        if (strcmp(val_get_str(other, "subject", ""), val_get_str(line, "subject", "")) == 0 &&
            strcmp(val_get_str(other, "attribute", ""), val_get_str(line, "attribute", "")) == 0)
            return other;
    }
    return NULL;
}

// "eni-1 groups were a, b; now a", for each line of the diffs that says so.
static bool say_states(struct comparison *c, const struct val *then, const struct val *now) {
    const struct val *lines = val_get(then, "diff");
    bool any = false;
    for (size_t i = 0; i < val_count(lines); i++) {
        const struct val *line = val_at(lines, i), *other = line_about(val_get(now, "diff"), line);
        const char *was = val_get_str(line, "before", ""), *is = val_get_str(other, "before", "");
        if (other && strcmp(was, is) == 0) continue;
        struct buf text = BUF_EMPTY;
        buf_printf(&text, "%s %s: was %s; now %s", val_get_str(line, "subject", "?"),
                   val_get_str(line, "attribute", ""), *was ? was : "nothing",
                   other ? (*is ? is : "nothing") : "not changed by the plan any more");
        say(c, &text);
        buf_free(&text);
        any = true;
    }
    return any;
}

static void compare_call(struct comparison *c, const struct val *then, const struct val *now,
                         const struct planned_call *call) {
    char fingerprint[65];
    struct buf name = BUF_EMPTY;
    const char *subject = subject_of(call->params);
    buf_printf(&name, "%s%s%s", call->op->name, subject ? " " : "", subject ? subject : "");
    if (!saved_plan_fingerprint(call->before, fingerprint)) c->failed = true;
    else if (strcmp(fingerprint, val_get_str(then, "before_sha256", "")) != 0 &&
             !say_states(c, then, now)) {
        buf_add_str(&name, ": what it would change is not as it was");
        say(c, &name);
    }
    const struct val *a = val_get(then, "hits"), *b = val_get(now, "hits");
    if (!val_equal(a ? a : val_nil(), b ? b : val_nil())) say_members(c, buf_str(&name), a, b);
    say_members(c, buf_str(&name), val_get(then, "params"), val_get(now, "params"));
    buf_free(&name);
}

static bool same_member(const struct val *a, const struct val *b, const char *key) {
    const struct val *x = val_get(a, key), *y = val_get(b, key);
    return val_equal(x ? x : val_nil(), y ? y : val_nil());
}

static bool is_same_call(const struct val *a, const struct val *b) {
    return same_member(a, b, "key") && same_member(a, b, "service") &&
           same_member(a, b, "operation") && same_member(a, b, "window");
}

// --- a step ------------------------------------------------------------------

static void compare_step(struct comparison *c, const struct val *then, const struct val *now,
                         const struct plan *p, const struct planned_step *s) {
    static const char *const options[] = {"optional", "on_failure", "hazards", "settle"};
    const struct val *calls = val_get(then, "calls"), *calls_now = val_get(now, "calls");
    struct buf text = BUF_EMPTY;
    buf_printf(&text, "step \"%s\"", s->title);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (same_member(then, now, options[i])) continue;
        buf_printf(&text, ": its %s is another", options[i]);
        say(c, &text);
        break;
    }
    bool same = val_count(calls) == val_count(calls_now);
    for (size_t i = 0; same && i < val_count(calls); i++)
        same = is_same_call(val_at(calls, i), val_at(calls_now, i));
    if (!same) {
        buf_printf(&text, ": it made %zu calls, now %zu, or others", val_count(calls),
                   val_count(calls_now));
        say(c, &text);
    }
    for (size_t i = 0; same && i < val_count(calls); i++)
        compare_call(c, val_at(calls, i), val_at(calls_now, i), p->calls[s->first + i]);
    buf_free(&text);
}

static void compare_steps(struct comparison *c, const struct val *then, const struct val *now,
                          const struct plan *p) {
    size_t count = val_count(then) < val_count(now) ? val_count(now) : val_count(then);
    for (size_t i = 0; i < count; i++) {
        const char *was = val_get_str(val_at(then, i), "title", NULL),
                   *is = val_get_str(val_at(now, i), "title", NULL);
        if (was && is && strcmp(was, is) == 0) {
            compare_step(c, val_at(then, i), val_at(now, i), p, &p->steps[i]);
            continue;
        }
        struct buf text = BUF_EMPTY;
        buf_printf(&text, "step %zu was %s, now %s", i + 1, was ? was : "not there",
                   is ? is : "not there");
        say(c, &text);
        buf_free(&text);
    }
}

struct val *saved_plan_moved(const struct saved_plan *s, const struct plan *now,
                             const struct val *args_now, struct model *m, struct err *e) {
    struct comparison c = {.moved = val_list()};
    struct val *steps = plan_to_val(now, m, e);
    if (!steps) {
        val_unref(c.moved);
        return NULL;
    }
    if (c.moved) {
        say_members(&c, "argument", s->args, args_now);
        compare_steps(&c, s->steps, steps, now);
    }
    val_unref(steps);
    if (c.moved && !c.failed) return c.moved;
    val_unref(c.moved);
    err_memory(e);
    return NULL;
}
