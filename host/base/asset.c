// asset.c - the carried files; from the tree in a debug build, from the executable in a
// release build (table made by embed.sh, sorted by name).
#include "base/asset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#ifdef ASSET_ROOT

#include <glob.h>
#include <stdint.h>

#include "base/file.h"

// Files read so far; kept until the program ends, as asset.h promises.
struct cached {
    struct cached *next;
    char *name;
    struct buf bytes;
};
static struct cached *cache;

static struct cached *load(const char *name) {
    struct cached *c = calloc(1, sizeof *c);
    struct buf path = BUF_EMPTY;
    buf_printf(&path, "%s/%s", ASSET_ROOT, name);
    if (c) c->name = strdup(name);
    if (c && c->name && !path.failed && file_read(path.data, SIZE_MAX / 4, &c->bytes, NULL)) {
        c->next = cache;
        cache = c;
    } else if (c) {
        buf_free(&c->bytes);
        free(c->name);
        free(c);
        c = NULL;
    }
    buf_free(&path);
    return c;
}

bool asset_find(const char *name, const char **bytes, size_t *len) {
    if (strstr(name, "..")) return false;
    struct cached *c = cache;
    while (c && strcmp(c->name, name) != 0) c = c->next;
    if (!c) c = load(name);
    if (!c) return false;
    *bytes = buf_str(&c->bytes);
    *len = c->bytes.len;
    return true;
}

bool asset_compiled(const char *name, const char **bytes, size_t *len) {
    (void)name;
    (void)bytes;
    (void)len;
    return false;
}

struct names {
    const char *prefix;
    char **at;
    size_t count;
};

static void collect(struct names *names, const char *pattern) {
    struct buf path = BUF_EMPTY;
    buf_printf(&path, "%s/%s", ASSET_ROOT, pattern);
    glob_t found;
    if (!path.failed && glob(path.data, 0, NULL, &found) == 0) {
        char **grown = realloc(names->at, (names->count + found.gl_pathc) * sizeof *grown);
        if (grown) names->at = grown;
        for (size_t k = 0; grown && k < found.gl_pathc; k++) {
            const char *name = found.gl_pathv[k] + strlen(ASSET_ROOT) + 1;
            char *copy = text_starts(name, names->prefix) ? strdup(name) : NULL;
            if (copy) names->at[names->count++] = copy;
        }
        globfree(&found);
    }
    buf_free(&path);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void asset_each(const char *prefix, void (*fn)(void *ctx, const char *name), void *ctx) {
    static const char *const patterns[] = {"host/model/*.model", "playbooks/*.lua",
                                           "playbooks/*/*.lua", "stdlib/*/*.lua"};
    struct names names = {.prefix = prefix};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) collect(&names, patterns[i]);
    if (names.count) qsort(names.at, names.count, sizeof *names.at, by_name);
    for (size_t i = 0; i < names.count; i++) {
        fn(ctx, names.at[i]);
        free(names.at[i]);
    }
    free(names.at);
}

#else

struct entry {
    const char *name, *bytes;
    size_t len;
};
extern const struct entry asset_table[];
extern const size_t asset_count;

static int compare(const void *name, const void *entry) {
    return strcmp(name, ((const struct entry *)entry)->name);
}

bool asset_find(const char *name, const char **bytes, size_t *len) {
    const struct entry *found =
        bsearch(name, asset_table, asset_count, sizeof *asset_table, compare);
    if (!found) return false;
    *bytes = found->bytes;
    *len = found->len;
    return true;
}

bool asset_compiled(const char *name, const char **bytes, size_t *len) {
    char path[512];
    int n = snprintf(path, sizeof path, "compiled/%s", name);
    return n > 0 && (size_t)n < sizeof path && asset_find(path, bytes, len);
}

void asset_each(const char *prefix, void (*fn)(void *ctx, const char *name), void *ctx) {
    for (size_t i = 0; i < asset_count; i++)
        if (text_starts(asset_table[i].name, prefix)) fn(ctx, asset_table[i].name);
}

#endif
