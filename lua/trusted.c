// trusted.c - the host's own Lua state, for the trusted modules of stdlib/host/.
#include "trusted.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/clock.h"
#include "chunk.h"
#include "heap.h"
#include "ordered.h"
#include "values.h"

// What computes for longer has met something that nobody thought of; every loop ends there.
#define LONGEST_CALL_MS 60000
#define LOOK_EVERY 1000000  // instructions

#define DEFAULT_MEMORY ((size_t)512 * 1024 * 1024)
#define LARGE_HEAP ((size_t)24 * 1024 * 1024)
#define LARGE_PAUSE 150

struct trusted {
    lua_State *L;
    struct heap heap;
    int64_t called_ms;
    bool large;
};

// One call, as it crosses lua_pcall.
struct call {
    const char *module, *function;
    const struct val *const *arguments;
    size_t count;
    struct val *result;
    struct err *e;
};

// --- patience ---

// Raises again and again, so that no pcall of a module can go on.
static void look_at_clock(lua_State *L, lua_Debug *ar) {
    const struct trusted *t = *(struct trusted **)lua_getextraspace(L);
    (void)ar;
    if (clock_real_ms() - t->called_ms > LONGEST_CALL_MS)
        luaL_error(L, "it computed for more than %d s", LONGEST_CALL_MS / 1000);
}

// --- modules -----------------------------------------------------------------

// A package.searcher: the module's file among the assets.
static int search_asset(lua_State *L) {
    const char *bytes, *name = luaL_checkstring(L, 1);
    size_t len;
    const char *path = lua_pushfstring(L, "stdlib/host/%s.lua", name);
    if (!asset_find(path, &bytes, &len)) {
        lua_pushfstring(L, "no file '%s'", path);
        return 1;
    }
    const char *chunk = lua_pushfstring(L, "@%s", path);
    if (chunk_load(L, path, chunk, bytes, len) != LUA_OK) return lua_error(L);
    lua_pushvalue(L, -3);
    return 2;
}

// Leaves `package` with one way to find a module, and none into the file system.
static void set_searchers(lua_State *L) {
    static const char *const outside[] = {"loadlib", "path", "cpath", "searchpath", "config"};
    lua_getglobal(L, "package");
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        lua_pushnil(L);
        lua_setfield(L, -2, outside[i]);
    }
    lua_getfield(L, -1, "searchers");
    for (lua_Integer i = 1; i <= 4; i++) {
        if (i == 2)
            lua_pushcfunction(L, search_asset);
        else if (i > 2)
            lua_pushnil(L);
        else
            lua_rawgeti(L, -1, 1);
        lua_rawseti(L, -2, i);
    }
    lua_pop(L, 2);
}

// Of os only what reads a clock.
static void set_os(lua_State *L) {
    static const char *const kept[] = {"clock", "date", "difftime", "time"};
    luaL_requiref(L, "os", luaopen_os, 0);
    lua_createtable(L, 0, 4);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        lua_getfield(L, -2, kept[i]);
        lua_setfield(L, -2, kept[i]);
    }
    lua_pushvalue(L, -1);
    lua_setglobal(L, "os");
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_insert(L, -2);
    lua_setfield(L, -2, "os");
    lua_pop(L, 2);
}

static int build(lua_State *L) {
    static const luaL_Reg opened[] = {
        {"_G", luaopen_base},
        {"package", luaopen_package},
        {"string", luaopen_string},
        {"table", luaopen_table},
        {"math", luaopen_math},
        {"utf8", luaopen_utf8},
        {"coroutine", luaopen_coroutine},
        {"debug", luaopen_debug},
    };
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++) {
        luaL_requiref(L, opened[i].name, opened[i].func, 1);
        lua_pop(L, 1);
    }
    set_os(L);
    set_searchers(L);
    lua_pushcfunction(L, ordered_pairs);
    lua_setglobal(L, "pairs");
    lua_pushcfunction(L, ordered_next);
    lua_setglobal(L, "next");
    lua_pushnil(L);
    lua_setglobal(L, "dofile");
    lua_pushnil(L);
    lua_setglobal(L, "loadfile");
    return 0;
}

struct trusted *trusted_new(size_t memory, struct err *e) {
    struct trusted *t = calloc(1, sizeof *t);
    if (t) {
        t->heap.cap = memory ? memory : DEFAULT_MEMORY;
        t->L = lua_newstate(heap_alloc, &t->heap);
    }
    if (t && t->L) {
        t->called_ms = clock_real_ms();
        *(struct trusted **)lua_getextraspace(t->L) = t;
        lua_sethook(t->L, look_at_clock, LUA_MASKCOUNT, LOOK_EVERY);
        lua_gc(t->L, LUA_GCINC, HEAP_PAUSE, 0, 0);
        lua_pushcfunction(t->L, build);
        if (lua_pcall(t->L, 0, 0, 0) == LUA_OK) return t;
    }
    err_memory(e);
    trusted_free(t);
    return NULL;
}

void trusted_free(struct trusted *t) {
    if (!t) return;
    if (t->L) lua_close(t->L);
    free(t);
}

// --- calls -------------------------------------------------------------------

// Runs in protected mode. The result is taken here, where the stack is still ours;
// taking never raises, so nothing is lost.
static int protected_call(lua_State *L) {
    struct call *c = lua_touserdata(L, 1);
    luaL_checkstack(L, (int)c->count + 8, NULL);
    lua_getglobal(L, "require");
    lua_pushstring(L, c->module);
    lua_call(L, 1, 1);
    if (!lua_istable(L, -1) || lua_getfield(L, -1, c->function) != LUA_TFUNCTION)
        return luaL_error(L, "the module '%s' has no function '%s'", c->module, c->function);
    for (size_t i = 0; i < c->count; i++) values_push(L, c->arguments[i]);
    lua_call(L, (int)c->count, 1);
    c->result = values_take(L, -1, c->e);
    return 0;
}

static bool lua_failed(lua_State *L, int status, const struct call *c, struct err *e) {
    if (status == LUA_ERRMEM) return err_memory(e);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    if (lua_istable(L, -1) && lua_checkstack(L, 2)) {
        // Raw: the field is pushed under a name that exists already or costs one string.
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            bool message = lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING &&
                           !strcmp(lua_tostring(L, -2), "message");
            if (message) text = lua_tostring(L, -1);
            lua_pop(L, 1);
        }
    }
    return err_set(e, ERR_SYSTEM, "internal: %s.%s: %s", c->module, c->function,
                   text ? text : "an error without a message");
}

// A large world is kept for long: its garbage must not be allowed to become a multiple of it.
static void mind_large_heap(struct trusted *t) {
    bool large = t->heap.used > LARGE_HEAP;
    if (large == t->large) return;
    t->large = large;
    lua_gc(t->L, LUA_GCINC, large ? LARGE_PAUSE : HEAP_PAUSE, 0, 0);
}

bool trusted_call(struct trusted *t, const char *module, const char *function,
                  const struct val *const *arguments, size_t count, struct val **result,
                  struct err *e) {
    struct err own = {0};
    struct call c = {module, function, arguments, count, NULL, e ? e : &own};
    *result = NULL;
    t->called_ms = clock_real_ms();
    lua_pushcfunction(t->L, protected_call);
    lua_pushlightuserdata(t->L, &c);
    int status = lua_pcall(t->L, 1, 0, 0);
    if (status != LUA_OK) lua_failed(t->L, status, &c, c.e);
    lua_settop(t->L, 0);
    mind_large_heap(t);
    if (status != LUA_OK) return false;
    if (!c.result) return err_prefix(c.e, "internal: %s.%s returned", module, function);
    *result = c.result;
    return true;
}
