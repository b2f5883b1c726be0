// origin.c - hashes of sources, and finding them again.
#include "run/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static bool digest_of(const struct source *s, char out[SHA256_HEX]) {
    return sha256_hex(buf_str(&s->text), s->text.len, out);
}

bool origin_set(struct val *members, const struct source *s, const struct val *modules) {
    char digest[SHA256_HEX];
    char *path = s->embedded ? NULL : realpath(s->file, NULL);
    bool ok = digest_of(s, digest) && val_set(members, "file", val_cstr(s->file)) &&
              val_set(members, "path", path ? val_cstr(path) : val_nil()) &&
              val_set(members, "embedded", s->embedded ? val_bool(true) : val_nil()) &&
              val_set(members, "sha256", val_cstr(digest)) &&
              (!modules || val_set(members, "modules", val_ref(modules)));
    free(path);
    return ok;
}

static bool has_changed(const char *what, const char *where, struct err *e) {
    return err_set(e, ERR_LEFT_PLAN, "%s (%s) is not what it was then: its SHA-256 is another one",
                   what, where);
}

// The name it had is kept where it still leads there: messages name the file by it.
static bool find_file(const char *file, const char *path, struct source *out, struct err *e) {
    char *now = realpath(file, NULL);
    bool same = now && strcmp(now, path) == 0;
    free(now);
    return source_find(same && strchr(file, '/') ? file : path, out, e);
}

static bool find_playbook(const struct val *members, struct source *out, struct err *e) {
    const char *file = val_get_str(members, "file", ""), *path = val_get_str(members, "path", file);
    char digest[SHA256_HEX];
    bool embedded = val_as_bool(val_get(members, "embedded"), false);
    if (!*file || (!embedded && *path != '/'))
        return err_set(e, ERR_INVALID, "it does not say where its playbook is");
    if (!(embedded ? source_asset(file, out, e) : find_file(file, path, out, e))) {
        snprintf(e->code, sizeof e->code, ERR_LEFT_PLAN);
        return err_prefix(e, "its playbook cannot be read any more");
    }
    if (!digest_of(out, digest)) return err_memory(e);
    return strcmp(digest, val_get_str(members, "sha256", "")) == 0 ||
           has_changed("the playbook", out->file, e);
}

static bool check_module(const struct source *playbook, const char *name, const struct val *digest,
                         struct err *e) {
    struct source module;
    char now[SHA256_HEX];
    if (!source_require(playbook, name, &module, e)) {
        snprintf(e->code, sizeof e->code, ERR_LEFT_PLAN);
        return err_prefix(e, "what the playbook requires cannot be read any more");
    }
    bool hashed = digest_of(&module, now), same = strcmp(now, val_as_str(digest, "")) == 0;
    if (!hashed) err_memory(e);
    else if (!same) has_changed("a module of the playbook", module.file, e);
    source_free(&module);
    return hashed && same;
}

bool origin_find(const struct val *members, struct source *out, struct err *e) {
    const struct val *modules = val_get(members, "modules");
    *out = (struct source){0};
    bool ok = find_playbook(members, out, e);
    for (size_t i = 0; ok && i < val_count(modules); i++)
        ok = check_module(out, val_key_at(modules, i), val_at(modules, i), e);
    if (!ok) source_free(out);
    return ok;
}

bool origin_note(struct val *modules, const char *name, const struct source *module, struct err *e) {
    char digest[SHA256_HEX];
    const char *before = val_get_str(modules, name, NULL);
    if (!digest_of(module, digest)) return err_memory(e);
    if (!before) return val_set(modules, name, val_cstr(digest)) || err_memory(e);
    return strcmp(before, digest) == 0 || has_changed("a module of the playbook", module->file, e);
}
