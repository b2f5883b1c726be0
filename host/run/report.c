// report.c - how it ended, and what to type next.
#include "run/report.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "codec/codec.h"
#include "plan/binding.h"
#include "run/ending.h"

// --- taking it back --------------------------------------------------------------

static bool was_made(const struct planned_call *c) {
    return c->succeeded || c->unknown;
}

// True when a later deletion of this run took away what `params` names.
static bool names_deleted(const struct gate *g, const struct val *params) {
    for (size_t i = 0; i < g->plan->call_count; i++) {
        const struct planned_call *c = g->plan->calls[i];
        if (!c->succeeded || !text_starts(c->op->name, "Delete")) continue;
        struct val *bound = binding_apply(g->bindings, c->params, NULL);
        const char *id = resource_id_in(bound);
        bool named = id && val_mentions(params, id);
        val_unref(bound);
        if (named) return true;
    }
    return false;
}

static bool is_listed(const struct val *list, const struct val *call) {
    for (size_t i = 0; i < val_count(list); i++)
        if (val_equal(val_at(list, i), call)) return true;
    return false;
}

static bool add_inverse(const struct gate *g, const struct planned_call *c, struct val *list,
                        struct err *e) {
    struct val *calls = binding_apply(g->bindings, val_get(c->inverse, "calls"), e);
    bool ok = calls != NULL;
    for (size_t k = 0; ok && k < val_count(calls); k++) {
        const struct val *call = val_at(calls, k);
        const struct val *params = val_get(call, "params");
        // An id that never became known: say_unknown tells how to find it.
        if (planned_id_in(params) || names_deleted(g, params) || is_listed(list, call)) continue;
        ok = val_append(list, val_ref(call)) || err_memory(e);
    }
    val_unref(calls);
    return ok;
}

struct val *inverse_calls(const struct gate *g, struct err *e) {
    struct val *list = val_list();
    bool ok = list || err_memory(e);
    for (size_t i = g->plan->call_count; ok && i-- > 0;)
        if (was_made(g->plan->calls[i])) ok = add_inverse(g, g->plan->calls[i], list, e);
    if (ok) return list;
    val_unref(list);
    return NULL;
}

static void add_call_line(const struct scene *s, const struct val *call, struct buf *out) {
    struct buf json = BUF_EMPTY, words = BUF_EMPTY;
    json_print(&json, val_get(call, "params"));
    buf_printf(&words, "call %s %s ", val_get_str(call, "service", ""),
               val_get_str(call, "operation", ""));
    scene_command(s, buf_str(&words), out);
    buf_add_char(out, '\'');
    for (const char *c = buf_str(&json); *c; c++) {
        if (*c == '\'')
            buf_add_str(out, "'\\''");
        else
            buf_add_char(out, *c);
    }
    buf_add_char(out, '\'');
    buf_free(&json);
    buf_free(&words);
}

struct val *command_lines(const struct scene *s, const struct val *calls) {
    struct val *lines = val_list();
    for (size_t i = 0; lines && i < val_count(calls); i++) {
        struct buf line = BUF_EMPTY;
        add_call_line(s, val_at(calls, i), &line);
        val_append(lines, val_cstr(buf_str(&line)));
        buf_free(&line);
    }
    return lines;
}

// --- saying it ---------------------------------------------------------------------

// The reads that tell: the operator can make them when the host could not.
static void say_reads(const struct scene *s, const struct gate *g, const struct advisor *a,
                      const struct operation *op, const struct val *params) {
    struct err e;
    struct val *call = call_value(op, params, g->created), *reads = NULL, *lines = NULL;
    if (call && !planned_id_in(params) && a->fate_reads(a->ctx, call, &reads, &e))
        lines = command_lines(s, reads);
    for (size_t i = 0; i < val_count(lines); i++)
        console_say(s->console, STYLE_PLAIN, "    this shows it:  %s",
                    val_as_str(val_at(lines, i), ""));
    val_unref(call);
    val_unref(reads);
    val_unref(lines);
}

static void say_unknown(const struct scene *s, const struct gate *g, const struct advisor *a) {
    for (size_t i = 0; i < g->plan->call_count; i++) {
        const struct planned_call *c = g->plan->calls[i];
        if (!c->unknown || c->succeeded) continue;
        struct buf params = BUF_EMPTY;
        struct val *bound = binding_apply(g->bindings, c->params, NULL);
        struct val *safe = codec_redact(g->model, c->op, false, bound, NULL);
        json_print(&params, safe);
        console_say(s->console, STYLE_ALARM,
                    "  not known whether it took effect: %s %s (look before you repeat it)",
                    c->op->name, buf_str(&params));
        say_reads(s, g, a, c->op, safe);
        val_unref(bound);
        val_unref(safe);
        buf_free(&params);
    }
}

static void say_window(const struct scene *s, const struct gate *g) {
    struct buf command = BUF_EMPTY, rest = BUF_EMPTY;
    const struct window *w = &g->window;
    buf_printf(&rest, "close %s", g->journal ? journal_run_id(g->journal) : "RUN");
    scene_command(s, buf_str(&rest), &command);
    console_say(
        s->console, STYLE_ALARM,
        "A WINDOW MAY STILL BE OPEN: the instance may be reachable from the whole internet.");
    for (size_t i = 0; i < w->count; i++) {
        const struct duty *d = &w->duties[i];
        struct buf params = BUF_EMPTY;
        json_print(&params, d->params);
        console_say(s->console, d->state == DUTY_DONE ? STYLE_GOOD : STYLE_ALARM, "  %s  %s %s%s%s",
                    d->state == DUTY_DONE ? "done  " : "FAILED", d->op->name, buf_str(&params),
                    d->state == DUTY_DONE ? "" : "  ", d->state == DUTY_DONE ? "" : d->err.message);
        buf_free(&params);
    }
    console_say(s->console, STYLE_ALARM, "Close it now:  %s", buf_str(&command));
    buf_free(&command);
    buf_free(&rest);
}

static void say_lost_journal(const struct scene *s, const struct gate *g) {
    console_say(s->console, STYLE_ALARM, "THE JOURNAL WAS LOST: %s", g->journal_loss.message);
    if (!g->window.was_open || g->window.failed || !g->journal) return;
    struct buf command = BUF_EMPTY, rest = BUF_EMPTY;
    buf_printf(&rest, "close %s", journal_run_id(g->journal));
    scene_command(s, buf_str(&rest), &command);
    console_say(
        s->console, STYLE_CARE,
        "The window was closed, but the journal may not say so: should `cordon runs` show it "
        "as open, make room on the disk and type:  %s",
        buf_str(&command));
    buf_free(&command);
    buf_free(&rest);
}

static bool can_be_resumed(const struct scene *s, const struct gate *g, const struct outcome *o) {
    bool lost_world = s->sim && !(s->save && *s->sim);
    return o->resumable && g->journal && !g->journal_lost && !lost_world && !o->finished &&
           (o->changed || o->before);
}

static void say_end(const struct scene *s, const struct gate *g, const struct outcome *o) {
    if (scene_is_simulated(s)) console_say(s->console, STYLE_CARE, "SIMULATOR: nothing of this was AWS");
    say_outcome(s, g->plan, o);
    if (o->window_may_be_open) say_window(s, g);
    else if (g->window.was_open && !o->finished)
        console_say(s->console, STYLE_GOOD,
                    "The window is closed: the instance is not left open to the internet.");
    if (o->finished && !o->warned) return;
    say_steps(s, g->plan);
    // Some messages say it themselves.
    bool told = strstr(o->err.message, "Nothing was changed") != NULL;
    if (!o->finished && !o->changed && !o->before && !told) console_say(s->console, STYLE_GOOD, "Nothing was changed.");
    const char *way = o->finished ? "" : way_on(&o->err);
    if (*way) console_say(s->console, STYLE_CARE, "%s", way);
    if (o->changed && !o->finished)
        console_say(s->console, STYLE_ALARM, "What is done stays done.%s",
                    o->window_may_be_open
                        ? ""
                        : " To go on, type the same command again: it plans anew from "
                          "what is there.");
    if (can_be_resumed(s, g, o))
        console_say(s->console, STYLE_BOLD, "To finish it where it stopped:  cordon resume %s",
                    journal_run_id(g->journal));
}

void say_way_back(const struct scene *s, const char *run_id, const struct val *lines) {
    if (s->sim && !(s->save && *s->sim))
        console_say(s->console, STYLE_BOLD,
                    "It cannot be taken back here: this world was not saved (--sim=FILE --save keeps "
                    "one)");
    else console_say(s->console, STYLE_BOLD, "To take it back:  cordon undo %s", run_id);
    for (size_t i = 0; i < val_count(lines); i++)
        console_detail(s->console, "  by hand: %s", val_as_str(val_at(lines, i), ""));
}

static struct val *end_members(const struct outcome *o, int exit, const struct val *calls,
                               const struct val *value) {
    struct val *v = val_map();
    const struct val *survivors = val_get(value, "survivors");
    bool ok = v && val_set(v, "exit", val_int(exit)) &&
              val_set(v, "state", val_cstr(outcome_state(o))) &&
              val_set(v, "note", o->finished ? val_nil() : val_cstr(o->err.message)) &&
              val_set(v, "error", o->finished ? val_nil() : err_to_val(&o->err)) &&
              val_set(v, "inverse", calls ? val_ref(calls) : val_list()) &&
              val_set(v, "survivors", survivors ? val_ref(survivors) : val_nil());
    if (ok) return v;
    val_unref(v);
    return NULL;
}

// The event says the command lines too; the journal holds the calls.
static void tell_event(const struct scene *s, const struct gate *g, struct val *members,
                       const struct val *lines) {
    struct val *v = members ? val_copy(members) : NULL;
    if (v && g->journal) {
        val_set(v, "run", val_cstr(journal_run_id(g->journal)));
        val_set(v, "head", val_cstr(journal_head(g->journal)));
    }
    if (v && lines) val_set(v, "commands", val_ref(lines));
    if (v) scene_event(s, "run.end", v);
}

int report_run(const struct scene *s, struct gate *g, const struct advisor *a, struct outcome *o,
               const struct val *value) {
    struct err e;
    o->changed = o->changed || g->changed;
    o->window_may_be_open = g->window.failed;
    struct val *calls = inverse_calls(g, &e), *lines = command_lines(s, calls);
    o->journal_lost = g->journal_lost;
    struct val *members = end_members(o, outcome_exit(o), calls, value);
    if (!g->journal_lost && gate_record(g, "run.end", val_ref(members), &e)) gate_sync(g, &e);
    o->journal_lost = g->journal_lost;
    int code = outcome_exit(o);
    if (code != EXIT_DONE && o->changed) console_aloud(s->console);
    console_say(s->console, STYLE_PLAIN, "%s", "");
    say_end(s, g, o);
    say_unknown(s, g, a);
    if (value) show_survivors(s, g->plan);
    if ((o->changed || o->before) && !o->is_undo && g->journal)
        say_way_back(s, journal_run_id(g->journal), lines);
    if (g->journal_lost) say_lost_journal(s, g);
    if (g->journal)
        console_say(s->console, STYLE_DIM, "journal %s/journal.jsonl  head %s",
                    journal_dir(g->journal), journal_head(g->journal));
    tell_event(s, g, members, lines);
    val_unref(members);
    val_unref(calls);
    val_unref(lines);
    return code;
}
