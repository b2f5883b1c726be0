// show.c - a plan's steps as people read them.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "codec/codec.h"
#include "plan/binding.h"
#include "run/scene.h"

#define CELLS 5
// Longer than what AWS lets a call name in one attribute, so that nothing hides behind a long name.
#define LONGEST_CELL 8000

static const struct planned_call *call_of(const struct plan *p, const struct planned_step *s,
                                          size_t i) {
    return p->calls[s->first + i];
}

bool is_irreversible(const struct planned_call *c) {
    return strcmp(val_get_str(c->inverse, "class", "irreversible"), "irreversible") == 0;
}

// --- one step's lines ----------------------------------------------------------

static bool same_text(const struct val *a, const struct val *b, const char *key) {
    return strcmp(val_get_str(a, key, ""), val_get_str(b, key, "")) == 0;
}

// A line that says what a thing was and what it becomes. Rules that are added or taken away are
// no such thing: each is another one, whatever group they belong to.
static bool is_move(const struct val *line) {
    return strcmp(val_get_str(line, "sign", "~"), "~") == 0;
}

// The closing call's line about the same thing, or NULL.
static const struct val *closing_line(const struct plan *p, const struct planned_step *s,
                                      const struct val *line) {
    for (size_t i = 0; i < s->count; i++) {
        const struct planned_call *c = call_of(p, s, i);
        for (size_t k = 0; c->window == WINDOW_CLOSING && k < val_count(c->diff); k++) {
            const struct val *other = val_at(c->diff, k);
            if (is_move(line) && is_move(other) && same_text(line, other, "subject") &&
                same_text(line, other, "attribute"))
                return other;
        }
    }
    return NULL;
}

// An opening line tells the closing one's end too; that one is then not shown again.
static bool told_by_opening(const struct plan *p, const struct planned_step *s,
                            const struct val *line) {
    for (size_t i = 0; i < s->count; i++) {
        const struct planned_call *c = call_of(p, s, i);
        for (size_t k = 0; c->window == WINDOW_OPENING && k < val_count(c->diff); k++)
            if (closing_line(p, s, val_at(c->diff, k)) == line) return true;
    }
    return false;
}

static void add_change(struct buf *out, const struct plan *p, const struct planned_step *s,
                       const struct planned_call *c, const struct val *line) {
    const char *before = val_get_str(line, "before", ""), *after = val_get_str(line, "after", "");
    const struct val *closing = c->window == WINDOW_OPENING ? closing_line(p, s, line) : NULL;
    if (*before) buf_add_str(out, before);
    if (closing)
        buf_printf(out, " -> %s (open, %g s) -> %s", after, s->settle,
                   val_get_str(closing, "after", ""));
    else if (*after) buf_printf(out, "%s%s", *before ? " -> " : "", after);
    if (c->window == WINDOW_CLOSING) buf_add_str(out, "  (closes the window)");
}

static void add_permission(struct buf *out, const struct planned_call *c) {
    if (c->proof == PROOF_DENIED) buf_printf(out, "DENIED: needs %s", c->proof_note);
    else if (c->proof == PROOF_FAILS) buf_printf(out, "WOULD FAIL: %s", c->proof_note);
    else buf_add_str(out, proof_word(c->proof));
}

static void add_line(struct columns *t, const struct plan *p, const struct planned_step *s,
                     const struct planned_call *c, const struct val *line) {
    struct buf change = BUF_EMPTY, permission = BUF_EMPTY;
    add_change(&change, p, s, c, line);
    add_permission(&permission, c);
    const char *cells[CELLS] = {"", val_get_str(line, "sign", "~"),
                                val_get_str(line, "subject", ""),
                                val_get_str(line, "attribute", ""), buf_str(&change)};
    struct buf with = BUF_EMPTY;
    buf_printf(&with, "%s  [%s]", buf_str(&change), buf_str(&permission));
    cells[4] = buf_str(&with);
    columns_add(t, cells, LONGEST_CELL);
    buf_free(&change);
    buf_free(&permission);
    buf_free(&with);
}

static void add_call(struct columns *t, const struct plan *p, const struct planned_step *s,
                     const struct planned_call *c) {
    for (size_t k = 0; k < val_count(c->diff); k++) {
        const struct val *line = val_at(c->diff, k);
        bool told = c->window == WINDOW_CLOSING && told_by_opening(p, s, line);
        if (!told) add_line(t, p, s, c, line);
    }
}

// --- the line of facts -----------------------------------------------------------

static void add_other(struct buf *out, const struct val *other, size_t number) {
    const char *name = val_get_str(other, "name", "");
    buf_printf(out, "%s%s", number ? ", " : "", val_get_str(other, "id", "?"));
    if (*name) buf_printf(out, " \"%s\"", name);
}

static void add_hits(const struct plan *p, const struct planned_step *s, struct buf *out) {
    struct val *others = val_map();
    size_t unknown = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct val *hits = call_of(p, s, i)->hits;
        const struct val *list = val_get(hits, "others");
        if (val_is_nil(hits)) unknown++;
        for (size_t k = 0; k < val_count(list); k++)
            val_set(others, val_get_str(val_at(list, k), "id", "?"), val_ref(val_at(list, k)));
    }
    if (val_count(others)) {
        buf_printf(out, "HITS %zu OTHERS: ", val_count(others));
        for (size_t i = 0; i < val_count(others) && i < 20; i++)
            add_other(out, val_at(others, i), i);
        if (val_count(others) > 20) buf_add_str(out, ", ...");
    } else if (unknown) {
        buf_add_str(out, "who else it hits: not known");
    } else {
        buf_add_str(out, "hits nothing else");
    }
    val_unref(others);
}

static void add_undo(const struct plan *p, const struct planned_step *s, struct buf *out) {
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct planned_call *c = call_of(p, s, i);
        if (is_irreversible(c)) {
            buf_printf(out, " | undo: NO, %s has no way back", c->op->name);
            return;
        }
        kept += strcmp(val_get_str(c->inverse, "class", ""), "kept") == 0;
    }
    buf_add_str(out, kept == s->count ? " | kept as evidence" : " | undo: yes");
}

static size_t count_proof(const struct plan *p, const struct planned_step *s, enum proof proof) {
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) n += call_of(p, s, i)->proof == proof;
    return n;
}

static void add_proofs(const struct plan *p, const struct planned_step *s, struct buf *out) {
    static const enum proof worst_first[] = {PROOF_DENIED, PROOF_FAILS, PROOF_NOT_CHECKABLE,
                                             PROOF_PREDICTED, PROOF_PROVEN};
    bool first = true;
    buf_add_str(out, " | permission: ");
    for (size_t i = 0; i < sizeof worst_first / sizeof *worst_first; i++) {
        size_t n = count_proof(p, s, worst_first[i]);
        if (!n) continue;
        buf_add_str(out, first ? "" : ", ");
        if (n < s->count) buf_printf(out, "%zu ", n);
        buf_add_str(out, proof_word(worst_first[i]));
        first = false;
    }
}

void step_facts(const struct plan *p, size_t number, struct buf *out) {
    const struct planned_step *s = &p->steps[number - 1];
    add_hits(p, s, out);
    if (s->has_window) buf_printf(out, " | OPEN TO THE INTERNET for about %g s", s->settle);
    add_undo(p, s, out);
    add_proofs(p, s, out);
}

// --- steps -----------------------------------------------------------------------

// The step that cuts says what outlives the cut for certain.
static void show_what_outlives(const struct scene *s, const struct plan *p) {
    const struct val *forecast = val_get(p->consequences, "survivors");
    struct buf line = BUF_EMPTY;
    for (size_t i = 0; i < val_count(forecast); i++) {
        const struct val *one = val_at(forecast, i);
        if (strcmp(val_get_str(one, "certainty", ""), "survives") != 0) continue;
        buf_printf(&line, "%s%s", line.len ? "; " : "", val_get_str(one, "text", ""));
    }
    if (line.len) console_say(s->console, STYLE_CARE, "  survives: %s", buf_str(&line));
    buf_free(&line);
}

void show_step(const struct scene *s, const struct plan *p, size_t number) {
    const struct planned_step *step = &p->steps[number - 1];
    struct columns *t = columns_new(CELLS);
    struct buf facts = BUF_EMPTY;
    for (size_t i = 0; t && i < step->count; i++) add_call(t, p, step, call_of(p, step, i));
    if (t) console_table(s->console, t);
    columns_free(t);
    step_facts(p, number, &facts);
    console_say(s->console, STYLE_DIM, "  %s", buf_str(&facts));
    if (step->has_window) show_what_outlives(s, p);
    for (size_t i = 0; i < val_count(step->hazards); i++)
        console_say(s->console, STYLE_CARE, "  ! %s: %s", val_key_at(step->hazards, i),
                    val_as_str(val_at(step->hazards, i), ""));
    buf_free(&facts);
}

static void show_notes(const struct scene *s, const struct val *notes) {
    for (size_t i = 0; i < val_count(notes); i++) {
        const struct val *note = val_at(notes, i);
        bool verify = val_as_bool(val_get(note, "verify"), false);
        console_say(s->console, verify ? STYLE_DIM : STYLE_PLAIN, "  %s%s",
                    verify ? "to be verified: " : "| ", val_get_str(note, "text", ""));
    }
}

static void show_texts(const struct scene *s, const struct val *texts) {
    for (size_t i = 0; i < val_count(texts); i++)
        console_say(s->console, STYLE_CARE, "  - %s", val_as_str(val_at(texts, i), ""));
}

void show_survivors(const struct scene *s, const struct plan *p) {
    const struct val *forecast = val_get(p->consequences, "survivors");
    const struct val *own = val_count(forecast) ? NULL : p->survivors;
    if (!val_count(forecast) && !val_count(own) && !val_count(p->around)) return;
    console_say(s->console, STYLE_BOLD, "What can survive this:");
    for (size_t i = 0; i < val_count(forecast); i++) {
        const struct val *one = val_at(forecast, i);
        console_say(s->console, STYLE_CARE, "  - %s  [%s; closed by: %s]",
                    val_get_str(one, "text", ""), val_get_str(one, "certainty", "unknown"),
                    val_get_str(one, "lever", "nothing known"));
    }
    show_texts(s, own);
    show_texts(s, p->around);
}

static void show_sentences(const struct scene *s, const char *what, const struct val *sentences) {
    if (!val_count(sentences)) console_say(s->console, STYLE_PLAIN, "    %s: nothing", what);
    for (size_t i = 0; i < val_count(sentences); i++)
        console_say(s->console, STYLE_PLAIN, "    %s: %s", what,
                    val_as_str(val_at(sentences, i), ""));
}

static void show_connections(const struct scene *s, const struct val *one) {
    const struct val *into = val_get(one, "into_before"), *out = val_get(one, "out_before");
    bool same = val_equal(into, val_get(one, "into_after")) && val_equal(out, val_get(one, "out_after"));
    console_say(s->console, STYLE_BOLD, "New connections to and from %s%s",
                val_get_str(one, "instance", "?"), same ? " stay as they are." : ":");
    if (same) return;
    console_say(s->console, STYLE_DIM, "  now");
    show_sentences(s, "in ", into);
    show_sentences(s, "out", out);
    console_say(s->console, STYLE_DIM, "  after");
    show_sentences(s, "in ", val_get(one, "into_after"));
    show_sentences(s, "out", val_get(one, "out_after"));
}

// Who can open a new connection, before and after.
static void show_reach(const struct scene *s, const struct plan *p) {
    const struct val *reach = val_get(p->consequences, "reach");
    for (size_t i = 0; i < val_count(reach); i++) show_connections(s, val_at(reach, i));
    const struct val *missing = val_get(p->consequences, "missing");
    for (size_t i = 0; i < val_count(missing); i++)
        console_say(s->console, STYLE_CARE, "  could not be read, so not judged: %s",
                    val_as_str(val_at(missing, i), ""));
}

void show_plan(const struct scene *s, const struct plan *p) {
    show_notes(s, p->notes);
    for (size_t i = 0; i < p->step_count; i++) {
        const struct planned_step *step = &p->steps[i];
        console_say(s->console, STYLE_BOLD, "%zu. %s%s%s", i + 1, step->title,
                    step->optional ? "  (may be skipped)" : "",
                    step->warn ? "  (its failure does not stop the run)" : "");
        if (step->count) show_step(s, p, i + 1);
        else if (!val_count(step->notes)) console_say(s->console, STYLE_DIM, "  changes nothing");
        show_notes(s, step->notes);
    }
    show_reach(s, p);
    show_survivors(s, p);
}

void show_calls(const struct scene *s, const struct plan *p, size_t number, struct model *m) {
    const struct planned_step *step = &p->steps[number - 1];
    for (size_t i = 0; i < step->count; i++) {
        const struct planned_call *c = call_of(p, step, i);
        struct val *safe = codec_redact(m, c->op, false, c->params, NULL);
        struct buf text = BUF_EMPTY;
        json_print(&text, safe);
        console_say(s->console, STYLE_PLAIN, "  %s.%s %s%s", c->op->service->name, c->op->method,
                    buf_str(&text),
                    c->window == WINDOW_OPENING   ? "  (opens the window)"
                    : c->window == WINDOW_CLOSING ? "  (closes the window)"
                                                  : "");
        buf_free(&text);
        val_unref(safe);
    }
}

static void say_json(const struct scene *s, const char *what, const struct val *v) {
    struct buf text = BUF_EMPTY;
    json_print(&text, v);
    console_say(s->console, STYLE_DIM, "      %s %s", what, buf_str(&text));
    buf_free(&text);
}

void explain_step(const struct scene *s, const struct plan *p, size_t number) {
    const struct planned_step *step = &p->steps[number - 1];
    for (size_t i = 0; i < step->count; i++) {
        const struct planned_call *c = call_of(p, step, i);
        const struct val *calls = val_get(c->inverse, "calls");
        const char *note = val_get_str(c->inverse, "note", "");
        struct buf permission = BUF_EMPTY;
        add_permission(&permission, c);
        console_say(s->console, STYLE_PLAIN, "  %s  [%s]%s%s", c->op->name, buf_str(&permission),
                    *c->proof_note && c->proof == PROOF_PREDICTED ? "  " : "",
                    c->proof == PROOF_PREDICTED ? c->proof_note : "");
        buf_free(&permission);
        if (!val_is_nil(c->before)) say_json(s, "before:", c->before);
        for (size_t k = 0; k < val_count(calls); k++) {
            const struct val *back = val_at(calls, k);
            struct buf what = BUF_EMPTY;
            buf_printf(&what, "taken back by %s", val_get_str(back, "operation", "?"));
            say_json(s, buf_str(&what), val_get(back, "params"));
            buf_free(&what);
        }
        if (*note) console_say(s->console, STYLE_DIM, "      %s", note);
        if (is_irreversible(c)) console_say(s->console, STYLE_ALARM, "      no way back");
    }
}
