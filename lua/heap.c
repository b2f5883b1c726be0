// heap.c - a Lua state's memory, capped.
#include "heap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Populated at once: taking 64 pages one fault at a time costs ten times as much.
#ifndef SLAB
#define SLAB ((size_t)256 * 1024)
#endif

struct heap_slab {
    struct heap_slab *next;
    char unused[HEAP_STEP - sizeof(struct heap_slab *)];
};

struct heap_block {
    struct heap_block *next;
};

// Sanitizers, and tests that let allocations fail, see only malloc's blocks: slabs are for the
// release build.
static bool is_small(size_t size) {
#ifdef CORDON_SLABS
    return size <= HEAP_SMALL;
#else
    (void)size;
    return false;
#endif
}

static size_t class_of(size_t size) {
    return (size - 1) / HEAP_STEP;
}

static bool add_slab(struct heap *h) {
    if (h->held + SLAB > h->cap && h->held > 0) return false;
    void *pages = mmap(NULL, SLAB, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (pages == MAP_FAILED) return false;
    struct heap_slab *slab = pages;
    slab->next = h->slabs;
    h->slabs = slab;
    h->held += SLAB;
    h->next = (char *)(slab + 1);
    h->end = (char *)pages + SLAB;
    return true;
}

static void drop_slabs(struct heap *h) {
    while (h->slabs) {
        struct heap_slab *next = h->slabs->next;
        munmap(h->slabs, SLAB);
        h->slabs = next;
    }
    *h = (struct heap){.cap = h->cap};
}

static void *take(struct heap *h, size_t size) {
    if (!is_small(size)) return malloc(size);
    size_t class = class_of(size), whole = (class + 1) * HEAP_STEP;
    struct heap_block *block = h->free[class];
    if (block) {
        h->free[class] = block->next;
        return block;
    }
    if ((size_t)(h->end - h->next) < whole && !add_slab(h)) return NULL;
    block = (struct heap_block *)h->next;
    h->next += whole;
    return block;
}

static void give_back(struct heap *h, void *block, size_t size) {
    if (!is_small(size)) {
        free(block);
        return;
    }
    struct heap_block *b = block;
    b->next = h->free[class_of(size)];
    h->free[class_of(size)] = b;
}

static void *resize(struct heap *h, void *block, size_t old_size, size_t new_size) {
    bool small = is_small(old_size), stays_small = is_small(new_size);
    if (!small && !stays_small) return realloc(block, new_size);
    if (small && stays_small && class_of(old_size) == class_of(new_size)) return block;
    void *moved = take(h, new_size);
    // Lua believes that shrinking cannot fail: a small block may stay where it is, its place
    // will be reused as one of the smaller size.
    if (!moved) return small && new_size < old_size ? block : NULL;
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    give_back(h, block, old_size);
    return moved;
}

void *heap_alloc(void *heap, void *block, size_t old_size, size_t new_size) {
    struct heap *h = heap;
    size_t held = block ? old_size : 0;  // without a block, old_size is a type
    if (new_size == 0) {
        if (block) give_back(h, block, held);
        h->used -= held;
        if (h->used == 0) drop_slabs(h);
        return NULL;
    }
    if (new_size > held && new_size - held > h->cap - h->used) return NULL;
    void *moved = block ? resize(h, block, held, new_size) : take(h, new_size);
    if (moved) h->used += new_size - held;
    return moved;
}
