// runs.h - the folder of all runs, and what each one's journal says.
//
// Owns: run ids, finding and listing runs, and a summary read from a journal as a stream. It
// reads journals only; a summary stands any missing or odd member of a line.
#ifndef CORDON_JOURNAL_RUNS_H
#define CORDON_JOURNAL_RUNS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"
#include "journal/journal.h"

#define RUN_ID_SIZE 128

// Keys of the calls that the host makes for itself (run/lease.h): no change of the run.
#define LEASE_KEY "lease#"

// "$XDG_STATE_HOME/cordon/runs", appended.
bool runs_folder(struct buf *out, struct err *e);

// Makes the directory of a new run (0700, on disk) and gives its id,
// "20261124T021530Z-isolate-sg-7f3a", and its path. An id is never given twice.
bool runs_new(const char *playbook, char id[RUN_ID_SIZE], struct buf *dir, struct err *e);

// An id that a run of this playbook could have, without a run: for a plan.
bool runs_new_id(const char *playbook, char id[RUN_ID_SIZE], struct err *e);

// As runs_new, with this very id if no run has it, else (*taken false) with a new one.
bool runs_take(const char *wanted, const char *playbook, char id[RUN_ID_SIZE], struct buf *dir,
               bool *taken, struct err *e);

// The directory of a run, appended: by its id, by a beginning that only one has, or "last", the
// newest. ERR_USAGE when there is none or more than one, naming them.
bool runs_find(const char *name, struct buf *dir, struct err *e);

// Calls `fn` for every run directory, newest first. `fn` returning false stops, with success.
typedef bool runs_fn(void *ctx, const char *id, const char *dir);
bool runs_list(runs_fn *fn, void *ctx, struct err *e);

enum run_state {
    RUN_RUNNING,  // no run.end, and a process holds its lock
    RUN_DONE,     // as its run.end says
    RUN_FAILED,
    RUN_PARTIAL,
    RUN_CRASHED,  // no run.end, and no process
    RUN_UNDONE,         // as its last undo.end says
    RUN_PARTLY_UNDONE,  // likewise; or an undo that did not come to its end
    RUN_DAMAGED   // its journal does not verify or cannot be read
};
const char *run_state_name(enum run_state s);  // "running", "done", ...

struct run_summary {
    char id[RUN_ID_SIZE];  // the directory's name
    enum run_state state;
    pid_t pid;      // of the process that has its lock; 0: none, or not known
    char why[512];  // of RUN_DAMAGED
    struct journal_report report;

    struct val *start;            // the run.start line, NULL when there is none
    struct val *undo;             // the last undo.start or undo.end line, NULL when there is none
    struct val *end;              // the last run.end line, NULL when there is none
    int64_t started_us, last_us;  // of the first and the last line; 0: none
    int64_t exit_code;            // of run.end; -1: none

    // A window.open without window.closed. `closing`: the calls still due, a list of {key,
    // service, operation, params}: those of the window.open line without a call.outcome with ok
    // since. Empty with `closing_unread` false: every one was answered, and only the line that
    // says so is missing. `closing_unread`: the line names closing calls that cannot be read.
    bool window_open;
    bool closing_unread;
    int64_t window_opened_us;
    struct val *closing;

    // Mutations. `unknown` counts those sent whose outcome nobody knows; `unfinished` lists
    // up to RUN_MAX_UNFINISHED of them, {key, service, operation, params}.
    int64_t intended, made, failed, unknown;
    struct val *unfinished;
};
#define RUN_MAX_UNFINISHED 1000

// What an operator may type next about it, the likeliest first: a new list of verbs ("log
// verify", "close", "resume", "verify", "undo"), each to be followed by the run's id; empty when there is nothing to
// do. NULL on no memory.
struct val *run_next(const struct run_summary *s);

// Text members of run.start: "playbook", "account", "region", "backend", "ticket", ...; ""
// when absent.
const char *run_text(const struct run_summary *s, const char *member);

// Reads the journal in `dir`. `side_files`: verify those too. False only on no memory, or
// when there is no journal (ERR_USAGE); damage is told in the summary. Empty it afterwards.
bool runs_summary(const char *dir, bool side_files, struct run_summary *out, struct err *e);
void run_summary_clear(struct run_summary *s);

// Reads the journal in `dir`, line by line, side files verified (journal_verify). ERR_JOURNAL when it
// does not verify, ERR_USAGE when there is none.
bool runs_lines(const char *dir, journal_line_fn *each, void *ctx, struct err *e);

// False when somebody else than the caller could have written the run's journal: whoever can
// write it can also compute its hashes.
bool runs_is_own(const char *dir, struct err *e);

#endif
