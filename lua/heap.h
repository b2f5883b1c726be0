// heap.h - a Lua state's memory, capped.
//
// Owns: the accounting and the cap, and small blocks: a state makes tens of thousands of them,
// and has one thread, so in a release build they come from slabs that are filled in order and
// reused by size. Lua gets NULL beyond the cap and raises "not enough memory"; what C allocates beside Lua is not
// counted here. Zero it before use; when the last block is freed nothing is held any more.
#ifndef CORDON_LUA_HEAP_H
#define CORDON_LUA_HEAP_H

#include <stddef.h>

#define HEAP_STEP ((size_t)16)
#define HEAP_SMALL ((size_t)512)  // larger blocks are malloc's

struct heap {
    size_t used, cap;  // bytes that Lua asked for
    size_t held;       // bytes of slabs: at most `cap` too
    struct heap_slab *slabs;
    char *next, *end;  // what the newest slab has left
    struct heap_block *free[HEAP_SMALL / HEAP_STEP];
};

// The collector waits until this much of what survived (in percent) is in use again: a pass is
// short, and at the cap Lua collects anyway.
#define HEAP_PAUSE 250

// A lua_Alloc; `heap` is a struct heap.
void *heap_alloc(void *heap, void *block, size_t old_size, size_t new_size);

#endif
