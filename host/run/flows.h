// flows.h - the connections of a simulated world, as people read them.
#ifndef CORDON_RUN_FLOWS_H
#define CORDON_RUN_FLOWS_H

#include "run/advisor.h"
#include "run/scene.h"

// "Connections in the simulated world, <when>:" and a line each; nothing when none are known. A
// real account's connections cannot be seen, so this is for simulated scenes only.
void show_flows(const struct scene *s, const struct advisor *a, const char *when);

#endif
