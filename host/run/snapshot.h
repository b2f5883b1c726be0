// snapshot.h - the copy of the VPCs involved, taken before a rehearsal.
//
// Owns: making the reads that the trusted Lua wants (stdlib/host/snapshot.lua), all of a round at
// once, page after page. It reads only; a read that fails leaves a gap that the plan names.
#ifndef CORDON_RUN_SNAPSHOT_H
#define CORDON_RUN_SNAPSHOT_H

#include "run/advisor.h"
#include "run/live.h"

// False only when interrupted, or when our own memory or Lua failed.
bool snapshot_take(struct live *live, struct model *m, const struct advisor *a, struct err *e);

#endif
