// file.c - whole files and folders.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, const char *path, size_t max, struct buf *out, struct err *e) {
    size_t start = out->len;
    for (;;) {
        char *room = buf_reserve(out, 65536);
        if (!room) return err_memory(e);
        ssize_t got = read(fd, room, 65536);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_errno(e, "cannot read %s", path);
        out->len += (size_t)got;
        out->data[out->len] = '\0';
        if (out->len - start > max)
            return err_set(e, ERR_USAGE, "%s is larger than %zu bytes", path, max);
        if (got == 0) return true;
    }
}

static bool cannot_open(const char *path, struct err *e) {
    int number = errno;
    err_set(e, ERR_USAGE, "cannot open %s: %s", path, strerror(number));
    errno = number;
    return false;
}

bool file_read(const char *path, size_t max, struct buf *out, struct err *e) {
    // O_NONBLOCK: opening a FIFO must not hang; it has no effect on regular files.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return cannot_open(path, e);
    struct stat st;
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (!ok) err_set(e, ERR_USAGE, "%s is not a regular file", path);
    ok = ok && read_all(fd, path, max, out, e);
    close(fd);
    return ok;
}

static bool write_all(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t put = write(fd, bytes, len);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        bytes += put;
        len -= (size_t)put;
    }
    return true;
}

// The folder that holds `path`.
static void folder_of(const char *path, struct buf *out) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        buf_add_char(out, '.');
    else
        buf_add(out, path, slash == path ? 1 : (size_t)(slash - path));
}

bool file_sync_dir(const char *path, struct err *e) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return err_errno(e, "cannot open folder %s", path);
    bool ok = fsync(fd) == 0;
    if (!ok) err_errno(e, "cannot sync folder %s", path);
    close(fd);
    return ok;
}

static bool write_and_rename(const char *temporary, const char *path, const void *bytes, size_t len,
                             struct err *e) {
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return err_errno(e, "cannot write %s", temporary);
    bool ok = write_all(fd, bytes, len) && fsync(fd) == 0;
    if (!ok) err_errno(e, "cannot write %s", temporary);
    close(fd);
    if (ok && rename(temporary, path) != 0) ok = err_errno(e, "cannot replace %s", path);
    if (!ok) unlink(temporary);
    return ok;
}

bool file_replace(const char *path, const void *bytes, size_t len, struct err *e) {
    struct buf temporary = BUF_EMPTY, folder = BUF_EMPTY;
    buf_printf(&temporary, "%s.%ld.tmp", path, (long)getpid());
    folder_of(path, &folder);
    bool ok = !temporary.failed && !folder.failed;
    if (!ok) err_memory(e);
    ok = ok && write_and_rename(temporary.data, path, bytes, len, e) &&
         file_sync_dir(folder.data, e);
    buf_free(&temporary);
    buf_free(&folder);
    return ok;
}

bool file_make_dirs(const char *path, struct err *e) {
    char *copy = strdup(path);
    if (!copy) return err_memory(e);
    bool ok = true;
    for (char *at = copy + (*copy == '/'); ok; at++) {
        char c = *at;
        if (c != '/' && c != '\0') continue;
        *at = '\0';
        if (*copy && mkdir(copy, 0700) != 0 && errno != EEXIST)
            ok = err_errno(e, "cannot make folder %s", copy);
        *at = c;
        if (c == '\0') break;
    }
    free(copy);
    struct stat st;
    if (ok && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
        ok = err_set(e, ERR_USAGE, "%s is not a folder", path);
    return ok;
}

bool file_xdg_path(struct buf *out, const char *variable, const char *home_fallback,
                   const char *rest, struct err *e) {
    const char *base = getenv(variable), *home = getenv("HOME");
    if (base && *base == '/')
        buf_printf(out, "%s/%s", base, rest);
    else if (home && *home == '/')
        buf_printf(out, "%s/%s/%s", home, home_fallback, rest);
    else
        return err_set(e, ERR_USAGE, "neither %s nor HOME is set to an absolute path", variable);
    return out->failed ? err_memory(e) : true;
}
