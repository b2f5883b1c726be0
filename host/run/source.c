// source.c - looks for playbooks.
#include "run/source.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/file.h"
#include "base/text.h"
#include "base/val.h"

#define MAX_SOURCE ((size_t)1024 * 1024)

void source_free(struct source *s) {
    free(s->file);
    free(s->folder);
    buf_free(&s->text);
    *s = (struct source){0};
}

static char *folder_of(const char *file) {
    const char *slash = strrchr(file, '/');
    return slash ? strndup(file, (size_t)(slash - file)) : strdup(".");
}

static bool fill(struct source *out, const char *file, bool embedded, struct err *e) {
    out->file = strdup(file);
    out->folder = folder_of(file);
    out->embedded = embedded;
    return (out->file && out->folder && !out->text.failed) || err_memory(e);
}

static bool read_file(const char *path, struct source *out, struct err *e) {
    *out = (struct source){0};
    if (file_read(path, MAX_SOURCE, &out->text, e) && fill(out, path, false, e)) return true;
    source_free(out);
    return false;
}

bool source_asset(const char *name, struct source *out, struct err *e) {
    const char *bytes;
    size_t len;
    *out = (struct source){0};
    if (!asset_find(name, &bytes, &len)) return err_set(e, ERR_USAGE, "no such file: %s", name);
    buf_add(&out->text, bytes, len);
    if (fill(out, name, true, e)) return true;
    source_free(out);
    return false;
}

// --- the places --------------------------------------------------------------

#define PLACES 3

// The folder of place number i, in `out`; false when there is none.
static bool place(size_t i, struct buf *out) {
    buf_clear(out);
    if (i == 0) buf_add_str(out, "playbooks");
    else if (i == 1) return file_xdg_path(out, "XDG_CONFIG_HOME", ".config", "cordon/playbooks", NULL);
    else buf_add_str(out, "/etc/cordon/playbooks");
    return !out->failed;
}

static bool is_plain(const char *name) {
    if (!*name || strlen(name) > 64) return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '_' && *name != '-') return false;
    return true;
}

struct names {
    struct val *seen;  // name -> file
};

static void note_name(void *ctx, const char *name, const char *file) {
    struct names *n = ctx;
    val_set(n->seen, name, val_cstr(file));
}

static bool no_such_playbook(const char *name, struct err *e) {
    struct names n = {val_map()};
    const char *candidates[256];
    size_t count = 0;
    source_each(note_name, &n);
    for (; count < val_count(n.seen) && count < 256; count++)
        candidates[count] = val_key_at(n.seen, count);
    const char *near = text_nearest(name, candidates, count);
    err_set(e, ERR_USAGE, "no playbook is called \"%.80s\"%s%s%s; `cordon list` shows them all", name,
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    val_unref(n.seen);
    return false;
}

bool source_find(const char *name, struct source *out, struct err *e) {
    if (strchr(name, '/') || text_ends(name, ".lua")) return read_file(name, out, e);
    if (!is_plain(name)) return no_such_playbook(name, e);
    struct buf path = BUF_EMPTY;
    for (size_t i = 0; i < PLACES; i++) {
        if (!place(i, &path)) continue;
        buf_printf(&path, "/%s.lua", name);
        if (path.failed || access(path.data, F_OK) != 0) continue;
        bool ok = read_file(path.data, out, e);
        buf_free(&path);
        return ok;
    }
    buf_clear(&path);
    buf_printf(&path, "playbooks/%s.lua", name);
    bool ok = !path.failed && source_asset(path.data, out, e);
    buf_free(&path);
    return ok || no_such_playbook(name, e);
}

static bool try_require(const char *folder, bool embedded, const char *sub, const char *name,
                        struct source *out, bool *found, struct err *e) {
    struct buf path = BUF_EMPTY;
    buf_printf(&path, "%s/%s%s.lua", folder, sub, name);
    bool ok = false;
    const char *bytes;
    size_t len;
    *found = !path.failed && (embedded ? asset_find(path.data, &bytes, &len)
                                       : access(path.data, F_OK) == 0);
    if (*found) ok = embedded ? source_asset(path.data, out, e) : read_file(path.data, out, e);
    buf_free(&path);
    return ok;
}

bool source_require(const struct source *playbook, const char *name, struct source *out,
                    struct err *e) {
    if (!is_plain(name))
        return err_set(e, ERR_USAGE,
                       "require takes a plain name (letters, digits, '_', '-'), not \"%.80s\"",
                       name);
    const struct {
        const char *folder;
        bool embedded;
        const char *sub;
    } places[] = {{"stdlib/playbook", true, ""},
                  {playbook->folder, playbook->embedded, ""},
                  {playbook->folder, playbook->embedded, "lib/"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        bool found;
        bool ok = try_require(places[i].folder, places[i].embedded, places[i].sub, name, out,
                              &found, e);
        if (found) return ok;
    }
    return err_set(e, ERR_USAGE,
                   "no module \"%s\": looked in cordon's own stdlib, %s and %s/lib", name,
                   playbook->folder, playbook->folder);
}

bool source_beside(const struct source *s, const char *name, struct source *out, bool *found,
                   struct err *e) {
    *found = false;
    if (!is_plain(name))
        return err_set(e, ERR_USAGE, "a plain name is wanted (letters, digits, '_', '-'), not \"%.80s\"",
                       name);
    bool ok = try_require(s->folder, s->embedded, "lib/", name, out, found, e);
    if (!*found && !s->embedded) ok = try_require(s->folder, false, "../", name, out, found, e);
    return ok || !*found;
}

// --- listing -----------------------------------------------------------------

struct listing {
    struct val *seen;
    void (*fn)(void *ctx, const char *name, const char *file);
    void *ctx;
};

static void report(struct listing *l, const char *name, size_t len, const char *file) {
    char *plain = strndup(name, len);
    if (plain && is_plain(plain) && !val_get(l->seen, plain)) {
        val_set(l->seen, plain, val_bool(true));
        l->fn(l->ctx, plain, file);
    }
    free(plain);
}

static void list_folder(struct listing *l, const char *folder) {
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        struct buf path = BUF_EMPTY;
        buf_printf(&path, "%s/%s", folder, name);
        if (text_ends(name, ".lua") && !path.failed) report(l, name, strlen(name) - 4, path.data);
        buf_free(&path);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

static void list_asset(void *ctx, const char *name) {
    const char *base = name + strlen("playbooks/");
    if (!strchr(base, '/') && text_ends(base, ".lua")) report(ctx, base, strlen(base) - 4, name);
}

void source_each(void (*fn)(void *ctx, const char *name, const char *file), void *ctx) {
    struct listing l = {val_map(), fn, ctx};
    struct buf folder = BUF_EMPTY;
    for (size_t i = 0; i < PLACES; i++)
        if (place(i, &folder)) list_folder(&l, folder.data);
    asset_each("playbooks/", list_asset, &l);
    buf_free(&folder);
    val_unref(l.seen);
}
