// ordered.c - pairs and next in an order that is the same in every pass.
#include "ordered.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

enum rank { RANK_FALSE, RANK_TRUE, RANK_NUMBER, RANK_STRING };

struct key {
    enum rank rank;
    bool integer;
    lua_Integer i;
    lua_Number n;
    const char *bytes;  // held by the table it is a key of
    size_t len;
};

// Reads the key at `index`; raises for one that has no order.
static struct key read_key(lua_State *L, int index) {
    struct key k = {RANK_FALSE, false, 0, 0, NULL, 0};
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN: k.rank = lua_toboolean(L, index) ? RANK_TRUE : RANK_FALSE; break;
    case LUA_TNUMBER:
        k.rank = RANK_NUMBER;
        k.integer = lua_isinteger(L, index);
        k.i = k.integer ? lua_tointeger(L, index) : 0;
        k.n = lua_tonumber(L, index);
        break;
    case LUA_TSTRING:
        k.rank = RANK_STRING;
        k.bytes = lua_tolstring(L, index, &k.len);
        break;
    default:
        luaL_error(L,
                   "a table with a %s as a key cannot be traversed: such keys have no order "
                   "that is the same in every pass (use strings or numbers)",
                   luaL_typename(L, index));
    }
    return k;
}

// A float that is a key is either no integer, and then below 2^53, or beyond all
// integers: so comparing as floats is exact, but for a tie at 2^63.
static int compare_numbers(const struct key *a, const struct key *b) {
    if (a->integer && b->integer) return (a->i > b->i) - (a->i < b->i);
    if (a->n != b->n) return a->n > b->n ? 1 : -1;
    return (int)b->integer - (int)a->integer;
}

static int compare(const struct key *a, const struct key *b) {
    if (a->rank != b->rank) return a->rank > b->rank ? 1 : -1;
    if (a->rank == RANK_NUMBER) return compare_numbers(a, b);
    if (a->rank != RANK_STRING) return 0;
    int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static void sift(struct key *keys, size_t root, size_t count) {
    struct key moved = keys[root];
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count) break;
        if (child + 1 < count && compare(&keys[child + 1], &keys[child]) > 0) child++;
        if (compare(&keys[child], &moved) <= 0) break;
        keys[root] = keys[child];
        root = child;
    }
    keys[root] = moved;
}

// A heap sort: in place and without the system calls that qsort may make.
static void sort(struct key *keys, size_t count) {
    for (size_t i = count / 2; i > 0; i--) sift(keys, i - 1, count);
    for (size_t i = count; i > 1; i--) {
        struct key last = keys[i - 1];
        keys[i - 1] = keys[0];
        keys[0] = last;
        sift(keys, 0, i - 1);
    }
}

static void push_key(lua_State *L, const struct key *k) {
    switch (k->rank) {
    case RANK_FALSE:
    case RANK_TRUE: lua_pushboolean(L, k->rank == RANK_TRUE); break;
    case RANK_NUMBER:
        if (k->integer)
            lua_pushinteger(L, k->i);
        else
            lua_pushnumber(L, k->n);
        break;
    case RANK_STRING: lua_pushlstring(L, k->bytes, k->len); break;
    }
}

static size_t count_keys(lua_State *L, int index) {
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        count++;
    }
    return count;
}

// [-0, +1, m] The sorted keys of the table at `index`, as a list.
static size_t push_sorted_keys(lua_State *L, int index) {
    size_t count = count_keys(L, index), i = 0;
    struct key *keys = lua_newuserdatauv(L, (count + 1) * sizeof *keys, 0);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        keys[i++] = read_key(L, -1);
    }
    sort(keys, count);
    lua_createtable(L, (int)count, 0);
    for (i = 0; i < count; i++) {
        push_key(L, &keys[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_remove(L, -2);  // the array
    return count;
}

// Upvalues: the sorted keys, how many, how many were visited, the table.
static int iterate(lua_State *L) {
    lua_Integer count = lua_tointeger(L, lua_upvalueindex(2));
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(3));
    while (at < count) {
        lua_rawgeti(L, lua_upvalueindex(1), ++at);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(4)) == LUA_TNIL) {
            lua_pop(L, 2);
            continue;
        }
        lua_pushinteger(L, at);
        lua_replace(L, lua_upvalueindex(3));
        return 2;
    }
    lua_pushinteger(L, count);
    lua_replace(L, lua_upvalueindex(3));
    lua_pushnil(L);
    return 1;
}

int ordered_pairs_raw(lua_State *L, int index) {
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, NULL);
    size_t count = push_sorted_keys(L, index);
    lua_pushinteger(L, (lua_Integer)count);
    lua_pushinteger(L, 0);
    lua_pushvalue(L, index);
    lua_pushcclosure(L, iterate, 4);
    lua_pushvalue(L, index);
    lua_pushnil(L);
    return 3;
}

int ordered_pairs(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    return ordered_pairs_raw(L, 1);
}

int ordered_next(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    bool first = lua_isnil(L, 2), found = false;
    struct key after, best;
    memset(&after, 0, sizeof after);
    memset(&best, 0, sizeof best);
    if (!first) after = read_key(L, 2);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        struct key k = read_key(L, -1);
        if (!first && compare(&k, &after) <= 0) continue;
        if (found && compare(&k, &best) >= 0) continue;
        best = k;
        found = true;
    }
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    push_key(L, &best);
    lua_pushvalue(L, -1);
    lua_rawget(L, 1);
    return 2;
}
