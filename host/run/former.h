// former.h - a run that is over, as close, undo, verify and resume take it up.
//
// Owns: finding it, judging whether its journal may be believed, whether the credentials and the
// backend are its own, and closing the window that it left open. It changes nothing else.
#ifndef CORDON_RUN_FORMER_H
#define CORDON_RUN_FORMER_H

#include "journal/runs.h"
#include "run/host.h"
#include "run/single.h"

#define UNDO_SOURCE "stdlib/verbs/undo.lua"  // the playbook of `undo`

struct former {
    struct buf dir;
    struct run_summary run;
};

// By an id, its beginning, or "last": the newest that is no undo itself. Free it in any case.
bool former_find(const char *name, struct former *f, struct err *e);
// The run of this directory.
bool former_open(const char *dir, struct former *f, struct err *e);
void former_free(struct former *f);

// It took another run back.
bool former_is_undo(const struct former *f);

// What was said last of taking it back: the state of the last undo.end ("undone", "partly undone",
// "not undone"), "begun" when the last undo.start has no end, "" when there was none.
const char *former_undo_state(const struct former *f);

// False when its journal is damaged or somebody else's (ERR_JOURNAL), or it is running still.
bool former_may_be_believed(const struct former *f, struct err *e);

// False when these credentials are of another account, or this is another Region or backend.
bool former_same_place(const struct former *f, const struct scene *now, struct err *e);

// Its window, when one is open, is closed, and what was sent is in its journal. False: it may still
// be open. *journal_lost: it was closed, and the journal could not be written.
bool former_close_window(const struct former *f, struct host *h, bool *journal_lost, struct err *e);
// Says that it may be open still, why, and what to type. Gives the exit code for it.
int former_open_still(const struct former *f, struct host *h, const struct err *e);

#endif
