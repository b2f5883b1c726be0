// values.c - values to and from Lua, the only place where they cross.
#include "values.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/wire.h"

// Where in the tree we are: a chain on the C stack, read only to name an error's place.
struct place {
    const struct place *up;
    const char *key;  // NULL: `index` counts
    size_t index;
};

struct taking {
    lua_State *L;
    size_t nodes, bytes;
    struct err *e;
};

static size_t describe(const struct place *p, char *out, size_t size) {
    if (!p) return 0;
    size_t used = describe(p->up, out, size);
    if (used + 1 >= size) return used;
    int added = p->key ? snprintf(out + used, size - used, "%s%.60s", used ? "." : "", p->key)
                       : snprintf(out + used, size - used, "[%zu]", p->index);
    return used + (size_t)added < size ? used + (size_t)added : size - 1;
}

static struct val *refuse(struct taking *t, const struct place *at, const char *problem) {
    char path[256] = "";
    if (describe(at, path, sizeof path) == 0) snprintf(path, sizeof path, "the value");
    err_set(t->e, ERR_PARAMS, "%s: %s", path, problem);
    return NULL;
}

static struct val *checked(struct taking *t, struct val *v) {
    if (!v) err_memory(t->e);
    return v;
}

static bool count_bytes(struct taking *t, size_t bytes) {
    t->bytes += bytes;
    return bytes <= WIRE_MAX_FRAME && t->bytes <= WIRE_MAX_FRAME;
}

// What the keys of the table on top say it is.
enum table_kind { TABLE_LIST, TABLE_MAP, TABLE_MIXED };

static enum table_kind kind_of(lua_State *L, int index, size_t *count) {
    bool strings = true, positions = true;
    lua_Integer last = 0;
    *count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {  // key, value
        lua_pop(L, 1);
        strings = strings && lua_type(L, -1) == LUA_TSTRING;
        lua_Integer position = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        positions = positions && position >= 1;
        if (position > last) last = position;
        ++*count;
    }
    if (strings) return TABLE_MAP;
    return positions && (lua_Unsigned)last == *count ? TABLE_LIST : TABLE_MIXED;
}

static struct val *take(struct taking *t, int index, const struct place *at, int depth);

static struct val *take_list(struct taking *t, int index, size_t count, const struct place *at,
                             int depth) {
    struct val *list = checked(t, val_list());
    for (size_t i = 1; list && i <= count; i++) {
        struct place here = {at, NULL, i};
        lua_rawgeti(t->L, index, (lua_Integer)i);
        struct val *item = take(t, lua_gettop(t->L), &here, depth + 1);
        lua_pop(t->L, 1);
        if (item && val_append(list, item)) continue;
        if (item) err_memory(t->e);
        val_unref(list);
        return NULL;
    }
    return list;
}

static struct val *take_map(struct taking *t, int index, const struct place *at, int depth) {
    lua_State *L = t->L;
    struct val *map = checked(t, val_map());
    if (!map) return NULL;
    lua_pushnil(L);
    while (lua_next(L, index)) {  // key, value
        size_t len;
        const char *key = lua_tolstring(L, -2, &len);
        struct place here = {at, key, 0};
        struct val *item = count_bytes(t, len) ? take(t, lua_gettop(L), &here, depth + 1)
                                               : refuse(t, &here, "too much for one message");
        lua_pop(L, 1);
        if (item && val_set_n(map, key, len, item)) continue;
        if (item) err_memory(t->e);
        lua_pop(L, 1);  // the key
        val_unref(map);
        return NULL;
    }
    return map;
}

static struct val *take_table(struct taking *t, int index, const struct place *at, int depth) {
    if (depth >= VAL_MAX_DEPTH) return refuse(t, at, "nests too deep, or contains itself");
    if (!lua_checkstack(t->L, 4)) return checked(t, NULL);
    size_t count;
    enum table_kind kind = kind_of(t->L, index, &count);
    if (kind == TABLE_MIXED)
        return refuse(t, at, "keys must be either strings or the numbers 1 to n without a gap");
    if (t->nodes + count > WIRE_MAX_NODES) return refuse(t, at, "too much for one message");
    return kind == TABLE_LIST ? take_list(t, index, count, at, depth)
                              : take_map(t, index, at, depth);
}

static struct val *take_number(struct taking *t, int index, const struct place *at) {
    if (lua_isinteger(t->L, index)) return checked(t, val_int(lua_tointeger(t->L, index)));
    lua_Number n = lua_tonumber(t->L, index);
    if (!isfinite(n)) return refuse(t, at, "is not a finite number");
    return checked(t, val_double(n));
}

static struct val *take_string(struct taking *t, int index, const struct place *at) {
    size_t len;
    const char *bytes = lua_tolstring(t->L, index, &len);
    if (!count_bytes(t, len)) return refuse(t, at, "too much for one message");
    return checked(t, val_string(bytes, len));
}

static struct val *take(struct taking *t, int index, const struct place *at, int depth) {
    if (++t->nodes > WIRE_MAX_NODES) return refuse(t, at, "too much for one message");
    char problem[64];
    switch (lua_type(t->L, index)) {
    case LUA_TNONE:
    case LUA_TNIL: return val_nil();
    case LUA_TBOOLEAN: return val_bool(lua_toboolean(t->L, index));
    case LUA_TNUMBER: return take_number(t, index, at);
    case LUA_TSTRING: return take_string(t, index, at);
    case LUA_TTABLE: return take_table(t, index, at, depth);
    default:
        snprintf(problem, sizeof problem, "a %s is not a value that can be sent",
                 lua_typename(t->L, lua_type(t->L, index)));
        return refuse(t, at, problem);
    }
}

struct val *values_take(lua_State *L, int index, struct err *e) {
    struct taking t = {L, 0, 0, e};
    return take(&t, lua_absindex(L, index), NULL, 0);
}

static void push_list(lua_State *L, const struct val *v) {
    size_t count = val_count(v);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        values_push(L, val_at(v, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_map(lua_State *L, const struct val *v) {
    size_t count = val_count(v);
    lua_createtable(L, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(L, val_key_at(v, i), val_key_len_at(v, i));
        values_push(L, val_at(v, i));
        lua_rawset(L, -3);
    }
}

void values_push(lua_State *L, const struct val *v) {
    luaL_checkstack(L, 4, "a value nests too deep");
    switch (val_type(v)) {
    case VAL_NIL: lua_pushnil(L); break;
    case VAL_BOOL: lua_pushboolean(L, val_as_bool(v, false)); break;
    case VAL_INT: lua_pushinteger(L, val_as_int(v, 0)); break;
    case VAL_DOUBLE: lua_pushnumber(L, val_as_double(v, 0)); break;
    case VAL_STRING: lua_pushlstring(L, val_as_str(v, ""), val_str_len(v)); break;
    case VAL_LIST: push_list(L, v); break;
    case VAL_MAP: push_map(L, v); break;
    }
}

static int drop_box(lua_State *L) {
    struct val **box = lua_touserdata(L, 1);
    val_unref(*box);
    *box = NULL;
    return 0;
}

struct val **values_box(lua_State *L) {
    struct val **box = lua_newuserdatauv(L, sizeof(struct val *), 0);
    *box = NULL;
    if (luaL_newmetatable(L, "cordon.value")) {
        lua_pushcfunction(L, drop_box);
        lua_setfield(L, -2, "__gc");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    return box;
}
