// evidence.h - what the journal of a drill's run says.
#ifndef CORDON_DRILL_EVIDENCE_H
#define CORDON_DRILL_EVIDENCE_H

#include "base/err.h"
#include "base/val.h"

// The lines that name moments, {kind, at, step, title}, and in `note` how the run ended, both new
// references; an empty list and nil when there is no journal.
bool evidence_lines(const char *run_dir, struct val **lines, struct val **note, struct err *e);

// Does it verify? Else `e` says why not.
bool evidence_verifies(const char *run_dir, struct err *e);

#endif
