// chunk.c - compiled when it is ours, text otherwise.
#include "chunk.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "base/asset.h"

// Bytecode is good for the release of Lua that wrote it; the library may be a newer one.
static bool same_lua(void) {
    return strstr(lua_ident, LUA_RELEASE "  ") != NULL;
}

// A file of the team's may have the name of a carried one, so the text is compared.
static bool find_compiled(const char *file, const char *text, size_t len, const char **bytes,
                          size_t *count) {
    const char *own;
    size_t own_len;
    return same_lua() && asset_compiled(file, bytes, count) &&
           asset_find(file, &own, &own_len) && own_len == len &&
           (own == text || memcmp(own, text, len) == 0);
}

int chunk_load(lua_State *L, const char *file, const char *chunk, const char *text, size_t len) {
    const char *bytes;
    size_t count;
    if (find_compiled(file, text, len, &bytes, &count))
        return luaL_loadbufferx(L, bytes, count, chunk, "b");
    return luaL_loadbufferx(L, text, len, chunk, "t");
}

bool chunk_load_carried(lua_State *L, const char *file, const char *chunk) {
    const char *bytes;
    size_t count;
    if (!same_lua() || !asset_compiled(file, &bytes, &count)) return false;
    if (luaL_loadbufferx(L, bytes, count, chunk, "b") == LUA_OK) return true;
    lua_error(L);
    return false;
}
