// key.c - counts per step.
#include "gate/key.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

bool keys_init(struct keys *k, struct err *e) {
    *k = (struct keys){0};
    return keys_restart(k, e);
}

void keys_free(struct keys *k) {
    val_unref(k->ordinals);
    val_unref(k->parallels);
    *k = (struct keys){0};
}

bool keys_restart(struct keys *k, struct err *e) {
    keys_free(k);
    k->ordinals = val_map();
    k->parallels = val_map();
    return (k->ordinals && k->parallels) || err_memory(e);
}

// The next number of `name` in `counts`.
static bool count(struct val *counts, const char *name, int64_t *n, struct err *e) {
    *n = val_as_int(val_get(counts, name), 0) + 1;
    return val_set(counts, name, val_int(*n)) || err_memory(e);
}

// The number of parallel `number` of the branch `above` among those that change something.
static bool changing_parallel(struct keys *k, const char *above, const char *number, size_t len,
                              int64_t *n, struct err *e) {
    struct buf name = BUF_EMPTY, counter = BUF_EMPTY;
    buf_printf(&name, "%s>%.*s", above, (int)len, number);
    buf_printf(&counter, "%s>", above);
    bool ok = (!name.failed && !counter.failed) || err_memory(e);
    const struct val *known = ok ? val_get(k->parallels, name.data) : NULL;
    if (known)
        *n = val_as_int(known, 0);
    else
        ok = ok && count(k->parallels, counter.data, n, e) &&
             (val_set(k->parallels, name.data, val_int(*n)) || err_memory(e));
    buf_free(&name);
    buf_free(&counter);
    return ok;
}

static bool not_a_branch(const char *branch, struct err *e) {
    return err_set(e, ERR_REFUSED, "\"%.80s\" is not a branch of parallel", branch);
}

// "4.2/9.1" as "1.2/1.1", appended to `out`.
static bool without_reads(struct keys *k, const char *branch, struct buf *out, struct err *e) {
    const char *at = branch;
    while (*at) {
        int64_t n;
        size_t number = strspn(at, "0123456789"), item;
        if (!number || number > 12 || at[number] != '.') return not_a_branch(branch, e);
        item = strspn(at + number + 1, "0123456789");
        const char *end = at + number + 1 + item;
        if (!item || item > 12 || (*end && (*end != '/' || !end[1])))
            return not_a_branch(branch, e);
        if (!changing_parallel(k, buf_str(out), at, number, &n, e)) return false;
        buf_printf(out, "%s%lld.%.*s", out->len ? "/" : "", (long long)n, (int)item,
                   at + number + 1);
        at = *end ? end + 1 : end;
    }
    return !out->failed || err_memory(e);
}

bool keys_next(struct keys *k, size_t step, const char *branch, char key[KEY_SIZE], struct err *e) {
    struct buf path = BUF_EMPTY;
    int64_t n = 0;
    int len = 0;
    bool ok = without_reads(k, branch, &path, e) && count(k->ordinals, buf_str(&path), &n, e);
    if (ok) len = snprintf(key, KEY_SIZE, "%zu:%s#%lld", step + 1, buf_str(&path), (long long)n);
    if (ok && len >= KEY_SIZE)
        ok = err_set(e, ERR_REFUSED, "parallel is nested too deeply: %.80s...", branch);
    buf_free(&path);
    return ok;
}
