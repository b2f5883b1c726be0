// drill.h - running drills.
//
// Owns: one drill from its file to its verdict. Nothing here can reach AWS: the runs of a drill
// have no backend but its world.
#ifndef CORDON_DRILL_DRILL_H
#define CORDON_DRILL_DRILL_H

#include "drill/verdict.h"
#include "run/host.h"

// Runs the drill of `file`: a path, or the name of an embedded file. False with `e` only when it
// must not go on with others (a signal, no memory); else `out` tells all. Free `out` in any case.
bool drill_run(struct host *h, const char *file, bool embedded, struct verdict *out, struct err *e);

#endif
