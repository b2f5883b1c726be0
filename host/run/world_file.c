// world_file.c - worlds, a line at a time.
#include "run/world_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"

#define BATCH 256             // records that cross to Lua at once
#define LONGEST_LINE (16 << 20)

static bool ask(const struct advisor *a, const char *function, const char *key, struct val *value,
                struct val **answer, struct err *e) {
    struct val *about = val_map(), *ignored = NULL;
    bool ok = about && (!key || val_set(about, key, value)) ? true : err_memory(e);
    ok = ok && a->world(a->ctx, function, about, answer ? answer : &ignored, e);
    val_unref(about);
    val_unref(ignored);
    return ok;
}

// --- reading -----------------------------------------------------------------------

struct reading {
    const struct advisor *advisor;
    const char *path;
    long line;
    struct val *batch;
};

static bool bad_file(const struct reading *r, struct err *e) {
    struct err why = *e;
    return err_set(e, ERR_USAGE, "%s, line %ld: %s", r->path, r->line, why.message);
}

static bool flush(struct reading *r, struct err *e) {
    if (!val_count(r->batch)) return true;
    if (!ask(r->advisor, "add", "records", r->batch, NULL, e)) {
        r->batch = NULL;
        return bad_file(r, e);
    }
    r->batch = val_list();
    return r->batch || err_memory(e);
}

static bool take_line(struct reading *r, const char *text, size_t len, struct err *e) {
    struct val *record = json_parse(text, len, "the record", e);
    if (!record) return bad_file(r, e);
    if (r->line == 1) return ask(r->advisor, "begin", "record", record, NULL, e) || bad_file(r, e);
    if (!val_append(r->batch, record)) return err_memory(e);
    return val_count(r->batch) < BATCH || flush(r, e);
}

static bool read_lines(struct reading *r, FILE *f, struct err *e) {
    char *text = NULL;
    size_t cap = 0;
    ssize_t len = 0;
    bool ok = true;
    while (ok && (len = getline(&text, &cap, f)) > 0) {
        r->line++;
        if (len > LONGEST_LINE)
            ok = err_set(e, ERR_USAGE, "%s, line %ld is too long", r->path, r->line);
        else ok = take_line(r, text, (size_t)len, e);
    }
    free(text);
    if (ok && ferror(f)) ok = err_errno(e, "cannot read %s", r->path);
    if (ok && !r->line) ok = err_set(e, ERR_USAGE, "%s is empty: no world", r->path);
    return ok && flush(r, e);
}

bool world_open(const struct advisor *a, const char *path, struct err *e) {
    if (!*path) return ask(a, "open_default", NULL, NULL, NULL, e);
    FILE *f = fopen(path, "re");
    if (!f) return err_set(e, ERR_USAGE, "cannot open the world %s: %s", path, strerror(errno));
    struct reading r = {.advisor = a, .path = path, .batch = val_list()};
    bool ok = r.batch ? read_lines(&r, f, e) : err_memory(e);
    val_unref(r.batch);
    fclose(f);
    return ok;
}

// --- writing -----------------------------------------------------------------------

static bool ask_records(const struct advisor *a, const char *world, int64_t from,
                        struct val **records, struct err *e) {
    struct val *about = val_map();
    bool ok = about && val_set(about, "world", val_cstr(world)) &&
              val_set(about, "from", val_int(from)) &&
              val_set(about, "count", val_int(BATCH));
    if (!ok) err_memory(e);
    ok = ok && a->world(a->ctx, "records", about, records, e);
    val_unref(about);
    return ok;
}

static bool write_records(FILE *f, const struct val *records) {
    bool ok = true;
    for (size_t i = 0; ok && i < val_count(records); i++) {
        struct buf line = BUF_EMPTY;
        json_print(&line, val_at(records, i));
        buf_add_char(&line, '\n');
        ok = !line.failed && fwrite(line.data, 1, line.len, f) == line.len;
        buf_free(&line);
    }
    return ok;
}

static bool write_all(const struct advisor *a, const char *world, FILE *f, const char *path,
                      struct err *e) {
    for (int64_t from = 1;; from += BATCH) {
        struct val *records = NULL;
        if (!ask_records(a, world, from, &records, e)) return false;
        size_t count = val_count(records);
        bool ok = write_records(f, records);
        val_unref(records);
        if (!ok) return err_errno(e, "cannot write %s", path);
        if (count < BATCH) break;
    }
    if (fflush(f) == 0 && fsync(fileno(f)) == 0) return true;
    return err_errno(e, "cannot write %s", path);
}

bool world_save(const struct advisor *a, const char *world, const char *path, struct err *e) {
    struct buf beside = BUF_EMPTY;
    buf_printf(&beside, "%s.%ld.tmp", path, (long)getpid());
    if (beside.failed) return err_memory(e);
    int fd = open(beside.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = f || err_errno(e, "cannot write %s", beside.data);
    ok = ok && write_all(a, world, f, path, e);
    if (f && fclose(f) != 0 && ok) ok = err_errno(e, "cannot write %s", path);
    if (ok && rename(beside.data, path) != 0) ok = err_errno(e, "cannot replace %s", path);
    if (!ok && fd >= 0) unlink(beside.data);
    buf_free(&beside);
    return ok;
}
