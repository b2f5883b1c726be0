// core_parts.h - our own Lua of the playbook process: stdlib/playbook/core*.lua.
//
// Owns: which files these are, in which order they run, and what each is handed.
#ifndef CORDON_LUA_CORE_PARTS_H
#define CORDON_LUA_CORE_PARTS_H

#include <lauxlib.h>
#include <stdbool.h>

#include "base/val.h"

#define CORE_PARTS 6

struct core_parts {
    struct {
        const char *bytes;
        size_t len;
    } at[CORE_PARTS];
};

// Finds the files; false when one is missing. Nothing is read later.
bool core_find(struct core_parts *parts);

// [-0, +4, e] Builds the environment of a sandbox's state and runs the parts as part(core, host);
// the last one runs the pass (a drill's, when load.kind is "drill"). `load` becomes core.load, `host` the C functions. Leaves the
// libraries, the names, the environment and core.
void core_run(lua_State *L, const struct core_parts *parts, const struct val *load,
              const luaL_Reg *host);

#endif
