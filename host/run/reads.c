// reads.c - one inquiry, one list.
#include "run/reads.h"

#include <stdlib.h>

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
