// sandbox.c - the Lua state in which a playbook runs.
#include "sandbox.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ordered.h"

#define HOOK_EVERY 10000  // instructions between two looks at the clock
#define STACK_LEVELS 200  // looked at for the place of an error

struct sandbox *sandbox_of(lua_State *L) {
    struct sandbox *s;
    memcpy(&s, lua_getextraspace(L), sizeof s);
    return s;
}

// --- places ------------------------------------------------------------------

// From `level` outwards, the first code that is not ours. False: there is none.
static bool find_place(lua_State *L, int *level, lua_Debug *ar) {
    for (; *level < STACK_LEVELS && lua_getstack(L, *level, ar); ++*level) {
        lua_getinfo(L, "Sl", ar);
        if (ar->currentline > 0 && strcmp(ar->source, SANDBOX_CORE) != 0) return true;
    }
    return false;
}

int sandbox_where(lua_State *L) {
    const struct sandbox *s = sandbox_of(L);
    lua_settop(L, 0);
    lua_pushnil(L);
    lua_pushnil(L);
    lua_Debug ar;
    for (int level = 1; find_place(L, &level, &ar); level++) {
        bool playbook = strcmp(ar.source, s->file) == 0;
        lua_pushfstring(L, "%s:%d", ar.short_src, ar.currentline);
        if (lua_isnil(L, 1)) lua_copy(L, -1, 1);
        if (playbook) lua_copy(L, -1, 2);
        lua_settop(L, 2);
        if (playbook) break;
    }
    return 2;
}

// --- the clock ---------------------------------------------------------------

// Once: what is raised from now on.
static void expire(struct sandbox *s, lua_State *L) {
    lua_Debug ar;
    int level = 0;
    bool found = find_place(L, &level, &ar);
    s->expired = true;
    snprintf(s->expired_message, sizeof s->expired_message,
             "%s:%d: the playbook has used up its time for computing (%.1f s, see --deadline)",
             found ? ar.short_src : "playbook", found ? ar.currentline : 0,
             (double)s->limit_ms / 1000);
}

// The watchdog in the host is the guarantee; this gives the message with a place. A
// pcall cannot swallow it: from now on every instruction of this coroutine raises, and
// the others find out within HOOK_EVERY of their own.
static void on_count(lua_State *L, lua_Debug *ar) {
    struct sandbox *s = sandbox_of(L);
    if (!s->expired && (!s->limit_ms || clock_mono_ms() - s->started_ms < s->limit_ms)) return;
    (void)ar;
    if (!s->expired) expire(s, L);
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
    lua_pushstring(L, s->expired_message);
    lua_error(L);
}

bool sandbox_open(struct sandbox *s, size_t memory, int64_t limit_ms, const char *file) {
    *s = (struct sandbox){.heap = {.cap = memory}, .limit_ms = limit_ms};
    snprintf(s->file, sizeof s->file, "@%s", file);
    s->started_ms = clock_mono_ms();
    s->L = lua_newstate(heap_alloc, &s->heap);
    if (!s->L) return false;
    lua_gc(s->L, LUA_GCINC, HEAP_PAUSE, 0, 0);
    memcpy(lua_getextraspace(s->L), &s, sizeof s);
    lua_sethook(s->L, on_count, LUA_MASKCOUNT, HOOK_EVERY);
    return true;
}

void sandbox_close(struct sandbox *s) {
    if (s->L) {
        lua_sethook(s->L, NULL, 0, 0);
        lua_close(s->L);
    }
    s->L = NULL;
}

// --- read-only tables --------------------------------------------------------

static int refuse_write(lua_State *L) {
    return luaL_error(L, "%s is read-only", lua_tostring(L, lua_upvalueindex(1)));
}

static int frozen_pairs(lua_State *L) {
    return ordered_pairs_raw(L, lua_upvalueindex(1));
}

int sandbox_freeze(lua_State *L) {
    luaL_argexpected(L, lua_istable(L, 1) || lua_isfunction(L, 1), 1, "table or function");
    luaL_checkstring(L, 2);
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 5);  // name, frozen, metatable
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "__index");
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, refuse_write, 1);
    lua_setfield(L, -2, "__newindex");
    if (lua_istable(L, 1)) {
        lua_pushvalue(L, 1);
        lua_pushcclosure(L, frozen_pairs, 1);
        lua_setfield(L, -2, "__pairs");
    }
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    return 1;
}

// --- the environment ---------------------------------------------------------

// What is allowed of each library; the lists end with NULL. Functions that need a second
// look are replaced below.
static const char *const base_names[] = {
    "assert", "error",  "getmetatable", "ipairs", "load",   "pcall",    "rawequal", "rawget",
    "rawlen", "select", "tonumber",     "type",   "xpcall", "_VERSION", NULL};
static const char *const string_names[] = {
    "byte", "char",     "find", "format",  "gmatch", "gsub",   "len",   "lower", "match",
    "pack", "packsize", "rep",  "reverse", "sub",    "unpack", "upper", NULL};
static const char *const table_names[] = {"concat", "insert", "move",   "pack",
                                          "remove", "sort",   "unpack", NULL};
static const char *const math_names[] = {
    "abs",  "acos",   "asin", "atan", "ceil",       "cos",       "deg",        "exp",  "floor",
    "fmod", "huge",   "log",  "max",  "maxinteger", "min",       "mininteger", "modf", "pi",
    "rad",  "random", "sin",  "sqrt", "tan",        "tointeger", "type",       "ult",  NULL};
static const char *const utf8_names[] = {"char", "charpattern", "codepoint", "codes",
                                         "len",  "offset",      NULL};
static const char *const coroutine_names[] = {
    "close", "create", "isyieldable", "resume", "running", "status", "wrap", "yield", NULL};

static const struct library {
    const char *name;
    lua_CFunction open;
    const char *const *allowed;
} libraries[] = {
    {"string", luaopen_string, string_names},
    {"table", luaopen_table, table_names},
    {"math", luaopen_math, math_names},
    {"utf8", luaopen_utf8, utf8_names},
    {"coroutine", luaopen_coroutine, coroutine_names},
};

// [-0, +1, m] A table of the allowed fields of the table at `from`.
static void push_allowed(lua_State *L, int from, const char *const *allowed) {
    from = lua_absindex(L, from);
    lua_createtable(L, 0, 32);
    for (; *allowed; allowed++) {
        lua_getfield(L, from, *allowed);
        lua_setfield(L, -2, *allowed);
    }
}

// Replaces the function `name` of the table on top by `fn`, which gets it as an upvalue.
static void wrap(lua_State *L, const char *name, lua_CFunction fn) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, fn, 1);
    lua_setfield(L, -2, name);
}

static void set_function(lua_State *L, const char *name, lua_CFunction fn) {
    lua_pushcfunction(L, fn);
    lua_setfield(L, -2, name);
}

static void seed_random(lua_State *L, int64_t seed) {
    lua_getfield(L, -1, "randomseed");
    lua_pushinteger(L, seed);
    lua_call(L, 1, 0);
}

// [-0, +1, m] All that is allowed, as plain tables.
static void push_libraries(lua_State *L, int64_t seed) {
    luaL_requiref(L, "_G", luaopen_base, 0);
    push_allowed(L, -1, base_names);
    wrap(L, "load", library_load);
    set_function(L, "next", ordered_next);
    set_function(L, "pairs", ordered_pairs);
    set_function(L, "rawset", library_rawset);
    set_function(L, "setmetatable", library_setmetatable);
    set_function(L, "tostring", library_tostring);
    lua_remove(L, -2);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        luaL_requiref(L, libraries[i].name, libraries[i].open, 0);
        if (libraries[i].open == luaopen_math) seed_random(L, seed);
        push_allowed(L, -1, libraries[i].allowed);
        if (libraries[i].open == luaopen_string) wrap(L, "format", library_format);
        lua_setfield(L, -3, libraries[i].name);
        lua_pop(L, 1);
    }
}

// The metatable of all strings: methods from the libraries on top only (its arithmetic
// stays), and never seen.
static void lock_strings(lua_State *L) {
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_getfield(L, -3, "string");
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

// Calls the function that core.lua left in the names (upvalue 1).
static int complain(lua_State *L, bool assigned) {
    lua_pushboolean(L, 1);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TFUNCTION) return luaL_error(L, "undefined name");
    lua_pushvalue(L, 2);
    lua_pushboolean(L, assigned);
    lua_call(L, 2, 1);
    return 1;
}

static int read_name(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    return complain(L, false);
}

static int assign_name(lua_State *L) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return complain(L, true);
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 0;
}

// [-0, +1, m] The environment of playbooks, reading from the names on top.
static void push_environment(lua_State *L) {
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 4);  // names, environment, metatable
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, read_name, 1);
    lua_setfield(L, -2, "__index");
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, assign_name, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

void sandbox_environment(lua_State *L, int64_t seed) {
    push_libraries(L, seed);
    lock_strings(L);
    lua_createtable(L, 0, 64);
    push_environment(L);
    // So that chunks get it by default, and nothing gets Lua's own global table.
    lua_pushvalue(L, -1);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
}
