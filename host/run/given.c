// given.c - the command line's "key=value" pairs.
#include <stdlib.h>
#include <string.h>

#include "run/run.h"

struct val *parse_pairs(char *const *pairs, int count, struct err *e) {
    struct val *map = val_map();
    if (!map) err_memory(e);
    for (int i = 0; map && i < count; i++) {
        const char *equals = strchr(pairs[i], '=');
        size_t len = equals ? (size_t)(equals - pairs[i]) : 0;
        char *key = strndup(pairs[i], len);
        bool ok = false;
        if (!key)
            err_memory(e);
        else if (!len)
            err_set(e, ERR_USAGE, "\"%.200s\" is not an argument; arguments are key=value, as instance=web-3",
                    pairs[i]);
        else if (val_get(map, key))
            err_set(e, ERR_USAGE, "%.80s is given twice", key);
        else
            ok = val_set(map, key, val_cstr(equals + 1)) || err_memory(e);
        free(key);
        if (ok) continue;
        val_unref(map);
        return NULL;
    }
    return map;
}
