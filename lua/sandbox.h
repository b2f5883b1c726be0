// sandbox.h - the Lua state in which a playbook runs.
//
// Owns: the state, its memory cap, its clock, and the environment: an allow-list, every
// function of which is safe, deterministic and shows no address (libraries.c). Nothing
// of the host is reachable from it but what core.lua was handed as an argument.
#ifndef CORDON_LUA_SANDBOX_H
#define CORDON_LUA_SANDBOX_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "heap.h"

// The chunk name of our own Lua: never the place of an error.
#define SANDBOX_CORE "=[cordon]"

struct sandbox {
    lua_State *L;
    struct heap heap;
    int64_t limit_ms;    // of computing; 0: no limit
    int64_t started_ms;  // moved forward by the time that was spent waiting for the host
    char file[256];      // the playbook's chunk name, "@..."; "" until it is known
    bool expired;        // the limit is near: every further instruction raises
    char expired_message[512];
};

// Makes the state, with the hook on. False: no memory.
bool sandbox_open(struct sandbox *s, size_t memory, int64_t limit_ms, const char *file);
void sandbox_close(struct sandbox *s);

// The sandbox of a state (of any of its coroutines).
struct sandbox *sandbox_of(lua_State *L);

// [-0, +3, m] Builds the environment. Pushes three tables: the libraries for our own Lua
// (all that is allowed, unwrapped), the names that playbooks get (fill it, then never
// again), and the environment of playbooks, which is the state's global table.
// core.lua puts a function into names under the key `true`: it is called with an
// undefined name and whether it was assigned, and raises.
void sandbox_environment(lua_State *L, int64_t seed);

// lua_CFunction (table or function, name): a table that reads from it and cannot be
// written, whose metatable cannot be seen.
int sandbox_freeze(lua_State *L);

// lua_CFunction (): "file:line" of the innermost code that is not ours, and of the
// innermost code of the playbook's own file; nil where there is none.
int sandbox_where(lua_State *L);

// libraries.c: lua_CFunctions for the environment.
int library_tostring(lua_State *L);
int library_setmetatable(lua_State *L);
int library_rawset(lua_State *L);
int library_load(lua_State *L);    // upvalue: Lua's own load
int library_format(lua_State *L);  // upvalue: Lua's own string.format

#endif
