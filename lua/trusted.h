// trusted.h - the host's own Lua state, for the trusted modules of stdlib/host/.
//
// Owns: that state, its memory cap, and the one way in: values in, a value out, Lua
// errors become struct err. Playbook code never runs here. Its modules call nothing
// outside: they have no files, no programs, no environment. pairs and next go in sorted
// order here too, so that a plan is the same every time.
#ifndef CORDON_LUA_TRUSTED_H
#define CORDON_LUA_TRUSTED_H

#include "base/err.h"
#include "base/val.h"

struct trusted;

// NULL and `e` when there is no memory. `memory`: the cap in bytes, 0 for 512 MB.
struct trusted *trusted_new(size_t memory, struct err *e);
void trusted_free(struct trusted *t);

// Calls `function` of the module stdlib/host/MODULE.lua with `count` arguments (borrowed;
// NULL is nil). *result is a new reference to its first result, never NULL on success.
bool trusted_call(struct trusted *t, const char *module, const char *function,
                  const struct val *const *arguments, size_t count, struct val **result,
                  struct err *e);

#endif
