// arena.c - blocks that grow, handed out from the front.
#include "model/arena.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK ((size_t)4096)
#define LARGEST_BLOCK ((size_t)1 << 20)

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    max_align_t bytes[];
};

static struct arena_block *add_block(struct arena *a, size_t size) {
    size_t wanted = a->blocks ? a->blocks->size * 2 : FIRST_BLOCK;
    if (wanted > LARGEST_BLOCK) wanted = LARGEST_BLOCK;
    if (wanted < size) wanted = size;
    if (wanted > SIZE_MAX - sizeof(struct arena_block)) return NULL;
    struct arena_block *block = malloc(sizeof *block + wanted);
    if (!block) return NULL;
    *block = (struct arena_block){.next = a->blocks, .size = wanted};
    a->blocks = block;
    return block;
}

static void *take(struct arena *a, size_t size) {
    size_t unit = sizeof(max_align_t);
    if (size > SIZE_MAX - unit) return NULL;
    size = (size + unit - 1) / unit * unit;
    struct arena_block *block = a->blocks;
    if (!block || block->size - block->used < size) block = add_block(a, size);
    if (!block) return NULL;
    void *room = (char *)block->bytes + block->used;
    block->used += size;
    return room;
}

void *arena_alloc(struct arena *a, size_t size) {
    void *room = take(a, size ? size : 1);
    if (room) memset(room, 0, size);
    return room;
}

void *arena_array(struct arena *a, size_t count, size_t size) {
    return size && count > SIZE_MAX / size ? NULL : arena_alloc(a, count * size);
}

char *arena_copy(struct arena *a, const char *bytes, size_t len) {
    char *copy = len < SIZE_MAX ? take(a, len + 1) : NULL;
    if (!copy) return NULL;
    if (len) memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

void arena_free(struct arena *a) {
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
}
