// world_file.h - simulated worlds in files: one JSON record a line, streamed.
//
// Owns: reading and writing them piece by piece; a world of any size never stands in memory
// as one JSON tree. The records are the trusted simulator's (stdlib/host/sim_load.lua).
#ifndef CORDON_RUN_WORLD_FILE_H
#define CORDON_RUN_WORLD_FILE_H

#include "run/advisor.h"

// Makes the file's world the current one; "" is the default world. ERR_USAGE names file and line.
bool world_open(const struct advisor *a, const char *path, struct err *e);

// Writes a world ("live": the current one; "snapshot": what `keep_vpc` kept): beside the file,
// synced, then renamed over it.
bool world_save(const struct advisor *a, const char *world, const char *path, struct err *e);

#endif
