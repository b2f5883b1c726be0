// libraries.c - standard functions that needed a second look.
//
// Owns: the versions that a playbook gets where Lua's own would show an address, load
// bytecode, make the garbage collector visible, or write what is read-only.
#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

#include "sandbox.h"

// As luaL_tolstring, without addresses.
int library_tostring(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_callmeta(L, 1, "__tostring")) {
        if (!lua_isstring(L, -1)) return luaL_error(L, "'__tostring' must return a string");
        return 1;
    }
    switch (lua_type(L, 1)) {
    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TNUMBER:
    case LUA_TSTRING: luaL_tolstring(L, 1, NULL); return 1;
    default:
        if (luaL_getmetafield(L, 1, "__name") != LUA_TSTRING)
            lua_pushstring(L, luaL_typename(L, 1));
        return 1;
    }
}

static bool has_field(lua_State *L, int index, const char *name) {
    lua_pushstring(L, name);
    bool has = lua_rawget(L, index) != LUA_TNIL;
    lua_pop(L, 1);
    return has;
}

int library_setmetatable(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    int type = lua_type(L, 2);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (type == LUA_TTABLE && (has_field(L, 2, "__gc") || has_field(L, 2, "__mode")))
        return luaL_error(L, "a metatable with '__gc' or '__mode' is refused: what a playbook "
                             "does must not depend on the garbage collector");
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

int library_rawset(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot write a table whose metatable is protected");
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

// load (chunk [, name [, mode [, env]]]), text only. Without `env` a chunk gets the
// state's global table, which is the caller's environment.
int library_load(lua_State *L) {
    bool has_env = !lua_isnone(L, 4);
    const char *mode = luaL_optstring(L, 3, "t");
    if (!strchr(mode, 't')) return luaL_error(L, "only text can be loaded, never bytecode");
    lua_settop(L, 4);
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    if (!has_env) lua_pop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

// Past flags, width and precision of the conversion at `at`.
static const char *conversion(const char *at, const char *end) {
    while (at < end && (isdigit((unsigned char)*at) || strchr("-+ #.", *at))) at++;
    return at;
}

int library_format(lua_State *L) {
    size_t len;
    const char *at = luaL_checklstring(L, 1, &len), *end = at + len;
    int top = lua_gettop(L), arg = 1;
    while ((at = memchr(at, '%', (size_t)(end - at))) && ++at < end) {
        if (*at == '%') {
            at++;
            continue;
        }
        at = conversion(at, end);
        if (at == end) break;
        if (*at == 'p') return luaL_error(L, "'%%p' is refused: addresses differ in every pass");
        if (*at == 's' && ++arg <= top && !lua_isstring(L, arg)) {
            lua_pushcfunction(L, library_tostring);
            lua_pushvalue(L, arg);
            lua_call(L, 1, 1);
            lua_replace(L, arg);
        } else if (*at != 's') {
            arg++;
        }
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, top, 1);
    return 1;
}
