// core_parts.c - our own Lua of the playbook process: stdlib/playbook/core*.lua.
#include "core_parts.h"

#include <string.h>

#include "base/asset.h"
#include "child/messages.h"
#include "chunk.h"
#include "sandbox.h"
#include "values.h"

enum whose { BOTH, PLAYBOOK, DRILL };

// In this order; the last one runs the pass. A drill has no steps, and asks for no calls.
static const struct {
    const char *name;
    enum whose whose;
} files[CORE_PARTS] = {
    {"stdlib/playbook/core_errors.lua", BOTH},    {"stdlib/playbook/core_requests.lua", BOTH},
    {"stdlib/playbook/core_modules.lua", BOTH},   {"stdlib/playbook/core_steps.lua", PLAYBOOK},
    {"stdlib/playbook/core.lua", PLAYBOOK},       {"stdlib/playbook/core_drill.lua", DRILL},
};

bool core_find(struct core_parts *parts) {
    for (size_t i = 0; i < CORE_PARTS; i++)
        if (!asset_find(files[i].name, &parts->at[i].bytes, &parts->at[i].len)) return false;
    return true;
}

// [-0, +1, e] Loads a part with the table at `environment` as its globals.
static void load_part(lua_State *L, const struct core_parts *parts, size_t i, int environment) {
    const char *bytes = parts->at[i].bytes;
    if (chunk_load(L, files[i].name, SANDBOX_CORE, bytes, parts->at[i].len) != LUA_OK) lua_error(L);
    lua_pushvalue(L, environment);
    lua_setupvalue(L, -2, 1);
}

// [-0, +1, m] A table of the functions of `host`.
static void push_functions(lua_State *L, const luaL_Reg *host) {
    lua_createtable(L, 0, 8);
    luaL_setfuncs(L, host, 0);
}

void core_run(lua_State *L, const struct core_parts *parts, const struct val *load,
              const luaL_Reg *host) {
    int libraries = lua_gettop(L) + 1, core = libraries + 3;
    sandbox_environment(L, val_as_int(val_get(load, "seed"), 0));  // libraries names env
    lua_createtable(L, 0, 16);                                     // ... core
    lua_pushvalue(L, libraries + 1);
    lua_setfield(L, core, "names");
    lua_pushvalue(L, libraries + 2);
    lua_setfield(L, core, "environment");
    values_push(L, load);
    lua_setfield(L, core, "load");
    push_functions(L, host);  // ... host
    bool drill = strcmp(val_get_str(load, "kind", ""), LOAD_DRILL) == 0;
    for (size_t i = 0; i < CORE_PARTS; i++) {
        if (files[i].whose == (drill ? PLAYBOOK : DRILL)) continue;
        load_part(L, parts, i, libraries);
        lua_pushvalue(L, core);
        lua_pushvalue(L, core + 1);
        lua_call(L, 2, 0);
    }
    lua_pop(L, 1);
}
