// heap.h - a Lua state's memory, capped.
//
// Owns: the accounting and the cap. Lua gets NULL beyond it and raises "not enough
// memory"; what C allocates beside Lua is not counted here.
#ifndef CORDON_LUA_HEAP_H
#define CORDON_LUA_HEAP_H

#include <stddef.h>

struct heap {
    size_t used, cap;
};

// A lua_Alloc; `heap` is a struct heap.
void *heap_alloc(void *heap, void *block, size_t old_size, size_t new_size);

#endif
