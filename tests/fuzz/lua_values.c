// lua_values.c - values into Lua and out again: the same, or refused.
//
// The input is a value in its wire form (base/wire.h), without the frame's length.
#include "fuzz.h"

#include <lauxlib.h>
#include <math.h>

#include "base/wire.h"
#include "lua/values.h"

// Lua cannot tell an empty list from an empty map, and drops what is nil in a list's middle.
static bool crosses(const struct val *v) {
    if (val_type(v) == VAL_DOUBLE && !isfinite(val_as_double(v, 0))) return false;
    if (val_type(v) == VAL_LIST && val_count(v) == 0) return false;
    for (size_t i = 0; i < val_count(v); i++)
        if (val_is_nil(val_at(v, i)) || !crosses(val_at(v, i))) return false;
    return true;
}

static int push(lua_State *L) {
    values_push(L, lua_touserdata(L, 1));
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static lua_State *L;
    struct buf frame = BUF_EMPTY;
    struct val *v = NULL;
    size_t used;
    struct err e = {0};
    if (!L) L = luaL_newstate();
    for (int i = 0; i < 4; i++) buf_add_char(&frame, (char)(size >> (8 * i) & 0xff));
    buf_add(&frame, data, size);
    if (wire_read(buf_str(&frame), frame.len, &v, &used, &e) == 1) {
        lua_pushcfunction(L, push);
        lua_pushlightuserdata(L, v);
        MUST(lua_pcall(L, 1, 1, 0) == LUA_OK && lua_gettop(L) == 1);
        struct val *back = values_take(L, -1, &e);
        MUST(lua_gettop(L) == 1 && (back || e.code[0]));
        if (crosses(v)) {
            MUST(back);
            fuzz_same(v, back);
        }
        val_unref(back);
        lua_settop(L, 0);
    }
    val_unref(v);
    buf_free(&frame);
    return 0;
}
