// used_plans.c - marks plans as applied.
#include "run/used_plans.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define MOST_BYTES 1000

static bool folder_of(struct buf *out, struct err *e) {
    return file_xdg_path(out, "XDG_STATE_HOME", ".local/state", "cordon/plans-used", e);
}

static bool path_of(const char *id, struct buf *out, struct err *e) {
    if (!folder_of(out, e)) return false;
    buf_printf(out, "/%s", id);
    return !out->failed || err_memory(e);
}

static bool was_used(const char *path, struct err *e) {
    struct buf run = BUF_EMPTY;
    struct err ignored;
    file_read(path, MOST_BYTES, &run, &ignored);
    const char *text = buf_str(&run);
    err_set(e, ERR_LEFT_PLAN,
            "the plan was applied already, by the run %.*s, and is good for one use; plan again. Nothing "
            "was changed",
            (int)strcspn(text, "\n"), text);
    buf_free(&run);
    return false;
}

bool used_plans_is_free(const char *id, struct err *e) {
    struct buf path = BUF_EMPTY;
    bool ok = path_of(id, &path, e);
    if (ok && access(path.data, F_OK) == 0) ok = was_used(path.data, e);
    buf_free(&path);
    return ok;
}

static bool write_mark(const char *path, const char *run, struct err *e) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) return was_used(path, e);
    if (fd < 0) return err_errno(e, "cannot note that the plan is applied in %s", path);
    size_t len = strlen(run);
    bool ok = write(fd, run, len) == (ssize_t)len && fsync(fd) == 0;
    if (!ok) err_errno(e, "cannot note that the plan is applied in %s", path);
    close(fd);
    return ok;
}

bool used_plans_take(const char *id, const char *run, struct err *e) {
    struct buf folder = BUF_EMPTY, path = BUF_EMPTY;
    bool ok = folder_of(&folder, e) && file_make_dirs(folder.data, e) && path_of(id, &path, e) &&
              write_mark(path.data, run, e) && file_sync_dir(folder.data, e);
    buf_free(&folder);
    buf_free(&path);
    return ok;
}
