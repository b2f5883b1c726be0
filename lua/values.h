// values.h - values to and from Lua, the only place where they cross.
//
// Owns: the conversion rules. Lua is read raw: no metamethod ever runs. A table with
// exactly the keys 1..n (n > 0) is a list, one with string keys a map, an empty one an
// empty map; anything else is refused, naming the path. Caps on depth (VAL_MAX_DEPTH),
// nodes and bytes (those of wire.h); a cycle ends at the depth cap.
#ifndef CORDON_LUA_VALUES_H
#define CORDON_LUA_VALUES_H

#include <lua.h>

#include "base/err.h"
#include "base/val.h"

// [-0, +0, -] The value at `index` as a new reference. Never raises: NULL and `e` when
// it cannot cross. NaN and infinities are refused (they have no text that all agree on).
struct val *values_take(lua_State *L, int index, struct err *e);

// [-0, +1, m] Pushes a copy of `v` (NULL is nil). It raises when memory ends, so `v` must
// be owned by something that survives that: a box, or the caller of lua_pcall.
void values_push(lua_State *L, const struct val *v);

// [-0, +1, m] Pushes an empty box: whatever value is put in is dropped when Lua drops the
// box. Make the box first, then the value.
struct val **values_box(lua_State *L);

#endif
