// heap.c - a Lua state's memory, capped.
#include "heap.h"

#include <stdlib.h>

void *heap_alloc(void *heap, void *block, size_t old_size, size_t new_size) {
    struct heap *h = heap;
    size_t held = block ? old_size : 0;  // without a block, old_size is a type
    if (new_size == 0) {
        free(block);
        h->used -= held;
        return NULL;
    }
    if (new_size > held && new_size - held > h->cap - h->used) return NULL;
    void *moved = realloc(block, new_size);
    if (moved) h->used += new_size - held;
    return moved;
}
