// table.h - what was parsed so far, by name.
//
// Owns: the slots of a hash table; not the names and values in it. Private to
// host/model.
#ifndef CORDON_MODEL_TABLE_H
#define CORDON_MODEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table_slot {
    const char *name;
    void *value;
};

struct table {
    struct table_slot *slots;
    size_t count, cap;  // cap is 0 or a power of two
};

void *table_get(const struct table *t, const char *name);
// The name must stay valid. False when memory ran out.
bool table_put(struct table *t, const char *name, void *value);
void table_free(struct table *t);

#endif
