// reads.c - one inquiry, one list.
#include "run/reads.h"

#include <stdlib.h>

struct val *reads_filter(const char *name, struct val *values) {
    struct val *f = values ? val_map() : NULL;
    bool ok = f && val_set(f, "Name", val_cstr(name)) && val_set(f, "Values", val_ref(values));
    val_unref(values);
    if (ok) return f;
    val_unref(f);
    return NULL;
}

struct val *reads_filter_by(const char *name, const char *value) {
    struct val *values = val_list();
    if (values && val_append(values, val_cstr(value))) return reads_filter(name, values);
    val_unref(values);
    return NULL;
}

struct val *reads_params(const char *name, struct val *item) {
    struct val *params = val_map(), *list = val_list();
    bool ok = list ? val_append(list, item) : (val_unref(item), false);
    if (ok && params && val_set(params, name, val_ref(list))) {
        val_unref(list);
        return params;
    }
    val_unref(params);
    val_unref(list);
    return NULL;
}

static struct val *collect(struct asked *const *asked, size_t count) {
    struct val *list = val_list();
    for (size_t i = 0; list && i < count; i++) {
        if (val_append(list, val_ref(asked[i]->answer))) continue;
        val_unref(list);
        return NULL;
    }
    return list;
}

bool reads_ask(struct loop *loop, struct live *live, struct model *m, const struct val *reads,
               struct val **answers, struct err *e) {
    struct inquiry q = {.batch = {.loop = loop}, .live = live, .model = m};
    size_t count = val_count(reads);
    struct asked **asked = calloc(count + 1, sizeof *asked);
    bool ok = asked || err_memory(e);
    for (size_t i = 0; ok && i < count; i++)
        ok = inquiry_ask(&q, val_at(reads, i), &asked[i], e);
    struct err waiting;
    bool waited = inquiry_wait(&q, &waiting);
    if (ok && !waited) *e = waiting;
    *answers = ok && waited ? collect(asked, count) : NULL;
    if (ok && waited && !*answers) err_memory(e);
    inquiry_free(&q);
    free(asked);
    return *answers != NULL;
}
