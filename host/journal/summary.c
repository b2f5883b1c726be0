// summary.c - what a run's journal says about it.
//
// Owns: reading one journal into a struct run_summary. Memory grows with the calls that are
// still open, never with the journal. It never trusts a member to be there or of its type.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/lock.h"
#include "journal/runs.h"
#include "journal/scan.h"

struct reading {
    struct run_summary *s;
    const char *dir;
    struct val *open_calls;  // key: the intents without an outcome
    struct val *duties;      // all closing calls of the window that is open, done or not
    bool failed;             // no memory
};

// --- calls -------------------------------------------------------------------

// {key, service, operation, params} of a line or of an entry of `closing`.
static struct val *call_of(const struct val *from) {
    static const char *const members[] = {"key", "service", "operation", "params"};
    struct val *call = val_map();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const struct val *member = val_get(from, members[i]);
        if (call != NULL && member != NULL && !val_set(call, members[i], val_ref(member))) {
            val_unref(call);
            return NULL;
        }
    }
    return call;
}

static bool same_key(const struct val *call, const char *key) {
    return strcmp(val_get_str(call, "key", ""), key) == 0;
}

// A new list without the call that has this key; NULL on no memory.
static struct val *without(const struct val *calls, const char *key) {
    struct val *list = val_list();
    for (size_t i = 0; list != NULL && i < val_count(calls); i++) {
        const struct val *call = val_at(calls, i);
        if (!same_key(call, key) && !val_append(list, val_ref(call))) {
            val_unref(list);
            return NULL;
        }
    }
    return list;
}

static bool replace(struct val **at, struct val *with) {
    if (with == NULL) return false;
    val_unref(*at);
    *at = with;
    return true;
}

static bool is_own(const struct val *line) {
    return strncmp(val_get_str(line, "key", ""), LEASE_KEY, strlen(LEASE_KEY)) == 0;
}

static bool take_intent(struct reading *r, const struct val *line) {
    if (is_own(line)) return true;
    r->s->intended++;
    return val_set(r->open_calls, val_get_str(line, "key", ""), call_of(line));
}

static bool is_duty(const struct reading *r, const char *key) {
    for (size_t i = 0; i < val_count(r->duties); i++)
        if (same_key(val_at(r->duties, i), key)) return true;
    return false;
}

// An opening call may have taken effect after a closing one: then all closing calls are due again.
static bool all_due_again(struct reading *r) {
    return replace(&r->s->closing, val_ref(r->duties));
}

// An answer settles a call; a time-out after sending does not.
static bool take_outcome(struct reading *r, const struct val *line) {
    const char *key = val_get_str(line, "key", "");
    bool ok = val_as_bool(val_get(line, "ok"), false);
    if (is_own(line) || val_as_bool(val_get(line, "unknown"), false)) return true;
    if (!val_set(r->open_calls, key, val_nil())) return false;
    if (r->duties && !is_duty(r, key) && !all_due_again(r)) return false;
    if (!ok) {
        r->s->failed++;
        return true;
    }
    r->s->made++;
    return r->s->closing == NULL || replace(&r->s->closing, without(r->s->closing, key));
}

// --- the window --------------------------------------------------------------

static bool readable(const struct val *call) {
    return val_get_str(call, "key", NULL) != NULL && val_get_str(call, "service", NULL) != NULL &&
           val_get_str(call, "operation", NULL) != NULL;
}

static bool take_window_open(struct reading *r, const struct val *line) {
    struct run_summary *s = r->s;
    struct err e;
    struct val *due = journal_large_value(r->dir, line, "closing", &e);
    if (due == NULL && err_is(&e, ERR_MEMORY)) return false;
    s->window_open = true;
    s->window_opened_us = s->last_us;
    if (val_type(due) != VAL_LIST) s->closing_unread = true;
    bool ok = s->closing != NULL || replace(&s->closing, val_list());
    for (size_t i = 0; ok && val_type(due) == VAL_LIST && i < val_count(due); i++) {
        if (readable(val_at(due, i))) {
            ok = val_append(s->closing, call_of(val_at(due, i)));
        } else {
            s->closing_unread = true;
        }
    }
    val_unref(due);
    return ok && replace(&r->duties, val_ref(s->closing));
}

static void take_window_closed(struct reading *r) {
    struct run_summary *s = r->s;
    s->window_open = s->closing_unread = false;
    val_unref(s->closing);
    val_unref(r->duties);
    s->closing = r->duties = NULL;
}

// --- lines -------------------------------------------------------------------

static bool take_end(struct run_summary *s, const struct val *line) {
    s->exit_code = val_as_int(val_get(line, "exit"), -1);
    return replace(&s->end, val_ref(line));
}

// The run goes on: how it had ended is how it ends no more.
static void take_log(struct run_summary *s, const struct val *line) {
    if (!val_as_bool(val_get(line, "resumed"), false)) return;
    val_unref(s->end);
    s->end = NULL;
    s->exit_code = -1;
}

static bool take_kind(struct reading *r, const char *kind, const struct val *line) {
    if (strcmp(kind, "call.intent") == 0) return take_intent(r, line);
    if (strcmp(kind, "call.outcome") == 0) return take_outcome(r, line);
    if (strcmp(kind, "window.open") == 0) return take_window_open(r, line);
    if (strcmp(kind, "window.closed") == 0) take_window_closed(r);
    if (strcmp(kind, "run.end") == 0) return take_end(r->s, line);
    if (strcmp(kind, "log") == 0) take_log(r->s, line);
    if (strcmp(kind, "undo.start") == 0 || strcmp(kind, "undo.end") == 0)
        return replace(&r->s->undo, val_ref(line));
    if (strcmp(kind, "run.start") == 0 && r->s->start == NULL) {
        return replace(&r->s->start, val_ref(line));
    }
    return true;
}

static bool take_line(void *ctx, const struct val *line) {
    struct reading *r = ctx;
    const char *t = val_get_str(line, "t", "");
    int64_t us = 0;
    if (clock_parse(t, strlen(t), &us)) r->s->last_us = us;
    if (r->s->started_us == 0) r->s->started_us = us;
    r->failed = !take_kind(r, val_get_str(line, "kind", ""), line);
    return !r->failed;
}

static bool list_unfinished(struct reading *r) {
    struct run_summary *s = r->s;
    s->unknown = (int64_t)val_count(r->open_calls);
    bool ok = replace(&s->unfinished, val_list());
    for (size_t i = 0; ok && r->duties && i < val_count(r->open_calls); i++)
        if (!is_duty(r, val_key_at(r->open_calls, i))) ok = all_due_again(r);
    for (size_t i = 0; ok && i < val_count(r->open_calls) && i < RUN_MAX_UNFINISHED; i++) {
        ok = val_append(s->unfinished, val_ref(val_at(r->open_calls, i)));
    }
    return ok;
}

static enum run_state state_of(const struct run_summary *s, bool locked) {
    if (s->report.state == JOURNAL_TAMPERED) return RUN_DAMAGED;
    if (s->undo != NULL) {
        if (strcmp(val_get_str(s->undo, "state", ""), "undone") == 0) return RUN_UNDONE;
        bool over = strcmp(val_get_str(s->undo, "kind", ""), "undo.end") == 0;
        return locked && !over ? RUN_RUNNING : RUN_PARTLY_UNDONE;
    }
    if (s->end == NULL) return locked ? RUN_RUNNING : RUN_CRASHED;
    const char *said = val_get_str(s->end, "state", "");
    if (strcmp(said, "partial") == 0) return RUN_PARTIAL;
    return strcmp(said, "done") == 0 ? RUN_DONE : RUN_FAILED;
}

static bool read_journal(struct reading *r, int fd, int dir_fd, bool locked, struct err *e) {
    struct run_summary *s = r->s;
    struct err own;
    r->open_calls = val_map();
    bool ok = r->open_calls != NULL;
    if (!ok) return err_memory(e);
    ok = scan_journal(fd, dir_fd, r->dir, &s->report, take_line, r, &own);
    bool memory = !r->failed && (ok || !err_is(&own, ERR_MEMORY)) && list_unfinished(r);
    val_unref(r->open_calls);
    val_unref(r->duties);
    if (!memory) return err_memory(e);
    s->state = ok ? state_of(s, locked) : RUN_DAMAGED;
    if (!ok) snprintf(s->why, sizeof s->why, "%.500s", own.message);
    if (ok && s->state == RUN_DAMAGED) snprintf(s->why, sizeof s->why, "%s", s->report.why);
    return true;
}

// False when there is no journal. One that cannot be opened is a damaged run with *fd -1.
static bool open_journal(struct reading *r, int dir_fd, int *fd, struct err *e) {
    *fd = openat(dir_fd, JOURNAL_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (*fd >= 0) return true;
    if (errno == ENOENT) return err_set(e, ERR_USAGE, "%s holds no journal", r->dir);
    r->s->state = RUN_DAMAGED;
    snprintf(r->s->why, sizeof r->s->why, "it cannot be opened: %s", strerror(errno));
    return true;
}

bool runs_summary(const char *dir, bool side_files, struct run_summary *out, struct err *e) {
    const char *name = strrchr(dir, '/');
    *out = (struct run_summary){.exit_code = -1};
    snprintf(out->id, sizeof out->id, "%s", name == NULL ? dir : name + 1);
    struct reading r = {.s = out, .dir = dir};
    int fd = -1, dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) return err_set(e, ERR_USAGE, "cannot open %s: %s", dir, strerror(errno));
    bool ok = open_journal(&r, dir_fd, &fd, e);
    if (fd >= 0) {
        // The lock first: of a run that had lost it, every line is there to read.
        bool locked = lock_held(fd, &out->pid);
        ok = read_journal(&r, fd, side_files ? dir_fd : -1, locked, e);
        close(fd);
    }
    close(dir_fd);
    if (!ok) run_summary_clear(out);
    return ok;
}

void run_summary_clear(struct run_summary *s) {
    val_unref(s->start);
    val_unref(s->end);
    val_unref(s->undo);
    val_unref(s->closing);
    val_unref(s->unfinished);
    *s = (struct run_summary){.exit_code = -1};
}

// The world that it ran in was not kept, or was not saved any more: there is nothing to be taken up
// again.
static bool is_gone(const struct run_summary *s) {
    bool world = s->start && val_get(s->start, "world");
    return world && (*run_text(s, "world") == '\0' || s->state == RUN_CRASHED);
}

static bool is_plain_end(const struct run_summary *s) {
    return (s->made == 0 && s->unknown == 0) || is_gone(s) ||
           strcmp(run_text(s, "playbook"), "undo") == 0;
}

struct val *run_next(const struct run_summary *s) {
    static const char *const verbs[] = {"log verify", "close", "resume", "verify", "undo"};
    bool wanted[5] = {s->state == RUN_DAMAGED,
                      s->window_open && s->pid == 0 && s->state != RUN_RUNNING};
    if (!wanted[0] && !wanted[1] && !is_plain_end(s)) {
        bool half = s->state == RUN_CRASHED || s->state == RUN_PARTIAL || s->state == RUN_FAILED;
        wanted[2] = half && strcmp(run_text(s, "playbook"), "call") != 0;
        wanted[3] = s->state == RUN_DONE;
        wanted[4] = half || s->state == RUN_DONE || s->state == RUN_PARTLY_UNDONE;
    }
    struct val *list = val_list();
    for (size_t i = 0; list != NULL && i < 5; i++) {
        if (!wanted[i] || val_append(list, val_cstr(verbs[i]))) continue;
        val_unref(list);
        return NULL;
    }
    return list;
}

const char *run_text(const struct run_summary *s, const char *member) {
    return val_get_str(s->start, member, "");
}

const char *run_state_name(enum run_state s) {
    static const char *const names[] = {"running", "done",   "failed",        "partial",
                                        "crashed", "undone", "partly undone", "damaged"};
    return names[s];
}
