// compile.c - compiles the Lua files that the program carries, while it is built.
//
//   compile FOLDER FILE ...     writes FOLDER/FILE, with all of its line numbers
//
// Linked with the Lua that will run them; lua/chunk.c looks whether it is the same still.
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lua/sandbox.h"

#define CORE "stdlib/playbook/core"  // and its parts: sandbox.h says what their chunks are called

static int write_piece(lua_State *L, const void *bytes, size_t len, void *file) {
    (void)L;
    return fwrite(bytes, 1, len, file) != len;
}

static int compile(lua_State *L, const char *folder, const char *name) {
    static char text[1024 * 1024];
    char path[4096], chunk[4096];
    FILE *in = fopen(name, "rb");
    size_t len = in ? fread(text, 1, sizeof text, in) : 0;
    bool ok = in && len < sizeof text;
    if (in) fclose(in);
    bool core = strncmp(name, CORE, strlen(CORE)) == 0;
    snprintf(chunk, sizeof chunk, "%s%s", core ? "" : "@", core ? SANDBOX_CORE : name);
    if (!ok || luaL_loadbufferx(L, text, len, chunk, "t") != LUA_OK) {
        fprintf(stderr, "compile: %s: %s\n", name, ok ? lua_tostring(L, -1) : "cannot read it");
        return 1;
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    ok = out && lua_dump(L, write_piece, out, 0) == 0;
    if (out && fclose(out) != 0) ok = false;
    if (!ok) fprintf(stderr, "compile: cannot write %s\n", path);
    lua_settop(L, 0);
    return !ok;
}

int main(int argc, char **argv) {
    int failed = argc < 2;
    lua_State *L = luaL_newstate();
    if (!L) return 1;
    for (int i = 2; i < argc; i++) failed |= compile(L, argv[1], argv[i]);
    lua_close(L);
    return failed;
}
