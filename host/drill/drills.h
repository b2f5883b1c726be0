// drills.h - the verb `drill`: many drills, one report.
//
// Owns: which drills, in which order, and what is printed of them.
#ifndef CORDON_DRILL_DRILLS_H
#define CORDON_DRILL_DRILLS_H

#include "run/host.h"

// `paths`: files and folders; none: the embedded drills. `junit`: a file, or NULL. The exit code:
// 0 all passed, 1 some failed, 2 one did not load.
int drills_run(struct host *h, char *const *paths, int count, const char *junit);

#endif
