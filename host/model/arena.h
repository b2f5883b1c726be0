// arena.h - memory that is freed all at once.
//
// Owns: the blocks of what lives exactly as long as a model or a parsed document. It
// never frees one thing alone.
#ifndef CORDON_MODEL_ARENA_H
#define CORDON_MODEL_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
};

// Zeroed, aligned for anything; NULL when out of memory.
void *arena_alloc(struct arena *a, size_t size);
// Room for `count` items of `size` bytes, the product checked.
void *arena_array(struct arena *a, size_t count, size_t size);
// A NUL-terminated copy.
char *arena_copy(struct arena *a, const char *bytes, size_t len);
void arena_free(struct arena *a);

#endif
