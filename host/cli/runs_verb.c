// runs_verb.c - `cordon runs`.
//
// Owns: the table of runs and the alarm about open windows. It never prints text from a journal
// that was not escaped.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/verbs_journal.h"
#include "journal/runs.h"
#include "prompt/console.h"
#include "run/outcome.h"

#define CELL_MAX 60

struct listing {
    struct console *console;
    struct columns *table;
    struct buf alarms;
    bool json, failed, abandoned, damaged, actionable;
    size_t count;
    struct err err;
};

// "2026-11-24 02:15:30", UTC; "" when there is none.
static void short_time(int64_t us, char out[32]) {
    char iso[CLOCK_ISO_SIZE];
    out[0] = '\0';
    if (us == 0) return;
    clock_iso_us(us, iso);
    snprintf(out, 32, "%.10s %.8s", iso, iso + 11);
}

static bool abandoned(const struct run_summary *s) {
    return s->window_open && s->pid == 0 && s->state != RUN_RUNNING;
}

// A playbook that came to its end and changed something has done what it is for.
static bool is_contained(const struct run_summary *s) {
    return s->state == RUN_DONE && s->exit_code == EXIT_DONE && s->made > 0 &&
           strcmp(run_text(s, "playbook"), "call") != 0 && strcmp(run_text(s, "playbook"), "undo") != 0;
}

static void state_cell(const struct run_summary *s, char out[48]) {
    const char *name = run_state_name(s->state);
    if (is_contained(s)) name = "contained";
    if (s->state == RUN_DONE && s->exit_code == EXIT_NOT_VERIFIED) name = "done, NOT VERIFIED";
    if (s->state == RUN_FAILED && s->exit_code == EXIT_DECLINED) name = "declined";
    if (s->state == RUN_FAILED && s->exit_code > 128) name = "interrupted";
    if (s->window_open) {
        snprintf(out, 48, "%s, WINDOW OPEN", name);
    } else {
        snprintf(out, 48, "%s", name);
    }
}

static void calls_cell(const struct run_summary *s, char out[80]) {
    int len = snprintf(out, 80, "%" PRId64 "/%" PRId64, s->made, s->intended);
    if (s->unknown > 0 && len > 0) {
        snprintf(out + len, (size_t)(80 - len), ", %" PRId64 " unknown", s->unknown);
    }
}

static void place_cell(const struct run_summary *s, struct buf *out) {
    const char *account = run_text(s, "account"), *region = run_text(s, "region");
    const char *backend = run_text(s, "backend");
    buf_add_str(out, account);
    if (region[0] != '\0') buf_printf(out, "%s%s", account[0] != '\0' ? " / " : "", region);
    if (backend[0] != '\0' && strcmp(backend, "aws") != 0 && strcmp(backend, "live") != 0) {
        buf_printf(out, " (%s)", backend);
    }
}

static bool next_cell(const struct run_summary *s, struct buf *out) {
    struct val *verbs = run_next(s);
    bool ok = verbs != NULL;
    for (size_t i = 0; i < val_count(verbs); i++)
        buf_printf(out, "%s%s", i ? ", " : "", val_as_str(val_at(verbs, i), ""));
    val_unref(verbs);
    return ok;
}

static bool add_row(struct listing *l, const struct run_summary *s) {
    char when[32], state[48], calls[80], exit_code[24] = "";
    struct buf place = BUF_EMPTY, next = BUF_EMPTY;
    short_time(s->started_us, when);
    state_cell(s, state);
    calls_cell(s, calls);
    place_cell(s, &place);
    bool next_there = next_cell(s, &next);
    l->actionable = l->actionable || next.len;
    if (s->exit_code >= 0) snprintf(exit_code, sizeof exit_code, "%" PRId64, s->exit_code);
    const char *const cells[] = {
        s->id, when, state, exit_code, calls, buf_str(&place), run_text(s, "ticket"), buf_str(&next)};
    bool ok = next_there && !place.failed && !next.failed && columns_add(l->table, cells, CELL_MAX + RUN_ID_SIZE);
    buf_free(&place);
    buf_free(&next);
    return ok;
}

// --- the alarm ---------------------------------------------------------------

static void add_escaped(struct buf *out, const char *text) {
    text_escape(out, text, strlen(text), CELL_MAX);
}

static void add_call(struct buf *out, const struct val *call) {
    struct buf params = BUF_EMPTY;
    json_print(&params, val_get(call, "params"));
    buf_add_str(out, "    ");
    add_escaped(out, val_get_str(call, "service", "?"));
    buf_add_str(out, " ");
    add_escaped(out, val_get_str(call, "operation", "?"));
    buf_add_str(out, " ");
    text_escape(out, buf_str(&params), params.len, 300);
    buf_add_str(out, "\n");
    if (params.failed) out->failed = true;
    buf_free(&params);
}

static void add_alarm(struct listing *l, const struct run_summary *s) {
    struct buf *out = &l->alarms;
    char since[32];
    short_time(s->window_opened_us, since);
    buf_printf(out, "\nWINDOW OPEN since %s UTC in run %s", since, s->id);
    if (s->state == RUN_RUNNING) {
        buf_add_str(out, ": it is running and closes it");
        if (s->pid > 0) buf_printf(out, " (process %d)", (int)s->pid);
        buf_add_str(out, "\n");
    } else if (s->pid > 0) {
        buf_printf(out, ": process %d is at it\n", (int)s->pid);
    } else {
        buf_printf(out, ": NOBODY IS CLOSING IT. Type:\n\n    cordon close %s\n\n", s->id);
    }
    size_t due = val_count(s->closing);
    if (due > 0) buf_printf(out, "  closing calls still due: %zu\n", due);
    for (size_t i = 0; i < due && i < 20; i++) add_call(out, val_at(s->closing, i));
    if (due > 20) buf_printf(out, "    and %zu more\n", due - 20);
    if (due == 0 && !s->closing_unread) {
        buf_add_str(out, "  every closing call was answered; only the record of it is missing\n");
    }
    if (s->closing_unread)
        buf_add_str(out, "  SOME CLOSING CALLS CANNOT BE READ FROM ITS JOURNAL\n");
}

static void add_damage(struct listing *l, const struct run_summary *s) {
    buf_printf(&l->alarms, "\nthe journal of %s does not verify: ", s->id);
    text_escape(&l->alarms, s->why, strlen(s->why), 300);
    buf_add_char(&l->alarms, '\n');
}

// --- one JSON object a run ---------------------------------------------------

static bool set_text(struct val *map, const char *key, const char *text) {
    return text[0] == '\0' || val_set(map, key, val_cstr(text));
}

static bool set_time(struct val *map, const char *key, int64_t us) {
    char iso[CLOCK_ISO_SIZE];
    if (us == 0) return true;
    clock_iso_us(us, iso);
    return val_set(map, key, val_cstr(iso));
}

static bool set_start(struct val *map, const struct run_summary *s) {
    static const char *const members[] = {"playbook", "account",  "region", "backend",
                                          "ticket",   "operator", "version"};
    bool ok = val_get(s->start, "args") == NULL ||
              val_set(map, "args", val_ref(val_get(s->start, "args")));
    for (size_t i = 0; ok && i < sizeof members / sizeof members[0]; i++) {
        ok = set_text(map, members[i], run_text(s, members[i]));
    }
    return ok;
}

static bool set_window(struct val *map, const struct run_summary *s) {
    bool ok = val_set(map, "window_open", val_bool(s->window_open));
    if (!s->window_open) return ok;
    return ok && set_time(map, "window_opened", s->window_opened_us) &&
           val_set(map, "closing_due", val_ref(s->closing)) &&
           (!s->closing_unread || val_set(map, "closing_unread", val_bool(true)));
}

// Whole commands.
static struct val *next_commands(const struct run_summary *s) {
    struct val *verbs = run_next(s), *list = val_list();
    bool ok = verbs != NULL && list != NULL;
    for (size_t i = 0; ok && i < val_count(verbs); i++)
        ok = val_append(list, val_printf("cordon %s %s", val_as_str(val_at(verbs, i), ""), s->id));
    val_unref(verbs);
    if (ok) return list;
    val_unref(list);
    return NULL;
}

static struct val *as_map(const struct run_summary *s) {
    struct val *map = val_map();
    bool ok = map != NULL && val_set(map, "run", val_cstr(s->id)) &&
              val_set(map, "state", val_cstr(run_state_name(s->state))) && set_start(map, s) &&
              set_time(map, "started", s->started_us) && set_time(map, "last", s->last_us) &&
              (s->exit_code < 0 || val_set(map, "exit", val_int(s->exit_code))) &&
              (s->pid <= 0 || val_set(map, "pid", val_int(s->pid))) && set_window(map, s) &&
              val_set(map, "calls_intended", val_int(s->intended)) &&
              val_set(map, "calls_made", val_int(s->made)) &&
              val_set(map, "calls_failed", val_int(s->failed)) &&
              val_set(map, "calls_unknown", val_int(s->unknown)) && set_text(map, "why", s->why) &&
              val_set(map, "contained", val_bool(is_contained(s))) &&
              val_set(map, "next", next_commands(s)) &&
              val_set(map, "head", val_cstr(s->report.head));
    if (ok) return map;
    val_unref(map);
    return NULL;
}

// --- the verb ----------------------------------------------------------------

static bool show(struct listing *l, const struct run_summary *s) {
    l->count++;
    l->abandoned = l->abandoned || abandoned(s);
    l->damaged = l->damaged || s->state == RUN_DAMAGED;
    if (l->json) {
        struct val *map = as_map(s);
        return map != NULL && (console_event(l->console, "run", map) || true);
    }
    if (s->window_open) add_alarm(l, s);
    if (s->state == RUN_DAMAGED) add_damage(l, s);
    return add_row(l, s) && !l->alarms.failed;
}

static bool list_one(void *ctx, const char *id, const char *dir) {
    struct listing *l = ctx;
    struct run_summary s;
    (void)id;
    if (!runs_summary(dir, false, &s, &l->err)) {
        // A directory without a journal: a run that has not begun, or is no run.
        if (err_is(&l->err, ERR_USAGE)) return true;
        l->failed = true;
        return false;
    }
    if (!show(l, &s)) l->failed = !err_memory(&l->err);
    run_summary_clear(&s);
    return !l->failed && !console_data_lost(l->console);
}

static bool print_table(struct listing *l) {
    struct buf text = BUF_EMPTY;
    if (l->count > 0) columns_print(l->table, &text);
    buf_add(&text, buf_str(&l->alarms), l->alarms.len);
    if (l->actionable)
        buf_add_str(&text, "\nNEXT is what to type:  cordon VERB RUN   (a beginning of RUN that only one "
                           "has will do, or `last`)\n");
    bool ok = !text.failed && (text.len == 0 || console_data(l->console, text.data, text.len));
    if (l->count == 0) console_say(l->console, STYLE_PLAIN, "there is no run yet");
    buf_free(&text);
    return ok;
}

static bool run_listing(struct listing *l) {
    static const char *const head[] = {"RUN",   "STARTED (UTC)",    "STATE", "EXIT",
                                       "CALLS", "ACCOUNT / REGION", "TICKET", "NEXT"};
    bool ok = columns_add(l->table, head, 0) || err_memory(&l->err);
    ok = ok && runs_list(list_one, l, &l->err) && !l->failed;
    return ok && (l->json || print_table(l) || console_data_lost(l->console));
}

static int listing_exit(const struct listing *l) {
    return l->abandoned ? 9 : l->damaged ? 8 : 0;
}

int verb_runs(int argc, char **argv, bool json) {
    struct listing l = {.json = json, .alarms = BUF_EMPTY};
    l.console = console_new(NULL, NULL);
    l.table = columns_new(8);
    int code = 1;
    if (l.console == NULL || l.table == NULL) {
        fputs("cordon: out of memory\n", stderr);
    } else if (argc > 1) {
        err_set(&l.err, ERR_USAGE, "`runs` takes no argument, not \"%.80s\"", argv[1]);
        console_error(l.console, &l.err);
        code = 2;
    } else if (run_listing(&l)) {
        code = listing_exit(&l);
        if (!console_finish(l.console) && code == 0) code = 1;
    } else {
        console_error(l.console, &l.err);
    }
    buf_free(&l.alarms);
    columns_free(l.table);
    console_free(l.console);
    return code;
}
