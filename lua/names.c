// names.c - what a playbook can name, for lint.
#include "names.h"

#include <lauxlib.h>
#include <string.h>

#include "core_parts.h"
#include "sandbox.h"
#include "values.h"

#define MEMORY ((size_t)16 * 1024 * 1024)
#define ROOM 16  // stack slots for reading one field, its own fields included

// --- a host that is not there --------------------------------------------------

// core.lua is given an empty file: it refuses it, tells nobody, and is done.
static int nothing(lua_State *L) {
    (void)L;
    return 0;
}

static const luaL_Reg nobody[] = {
    {"send", nothing},          {"receive", nothing},   {"nearest", nothing}, {"where", nothing},
    {"freeze", sandbox_freeze}, {"metatable", nothing}, {NULL, NULL},
};

static struct val *empty_file(const struct val *services) {
    struct val *load = val_map();
    if (load && val_set(load, "source", val_cstr("")) && val_set(load, "file", val_cstr("lint")) &&
        val_set(load, "run_id", val_cstr("lint")) && val_set(load, "ticket", val_cstr("lint")) &&
        val_set(load, "modules", val_ref(services)))
        return load;
    val_unref(load);
    return NULL;
}

// --- what is in the sandbox -----------------------------------------------------

// Nothing below raises: what was built so far would be lost.

// [-0, +1, -] The table that the library on top reads from; false when it is none.
static bool push_members(lua_State *L) {
    if (!lua_istable(L, -1) || !lua_getmetatable(L, -1)) return false;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        bool index = lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "__index") == 0;
        if (index && lua_istable(L, -1)) return true;
        lua_pop(L, 1);
    }
    return false;
}

// The names in the library on top, each with true; true when it is none.
static struct val *members(lua_State *L) {
    struct val *map;
    int top = lua_gettop(L);
    bool ok = push_members(L);
    if (!ok) {
        lua_settop(L, top);
        return val_bool(true);
    }
    map = val_map();
    lua_pushnil(L);
    while (ok && lua_next(L, -2)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) ok = val_set(map, lua_tostring(L, -1), val_bool(true));
    }
    lua_settop(L, top);
    if (ok) return map;
    val_unref(map);
    return NULL;
}

// What core.check_fields wants of a field: a type, or a function that knows.
static struct val *wanted_type(lua_State *L) {
    return val_cstr(lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "any");
}

// A map of what `read` makes of each field with a name of the table on top; NULL on no memory.
static struct val *read_fields(lua_State *L, struct val *(*read)(lua_State *L)) {
    struct val *map = val_map();
    int top = lua_gettop(L);
    bool ok = map && lua_istable(L, top) && lua_checkstack(L, ROOM);
    if (ok) lua_pushnil(L);
    while (ok && lua_next(L, top)) {
        if (lua_type(L, -2) == LUA_TSTRING) ok = val_set(map, lua_tostring(L, -2), read(L));
        lua_pop(L, 1);
    }
    lua_settop(L, top);
    if (ok) return map;
    val_unref(map);
    return NULL;
}

static struct val *types_of_fields(lua_State *L) {
    return read_fields(L, wanted_type);
}

// What crosses lua_pcall.
struct question {
    const struct core_parts *parts;
    const struct val *load;
    struct val *globals, *hints, *fields;
};

static int ask(lua_State *L) {
    struct question *q = lua_touserdata(L, 1);
    lua_settop(L, 0);
    core_run(L, q->parts, q->load, nobody);
    lua_getfield(L, -1, "names");
    q->globals = read_fields(L, members);
    lua_getfield(L, -2, "hints");
    q->hints = read_fields(L, wanted_type);
    lua_getfield(L, -3, "fields");
    q->fields = read_fields(L, types_of_fields);
    return 0;
}

static bool run(struct question *q, struct err *e) {
    struct sandbox box;
    if (!sandbox_open(&box, MEMORY, 0, "lint")) return err_memory(e);
    lua_pushcfunction(box.L, ask);
    lua_pushlightuserdata(box.L, q);
    bool ok = lua_pcall(box.L, 1, 0, 0) == LUA_OK;
    if (!ok)
        err_set(e, ERR_SYSTEM, "internal: the sandbox's names: %s",
                lua_type(box.L, -1) == LUA_TSTRING ? lua_tostring(box.L, -1) : "an error");
    sandbox_close(&box);
    return ok;
}

bool names_of_sandbox(const struct val *services, struct val **names, struct err *e) {
    struct core_parts parts;
    *names = NULL;
    if (!core_find(&parts)) return err_set(e, ERR_SYSTEM, "cordon's own stdlib is not there");
    struct val *load = empty_file(services);
    struct question q = {.parts = &parts, .load = load};
    bool ok = load ? run(&q, e) : err_memory(e);
    struct val *made = ok ? val_map() : NULL;
    // val_set takes over; all three are taken whatever happens.
    bool filled = val_set(made, "globals", q.globals);
    filled = val_set(made, "hints", q.hints) && filled;
    filled = val_set(made, "fields", q.fields) && filled;
    val_unref(load);
    if (filled)
        *names = made;
    else
        val_unref(made);
    return filled || (ok ? err_memory(e) : false);
}
