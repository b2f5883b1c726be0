// extra.c - a folder of further models.
#include "model/extra.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

static int is_model(const struct dirent *entry) {
    return entry->d_name[0] != '.' && text_ends(entry->d_name, ".model");
}

// True when both send to, or sign for, the same service.
static bool same_place(const struct service *a, const struct service *b) {
    return strcmp(a->name, b->name) == 0 || strcmp(a->endpoint_prefix, b->endpoint_prefix) == 0 ||
           strcmp(a->signing_name, b->signing_name) == 0 ||
           (*a->target_prefix && strcmp(a->target_prefix, b->target_prefix) == 0);
}

static bool check_new(struct model *m, const struct source *added, struct err *e) {
    for (size_t i = 0; i < m->count; i++) {
        struct source *other = m->sources[i];
        if (other == added) continue;
        if (!source_open(other, e)) return false;
        if (!same_place(&added->service, &other->service)) continue;
        return err_set(e, ERR_USAGE,
                       "%s stands for the service %s, which cordon has already; a model file "
                       "can only add services: take it out of the folder",
                       added->lines.what, other->name);
    }
    return true;
}

static bool add_file(struct model *m, const char *path, struct err *e) {
    struct buf text = BUF_EMPTY;
    struct source *s = NULL;
    bool ok = file_read(path, MODEL_MAX_BYTES, &text, e);
    if (ok && !(s = model_add_source(m))) ok = err_memory(e);
    if (ok) ok = source_from_text(s, path, &text, e);
    if (ok) {
        s->name = strdup(s->service.name);
        ok = s->name ? check_new(m, s, e) : err_memory(e);
    }
    buf_free(&text);
    return ok;
}

bool model_add_extras(struct model *m, const char *folder, struct err *e) {
    struct dirent **entries;
    int count = scandir(folder, &entries, is_model, alphasort);
    if (count < 0) {
        if (errno == ENOENT) return true;
        return err_errno(e, "the models in %s cannot be listed", folder);
    }
    bool ok = true;
    for (int i = 0; i < count; i++) {
        struct buf path = BUF_EMPTY;
        buf_printf(&path, "%s/%s", folder, entries[i]->d_name);
        if (ok) ok = path.failed ? err_memory(e) : add_file(m, path.data, e);
        buf_free(&path);
        free(entries[i]);
    }
    free(entries);
    return ok;
}
