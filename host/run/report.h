// report.h - the last words of a run.
//
// Owns: what was done, what is left, what may survive, how it is taken back, and the command to
// type next. It never leaves out what was not cut.
#ifndef CORDON_RUN_REPORT_H
#define CORDON_RUN_REPORT_H

#include "run/advisor.h"
#include "run/outcome.h"
#include "run/scene.h"

// The inverse calls of what was changed, last change first: a list of calls. What was
// made and taken away again in the same run is left out. New reference.
struct val *inverse_calls(const struct gate *g, struct err *e);

// Calls as `cordon call` lines for the operator to type: a list of texts. NULL on no memory.
struct val *command_lines(const struct scene *s, const struct val *calls);
// "To take it back:  cordon undo RUN", where that is possible; the single calls with --verbose.
void say_way_back(const struct scene *s, const char *run_id, const struct val *lines);

// Says and journals (run.end) how it ended. `value` is what the playbook returned
// ({survivors = {text, ...}}), NULL when it did not finish. Gives the exit code.
int report_run(const struct scene *s, struct gate *g, const struct advisor *a, struct outcome *o,
               const struct val *value);

#endif
