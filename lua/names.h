// names.h - what a playbook can name, for lint.
//
// Owns: asking the sandbox itself, so that there is no second list to keep true.
#ifndef CORDON_LUA_NAMES_H
#define CORDON_LUA_NAMES_H

#include "base/err.h"
#include "base/val.h"

// A new reference to {globals, hints, fields}:
//   globals   name -> true, or a map of the names in it where it is a library
//   hints     undefined name -> what to do instead
//   fields    function ("playbook", "step", "window", "parallel", "wait") -> its named fields ->
//             the type that each must have, or "any"
// `services` is the list of service modules. Builds a sandbox of its own; no playbook runs in it.
bool names_of_sandbox(const struct val *services, struct val **names, struct err *e);

#endif
