// ending.h - what is said of a run that did not end well: what happened, how far it came, what
// helps.
//
// Owns: words. The way back (report.c) and the window are said elsewhere.
#ifndef CORDON_RUN_ENDING_H
#define CORDON_RUN_ENDING_H

#include "run/host.h"
#include "run/outcome.h"
#include "run/scene.h"

// "STOPPED in step 1, Prepare: ...", or how else it ended.
void say_outcome(const struct scene *s, const struct plan *p, const struct outcome *o);

// Each step: done, FAILED, not begun; nothing before the first one was begun.
void say_steps(const struct scene *s, const struct plan *p);

// What helps against this error, in a sentence; "" when that is not known.
const char *way_on(const struct err *e);

// An error that ended what was no run, and what helps against it.
void say_error(struct console *c, const struct err *e);
// The same, and the exit code: the signal's, when one came.
int end_with_error(struct host *h, const struct err *e);

#endif
