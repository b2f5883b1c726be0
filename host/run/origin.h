// origin.h - which code a run was made of, so that exactly the same is found again.
//
// Owns: the members file, path, embedded, sha256 and modules of a run.start and of a saved plan.
// It never runs what it finds.
#ifndef CORDON_RUN_ORIGIN_H
#define CORDON_RUN_ORIGIN_H

#include "base/val.h"
#include "run/source.h"

// Puts the members that say where the playbook is and what is in it. `modules`: name -> SHA-256 of
// what it required; NULL: none. False on no memory.
bool origin_set(struct val *members, const struct source *s, const struct val *modules);

// Finds the playbook again by those members. ERR_LEFT_PLAN when it, or a module of it, is gone or
// is not what it was.
bool origin_find(const struct val *members, struct source *out, struct err *e);

// Notes a module as it is given to the playbook. ERR_LEFT_PLAN when it was another one before.
bool origin_note(struct val *modules, const char *name, const struct source *module, struct err *e);

#endif
