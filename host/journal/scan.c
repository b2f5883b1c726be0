// scan.c - reading a journal as a stream, and verifying it.
//
// Owns: cutting the file into lines, checking each against the one before, and telling an
// incomplete tail from tampering. It never holds more than one line and never writes.
#include "journal/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "journal/line.h"
#include "journal/side.h"

#define CHUNK ((size_t)64 * 1024)

struct scan {
    int fd, dir_fd;
    const char *path;
    struct journal_report *report;
    journal_line_fn *each;
    void *ctx;
    struct buf pending;  // what was read and is not yet a line
    bool stopped;        // by `each`, or by a line that is wrong
};

static void tampered(struct scan *s, const char *why) {
    s->report->state = JOURNAL_TAMPERED;
    s->stopped = true;
    snprintf(s->report->why, sizeof s->report->why, "line %" PRId64 " (seq %" PRId64 "): %s",
             s->report->lines + 1, s->report->lines, why);
}

static struct line_place place(const struct scan *s) {
    return (struct line_place){
        .seq = s->report->lines, .run = s->report->run, .prev = s->report->head};
}

static void accept_line(struct scan *s, const struct val *line, size_t len, const char *hash) {
    snprintf(s->report->run, sizeof s->report->run, "%s", val_get_str(line, "run", ""));
    memcpy(s->report->head, hash, SHA256_HEX);
    s->report->lines++;
    s->report->good_bytes += (int64_t)len + 1;
    if (s->each != NULL && !s->each(s->ctx, line)) s->stopped = true;
}

// One line without its newline. False only when memory ran out.
static bool take_line(struct scan *s, const char *bytes, size_t len, struct err *e) {
    struct line_place at = place(s);
    struct val *line = NULL;
    char hash[SHA256_HEX], why[400];
    bool good = line_read(bytes, len, &at, &line, hash, why, sizeof why) &&
                (s->dir_fd < 0 || side_check(s->dir_fd, line, why, sizeof why));
    if (good) {
        accept_line(s, line, len, hash);
    } else if (why[0] != '\0') {
        tampered(s, why);
    }
    val_unref(line);
    return good || why[0] != '\0' || err_memory(e);
}

static bool take_lines(struct scan *s, struct err *e) {
    size_t used = 0;
    bool ok = true;
    while (ok && !s->stopped && used < s->pending.len) {
        const char *start = s->pending.data + used;
        const char *end = memchr(start, '\n', s->pending.len - used);
        if (end == NULL) break;
        ok = take_line(s, start, (size_t)(end - start), e);
        used += (size_t)(end - start) + 1;
    }
    buf_consume(&s->pending, used);
    if (ok && !s->stopped && s->pending.len > LINE_MAX_BYTES) tampered(s, "it does not end");
    return ok;
}

// Whether the tail's first `len` bytes are the line that was to come.
static bool is_next_line(const struct scan *s, size_t len) {
    struct line_place at = place(s);
    struct val *line = NULL;
    char hash[SHA256_HEX], why[400];
    bool whole = line_read(buf_str(&s->pending), len, &at, &line, hash, why, sizeof why);
    val_unref(line);
    return whole;
}

// A crash leaves the beginning of a line behind the last newline. A whole line that something
// follows was altered: what follows may have been its newline.
static void take_tail(struct scan *s) {
    static const char mark[] = ",\"hash\":\"";
    const size_t to_end = sizeof mark - 1 + SHA256_HEX - 1 + strlen("\"}");
    const char *bytes = buf_str(&s->pending), *at = bytes;
    size_t total = s->pending.len;
    s->report->state = JOURNAL_INCOMPLETE_TAIL;
    snprintf(s->report->why, sizeof s->report->why,
             "the last line is incomplete (%zu bytes, left by a crash)", total);
    for (int tries = 0; (at = memmem(at, total - (size_t)(at - bytes), mark, sizeof mark - 1));
         at++) {
        size_t len = (size_t)(at - bytes) + to_end;
        if (len >= total) return;
        if (memcmp(bytes + len - 2, "\"}", 2) != 0) continue;
        // Hashing is what costs: no line of ours has so many candidates.
        if (++tries > 64 || is_next_line(s, len)) {
            tampered(s, "its newline was altered");
            return;
        }
    }
}

static bool read_lines(struct scan *s, struct err *e) {
    for (;;) {
        char *room = buf_reserve(&s->pending, CHUNK);
        if (room == NULL) return err_memory(e);
        ssize_t got = read(s->fd, room, CHUNK);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_errno(e, "cannot read %s", s->path);
        if (got == 0) break;
        s->pending.len += (size_t)got;
        if (!take_lines(s, e)) return false;
        if (s->stopped) return true;
    }
    if (s->pending.len > 0) take_tail(s);
    return true;
}

bool scan_journal(int fd, int dir_fd, const char *path, struct journal_report *report,
                  journal_line_fn *each, void *ctx, struct err *e) {
    struct scan s = {.fd = fd,
                     .dir_fd = dir_fd,
                     .path = path,
                     .report = report,
                     .each = each,
                     .ctx = ctx,
                     .pending = BUF_EMPTY};
    *report = (struct journal_report){.state = JOURNAL_VERIFIED};
    memcpy(report->head, line_no_prev, SHA256_HEX);
    if (lseek(fd, 0, SEEK_SET) < 0) return err_errno(e, "cannot read %s", path);
    bool ok = read_lines(&s, e);
    buf_free(&s.pending);
    return ok;
}

int scan_open(const char *path, struct err *e) {
    struct stat st;
    // O_NONBLOCK: opening a FIFO must not hang.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        err_set(e, ERR_USAGE, "cannot open %s: %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) return fd;
    err_set(e, ERR_USAGE, "%s is not a regular file", path);
    close(fd);
    return -1;
}

static int open_folder_of(const char *path, struct err *e) {
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    char *folder = strndup(slash == NULL ? "." : path, len);
    if (folder == NULL) {
        err_memory(e);
        return -1;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) err_errno(e, "cannot open folder %s", folder);
    free(folder);
    return fd;
}

bool journal_verify(const char *path, struct journal_report *report, journal_line_fn *each,
                    void *ctx, struct err *e) {
    int fd = scan_open(path, e);
    if (fd < 0) return false;
    int dir_fd = open_folder_of(path, e);
    bool ok = dir_fd >= 0 && scan_journal(fd, dir_fd, path, report, each, ctx, e);
    if (dir_fd >= 0) close(dir_fd);
    close(fd);
    return ok;
}
