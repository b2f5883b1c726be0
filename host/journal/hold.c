// hold.c - flock, and a line about who has it.
#include "journal/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "journal/lock.h"

#define LONGEST_NOTE 2048

static bool locks_folder(struct buf *out, struct err *e) {
    return file_xdg_path(out, "XDG_STATE_HOME", ".local/state", "cordon/locks", e) &&
           (!out->failed || err_memory(e)) && file_make_dirs(out->data, e);
}

// Ids come from AWS and Regions from settings: what is no plain name may not become a path.
static void add_plain(struct buf *out, const char *text) {
    for (; *text; text++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') || *text == '-';
        buf_add_char(out, plain ? *text : '_');
    }
}

// --- who has it ----------------------------------------------------------------------

static void note(int fd, const struct hold_owner *o) {
    char since[CLOCK_ISO_SIZE];
    struct buf text = BUF_EMPTY;
    struct val *v = val_map();
    clock_iso_us(clock_now_us(), since);
    bool ok = v && val_set(v, "run", val_cstr(o->run)) && val_set(v, "pid", val_int(getpid())) &&
              val_set(v, "operator", val_cstr(o->operator_name)) &&
              val_set(v, "since", val_cstr(since));
    if (ok) json_print(&text, v);
    // Without it the lock holds all the same.
    if (ok && !text.failed && ftruncate(fd, 0) == 0 && pwrite(fd, text.data, text.len, 0) < 0) {
    }
    buf_free(&text);
    val_unref(v);
}

static struct val *read_note(int fd) {
    char text[LONGEST_NOTE];
    struct err e;
    ssize_t n = pread(fd, text, sizeof text, 0);
    return n > 0 ? json_parse(text, (size_t)n, "the lock", &e) : NULL;
}

static bool busy(int fd, pid_t pid, const char *instance, struct err *e) {
    struct val *said = read_note(fd);
    const char *run = val_get_str(said, "run", "another run");
    int64_t holder = pid ? pid : val_as_int(val_get(said, "pid"), 0);
    err_set(e, ERR_BUSY,
            "%s is held by %.120s of this machine (process %lld, %.200s, since %.19s): wait until it "
            "ends (`cordon runs` shows it), or stop it with Ctrl-C. Nothing was changed",
            instance, run, (long long)holder, val_get_str(said, "operator", "operator not known"),
            val_get_str(said, "since", "?"));
    val_unref(said);
    return false;
}

// --- taking ----------------------------------------------------------------------------

static bool keep(struct hold *h, int fd, struct err *e) {
    int *more = realloc(h->fds, (h->count + 1) * sizeof *more);
    if (!more) return err_memory(e);
    h->fds = more;
    h->fds[h->count++] = fd;
    return true;
}

static bool take_one(struct hold *h, const struct hold_owner *o, const char *instance,
                     struct err *e) {
    struct buf path = BUF_EMPTY;
    pid_t pid = 0;
    int fd = -1;
    bool ok = locks_folder(&path, e), held = false;
    buf_add_char(&path, '/');
    add_plain(&path, o->account);
    buf_add_char(&path, '-');
    add_plain(&path, o->region);
    buf_add_char(&path, '-');
    add_plain(&path, instance);
    if (ok && path.failed) ok = err_memory(e);
    if (ok) fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (ok && fd < 0) ok = err_errno(e, "the lock %s cannot be opened", path.data);
    if (ok && !lock_try(fd, &held, &pid, e)) ok = held ? busy(fd, pid, instance, e) : false;
    buf_free(&path);
    if (ok) note(fd, o);
    if (ok) ok = keep(h, fd, e);
    if (!ok && fd >= 0) close(fd);
    return ok;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool hold_take(struct hold *h, const struct hold_owner *owner, const struct val *instances,
               struct err *e) {
    size_t count = val_count(instances);
    const char **ids = calloc(count + 1, sizeof *ids);
    bool ok = ids || err_memory(e);
    for (size_t i = 0; ok && i < count; i++) ids[i] = val_as_str(val_at(instances, i), "");
    if (ok) qsort(ids, count, sizeof *ids, by_text);
    for (size_t i = 0; ok && i < count; i++)
        if (*ids[i] && (!i || strcmp(ids[i], ids[i - 1]) != 0)) ok = take_one(h, owner, ids[i], e);
    free(ids);
    if (!ok) hold_release(h);
    return ok;
}

void hold_release(struct hold *h) {
    for (size_t i = 0; i < h->count; i++) {
        if (ftruncate(h->fds[i], 0) != 0) {
        }
        close(h->fds[i]);
    }
    free(h->fds);
    *h = (struct hold){0};
}
