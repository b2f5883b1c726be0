// chunk.h - loading the Lua that the program carries.
//
// Owns: the choice between a file's text and what the build compiled of it: parsing took more
// time than all that the files do. Bytecode comes from nowhere but this program's own
// read-only data, never from a file or a message.
#ifndef CORDON_LUA_CHUNK_H
#define CORDON_LUA_CHUNK_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

// [-0, +1, m] As luaL_loadbufferx in mode "t" of this text of the file `file`. When it is the
// carried file of that name, the compiled form is taken, which says `chunk` too. LUA_OK and the
// function, or an error code and the message.
int chunk_load(lua_State *L, const char *file, const char *chunk, const char *text, size_t len);

// [-0, +1, m] The carried file of this name, from its compiled form. False, and nothing pushed:
// there is none (a debug build compiles nothing).
bool chunk_load_carried(lua_State *L, const char *file, const char *chunk);

#endif
