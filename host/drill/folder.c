// folder.c - folders.
#include "drill/folder.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

bool folder_make(struct buf *out, struct err *e) {
    const char *parent = getenv("TMPDIR");
    buf_printf(out, "%s/cordon-drill-XXXXXX", parent && *parent == '/' ? parent : "/tmp");
    if (out->failed) return err_memory(e);
    if (mkdtemp(out->data)) return true;
    bool ok = err_errno(e, "cannot make the drill's folder %s", out->data);
    buf_clear(out);
    return ok;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where) {
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void folder_remove(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

bool folder_run(const char *state_dir, struct buf *out) {
    struct dirent **entries;
    buf_clear(out);
    buf_printf(out, "%s/cordon/runs", state_dir);
    int count = out->failed ? -1 : scandir(out->data, &entries, is_visible, alphasort);
    if (count > 0) buf_printf(out, "/%s", entries[0]->d_name);
    for (int i = 0; i < count; i++) free(entries[i]);
    if (count >= 0) free(entries);
    return count > 0 && !out->failed;
}

static int is_drill(const struct dirent *entry) {
    return is_visible(entry) && text_ends(entry->d_name, ".lua");
}

bool folder_drills(const char *path, struct val *files, struct err *e) {
    struct stat st;
    struct dirent **entries;
    if (stat(path, &st) != 0) return err_set(e, ERR_USAGE, "no such drill or folder: %s", path);
    if (!S_ISDIR(st.st_mode)) return val_append(files, val_cstr(path)) || err_memory(e);
    int count = scandir(path, &entries, is_drill, alphasort);
    if (count < 0) return err_set(e, ERR_USAGE, "cannot read %s: %s", path, strerror(errno));
    bool ok = count > 0 || err_set(e, ERR_USAGE, "there is no drill (*.lua) in %s", path);
    for (int i = 0; i < count; i++) {
        struct buf file = BUF_EMPTY;
        bool slash = text_ends(path, "/");
        buf_printf(&file, "%s%s%s", path, slash ? "" : "/", entries[i]->d_name);
        if (ok) ok = (!file.failed && val_append(files, val_cstr(file.data))) || err_memory(e);
        buf_free(&file);
        free(entries[i]);
    }
    free(entries);
    return ok;
}
