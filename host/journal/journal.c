// journal.c - appending to a journal.
//
// Owns: the open journal, its bytes on disk, and the memory that it is lost. It never retries
// a failed sync (the kernel may have dropped the pages and would report success), and never
// writes after a failure.
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "journal/line.h"
#include "journal/lock.h"
#include "journal/reserve.h"
#include "journal/scan.h"
#include "journal/side.h"

struct journal {
    int fd, dir_fd;
    char *dir;
    char run_id[LINE_RUN_SIZE];
    char head[SHA256_HEX];
    int64_t seq;   // of the next line
    int64_t size;  // bytes of good lines
    bool unsynced;
    bool lost;
    char why_lost[512];
};

// --- opening -----------------------------------------------------------------

static struct journal *allocate(const char *run_dir, struct err *e) {
    struct journal *j = calloc(1, sizeof *j);
    if (j != NULL) {
        j->fd = j->dir_fd = -1;
        memcpy(j->head, line_no_prev, SHA256_HEX);
        j->dir = strdup(run_dir);
        if (j->dir != NULL) return j;
        free(j);
    }
    err_memory(e);
    return NULL;
}

void journal_free(struct journal *j) {
    if (j == NULL) return;
    if (j->dir_fd >= 0) {
        if (j->fd >= 0) reserve_drop(j->dir_fd);
        close(j->dir_fd);
    }
    if (j->fd >= 0) close(j->fd);
    free(j->dir);
    free(j);
}

static bool open_folder(struct journal *j, struct err *e) {
    j->dir_fd = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (j->dir_fd >= 0) return true;
    return err_set(e, ERR_USAGE, "cannot open the run directory %s: %s", j->dir, strerror(errno));
}

// A new run directory must survive a crash as well as what is in it.
static bool sync_folders(const struct journal *j, struct err *e) {
    if (fsync(j->dir_fd) != 0) return err_errno(e, "cannot sync folder %s", j->dir);
    struct buf parent = BUF_EMPTY;
    buf_printf(&parent, "%s/..", j->dir);
    bool ok = parent.failed ? err_memory(e) : file_sync_dir(buf_str(&parent), e);
    buf_free(&parent);
    return ok;
}

static bool create(struct journal *j, const char *run_id, struct err *e) {
    if (!line_run_ok(run_id)) return err_set(e, ERR_USAGE, "not a run id: \"%.80s\"", run_id);
    snprintf(j->run_id, sizeof j->run_id, "%s", run_id);
    if (!file_make_dirs(j->dir, e) || !open_folder(j, e)) return false;
    j->fd = openat(j->dir_fd, JOURNAL_FILE,
                   O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0) return err_errno(e, "cannot make %s/" JOURNAL_FILE, j->dir);
    return lock_take(j->fd, j->dir, e) && sync_folders(j, e);
}

struct journal *journal_create(const char *run_dir, const char *run_id, struct err *e) {
    struct journal *j = allocate(run_dir, e);
    if (j == NULL || create(j, run_id, e)) return j;
    journal_free(j);
    return NULL;
}

// --- recovery ----------------------------------------------------------------

// The run id of a journal whose process died before its first line.
static void run_from_folder(struct journal *j) {
    const char *name = strrchr(j->dir, '/');
    name = name == NULL ? j->dir : name + 1;
    snprintf(j->run_id, sizeof j->run_id, "%s", line_run_ok(name) ? name : "unknown");
}

static bool drop_tail(struct journal *j, const struct journal_report *report, struct err *e) {
    if (report->state != JOURNAL_INCOMPLETE_TAIL) return true;
    if (ftruncate(j->fd, (off_t)report->good_bytes) != 0 || fdatasync(j->fd) != 0) {
        return err_errno(e, "cannot drop the incomplete last line of %s/" JOURNAL_FILE, j->dir);
    }
    return true;
}

static bool recover(struct journal *j, struct err *e) {
    struct journal_report report;
    if (!scan_journal(j->fd, j->dir_fd, j->dir, &report, NULL, NULL, e)) return false;
    if (report.state == JOURNAL_TAMPERED) {
        return err_set(e, ERR_JOURNAL, "%s/" JOURNAL_FILE " does not verify: %s", j->dir,
                       report.why);
    }
    if (!drop_tail(j, &report, e)) return false;
    // The lines of a killed process may still be on their way to the disk.
    j->unsynced = report.lines > 0;
    j->seq = report.lines;
    j->size = report.good_bytes;
    memcpy(j->head, report.head, SHA256_HEX);
    memcpy(j->run_id, report.run, sizeof report.run);
    if (j->run_id[0] == '\0') run_from_folder(j);
    return true;
}

static bool reopen(struct journal *j, struct err *e) {
    if (!open_folder(j, e)) return false;
    j->fd =
        openat(j->dir_fd, JOURNAL_FILE, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (j->fd < 0) {
        return err_set(e, ERR_USAGE, "cannot open %s/" JOURNAL_FILE ": %s", j->dir,
                       strerror(errno));
    }
    struct stat st;
    if (fstat(j->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return err_set(e, ERR_USAGE, "%s/" JOURNAL_FILE " is not a regular file", j->dir);
    }
    return lock_take(j->fd, j->dir, e) && recover(j, e);
}

struct journal *journal_reopen(const char *run_dir, struct err *e) {
    struct journal *j = allocate(run_dir, e);
    if (j == NULL || reopen(j, e)) return j;
    // What the lock's holder has reserved is not ours to drop.
    if (j->fd >= 0) close(j->fd);
    j->fd = -1;
    journal_free(j);
    return NULL;
}

// --- writing -----------------------------------------------------------------

// `e` says why.
static bool lose(struct journal *j, struct err *e) {
    j->lost = true;
    snprintf(j->why_lost, sizeof j->why_lost, "%.500s", e->message);
    return err_set(e, ERR_JOURNAL, "%s; the journal of %s is lost, no further change is made",
                   j->why_lost, j->dir);
}

static bool still_there(const struct journal *j, struct err *e) {
    if (!j->lost) return true;
    return err_set(e, ERR_JOURNAL, "the journal was lost before: %s", j->why_lost);
}

static bool write_bytes(struct journal *j, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t put = write(j->fd, bytes, len);
        if (put > 0) {
            bytes += put;
            len -= (size_t)put;
            continue;
        }
        if (put < 0 && errno == EINTR) continue;
        int number = put == 0 ? ENOSPC : errno;
        if ((number == ENOSPC || number == EDQUOT) && reserve_drop(j->dir_fd)) continue;
        errno = number;
        return false;
    }
    return true;
}

static bool append(struct journal *j, const char *kind, const struct val *members, const char *side,
                   struct err *e) {
    struct line_place at = {.seq = j->seq, .run = j->run_id, .prev = j->head};
    struct buf line = BUF_EMPTY;
    char hash[SHA256_HEX];
    bool ok = line_compose(&line, &at, kind, members, side, hash, e);
    if (ok) {
        j->unsynced = true;
        ok = write_bytes(j, line.data, line.len) ||
             err_errno(e, "cannot write %s/" JOURNAL_FILE, j->dir) || lose(j, e);
    } else if (err_is(e, ERR_MEMORY)) {
        lose(j, e);
    }
    if (ok) {
        memcpy(j->head, hash, SHA256_HEX);
        j->seq++;
        j->size += (int64_t)line.len;
    }
    buf_free(&line);
    return ok;
}

bool journal_append(struct journal *j, const char *kind, struct val *members, struct err *e) {
    struct err own;
    if (e == NULL) e = &own;
    bool ok = still_there(j, e) && append(j, kind, members, NULL, e);
    val_unref(members);
    return ok;
}

// The text of a value that is too large for its line; nothing when it is not.
static bool large_text(const struct val *value, struct buf *text, struct err *e) {
    struct val *clean = line_clean(value, 1, e);
    if (clean == NULL) return false;
    json_print(text, clean);
    val_unref(clean);
    if (text->failed) return err_memory(e);
    if (text->len <= JOURNAL_SIDE_BYTES) {
        buf_clear(text);
        return true;
    }
    struct val *read = json_parse(text->data, text->len, "the value", e);
    if (read == NULL) return err_prefix(e, "a value cannot be journaled");
    val_unref(read);
    return true;
}

// Gives what is to stand under the key: the value itself or a reference. *large tells which.
static bool put_aside(struct journal *j, struct val **value, bool *large, struct err *e) {
    struct buf text = BUF_EMPTY;
    bool ok = large_text(*value, &text, e);
    *large = ok && text.len > 0;
    if (*large) {
        struct val *reference = side_write(j->dir, j->seq, &text, e);
        ok = reference != NULL || lose(j, e);
        val_unref(*value);
        *value = reference;
    } else if (!ok && err_is(e, ERR_MEMORY)) {
        lose(j, e);
    }
    buf_free(&text);
    return ok;
}

static bool append_large(struct journal *j, const char *kind, const struct val *members,
                         const char *key, struct val *value, struct err *e) {
    bool large = false;
    struct val *line = NULL;
    bool ok = line_member_ok(key) ||
              err_set(e, ERR_INVALID, "a line cannot have a member \"%.64s\"", key);
    ok = ok && put_aside(j, &value, &large, e);
    if (ok) {
        line = members == NULL ? val_map() : val_copy(members);
        bool set = line != NULL && val_set(line, key, value);
        if (line == NULL) val_unref(value);
        ok = set || err_memory(e) || lose(j, e);
    } else {
        val_unref(value);
    }
    ok = ok && append(j, kind, line, large ? key : NULL, e);
    val_unref(line);
    return ok;
}

bool journal_append_large(struct journal *j, const char *kind, struct val *members, const char *key,
                          struct val *value, struct err *e) {
    struct err own;
    if (e == NULL) e = &own;
    bool ok = still_there(j, e);
    if (ok) {
        ok = append_large(j, kind, members, key, value, e);
    } else {
        val_unref(value);
    }
    val_unref(members);
    return ok;
}

bool journal_sync(struct journal *j, struct err *e) {
    struct err own;
    if (e == NULL) e = &own;
    if (!still_there(j, e)) return false;
    if (!j->unsynced) return true;
    if (fdatasync(j->fd) != 0) {
        return err_errno(e, "cannot sync %s/" JOURNAL_FILE, j->dir) || lose(j, e);
    }
    j->unsynced = false;
    return true;
}

bool journal_reserve(struct journal *j, size_t bytes, struct err *e) {
    if (!still_there(j, e)) return false;
    if (reserve_room(j->fd, j->dir_fd, j->size, bytes)) return true;
    int number = errno;
    return err_set(e, ERR_JOURNAL, "no room on the disk of %s for %zu bytes more: %s", j->dir,
                   bytes, strerror(number));
}

// --- reading -----------------------------------------------------------------

bool journal_lost(const struct journal *j) {
    return j->lost;
}

const char *journal_head(const struct journal *j) {
    return j->head;
}

const char *journal_run_id(const struct journal *j) {
    return j->run_id;
}

const char *journal_dir(const struct journal *j) {
    return j->dir;
}

int64_t journal_next_seq(const struct journal *j) {
    return j->seq;
}
