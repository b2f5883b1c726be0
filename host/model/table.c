// table.c - open addressing, never more than half full.
#include "model/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t hash(const char *name) {
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *name; name++) h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return (size_t)(h ^ h >> 32);
}

static struct table_slot *find(const struct table *t, const char *name) {
    size_t i = hash(name) & (t->cap - 1);
    while (t->slots[i].name && strcmp(t->slots[i].name, name) != 0) i = (i + 1) & (t->cap - 1);
    return &t->slots[i];
}

void *table_get(const struct table *t, const char *name) {
    return t->cap ? find(t, name)->value : NULL;
}

static bool grow(struct table *t) {
    struct table bigger = {.cap = t->cap ? t->cap * 2 : 64, .count = t->count};
    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots) return false;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].name) *find(&bigger, t->slots[i].name) = t->slots[i];
    free(t->slots);
    *t = bigger;
    return true;
}

bool table_put(struct table *t, const char *name, void *value) {
    if (t->count * 2 >= t->cap && !grow(t)) return false;
    struct table_slot *slot = find(t, name);
    if (!slot->name) t->count++;
    *slot = (struct table_slot){name, value};
    return true;
}

void table_free(struct table *t) {
    free(t->slots);
    *t = (struct table){0};
}
