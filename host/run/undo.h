// undo.h - taking a run back, and looking what became of what it left.
//
// Owns: the order of things for `undo` and `verify`: the journal's changes, fresh reads, the
// advisor's judgement, what is said, and undo.start and undo.end in the run's journal. What is
// sent goes through the one run path (run.h), like any playbook's calls.
#ifndef CORDON_RUN_UNDO_H
#define CORDON_RUN_UNDO_H

#include "run/former.h"

// Takes the run back; `dry_run`: only shows the plan. An open window is closed first. The backend
// is the run's own already. Gives the exit code: 0 all is as before; 3 some could not be done, the
// same again goes on; 7 something was left alone or could not be given back; 8 the journal.
int undo_run(struct host *h, struct former *f, bool dry_run);

// Fresh reads against what the run left. `brief`: a good end is one line, and is not noted in the
// run's journal. 0: all is as left; 7: something came loose; others as error_exit.
int verify_run(struct host *h, struct former *f, bool brief);

#endif
