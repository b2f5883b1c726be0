// resume.h - finishing a run that stopped half-way.
//
// Owns: the order of things: what the run's journal says, the fate of calls without an outcome, the
// replay, and the rest of the run, live. Undo is the other way out.
#ifndef CORDON_RUN_RESUME_H
#define CORDON_RUN_RESUME_H

#include "run/former.h"
#include "run/host.h"
#include "run/record.h"
#include "run/source.h"

// Whether the run can be resumed at all: false with the reason, and *nothing_to_do when there is
// nothing wrong. Asks nobody.
bool resume_is_possible(const struct former *f, const struct record *r, bool *nothing_to_do,
                        struct err *e);

// Resumes it: its window is closed, the backend is made. `source` is taken over. The exit code.
int resume_run(struct host *h, const struct former *f, struct source *source);

#endif
