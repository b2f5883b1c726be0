// ordered.h - pairs and next in an order that is the same in every pass.
//
// Owns: the order (false, true, numbers by value, strings bytewise) and its two
// functions. Keys of other types have no such order and are refused. Cost: pairs takes
// a sorted copy of the keys (n log n), next looks at every key (n).
#ifndef CORDON_LUA_ORDERED_H
#define CORDON_LUA_ORDERED_H

#include <lua.h>

// lua_CFunctions. pairs honours __pairs; entries added on the way are not visited,
// entries removed on the way are left out.
int ordered_pairs(lua_State *L);
int ordered_next(lua_State *L);

// [-0, +3, m] As ordered_pairs for the table at `index`, metamethods left alone.
int ordered_pairs_raw(lua_State *L, int index);

#endif
