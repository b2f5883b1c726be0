// keep_cut.h - `run --hold`: looking again and again whether what was cut is still cut.
//
// Owns: the rhythm, the alarm, and cutting again by running the playbook again. What came loose,
// verify says (undo.h).
#ifndef CORDON_RUN_KEEP_CUT_H
#define CORDON_RUN_KEEP_CUT_H

#include "run/run.h"

// "90", "90s", "10m" or "1h": seconds, from 1 s to 24 h. ERR_USAGE for anything else.
bool keep_cut_time(const char *text, int64_t *seconds, struct err *e);

// Looks after the run of directory `dir`, which ended with `code` (0 or 7), for `seconds`, or until
// Ctrl-C. `again` runs the same playbook once more; with `recut` and --yes without a question. 0, or
// 7: it is loose at the end, or was never verified.
int keep_cut(struct host *h, const char *dir, int code, int64_t seconds,
             const struct run_options *again, bool recut);

#endif
