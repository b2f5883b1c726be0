// drills.c - one after the other.
#include "drill/drills.h"

#include <string.h>

#include "base/asset.h"
#include "base/file.h"
#include "base/text.h"
#include "drill/drill.h"
#include "drill/folder.h"
#include "drill/junit.h"
#include "drill/tap.h"
#include "run/outcome.h"

#define EMBEDDED "playbooks/drills/"

struct report {
    struct host *host;
    struct val *files;
    bool embedded;
    struct buf cases;  // of JUnit
    size_t failed, errors;
    bool unloaded;
};

static void add_asset(void *ctx, const char *name) {
    struct val *files = ctx;
    if (!strchr(name + strlen(EMBEDDED), '/') && text_ends(name, ".lua"))
        val_append(files, val_cstr(name));
}

static bool find_drills(struct report *r, char *const *paths, int count, struct err *e) {
    r->files = val_list();
    r->embedded = count == 0;
    if (!r->files) return err_memory(e);
    if (r->embedded) asset_each(EMBEDDED, add_asset, r->files);
    for (int i = 0; i < count; i++)
        if (!folder_drills(paths[i], r->files, e)) return false;
    return val_count(r->files) || err_set(e, ERR_USAGE, "there are no drills");
}

static void print(struct report *r, struct buf *text) {
    console_data(r->host->console, buf_str(text), text->len);
    buf_free(text);
}

static bool run_one(struct report *r, size_t i, struct err *e) {
    struct verdict v;
    struct buf text = BUF_EMPTY;
    bool ok = drill_run(r->host, val_as_str(val_at(r->files, i), ""), r->embedded, &v, e);
    if (ok)
        tap_add(&text, i + 1, &v, r->host->verbose);
    else
        tap_bail_out(&text, e);
    if (ok) junit_add(&r->cases, &v);
    r->failed += ok && v.finished && !v.passed;
    r->errors += ok && !v.finished;
    r->unloaded = r->unloaded || (ok && !v.loaded);
    verdict_free(&v);
    print(r, &text);
    return ok;
}

static bool write_junit(struct report *r, const char *path, struct err *e) {
    struct buf out = BUF_EMPTY;
    if (!path) return true;
    junit_report(&out, &r->cases, val_count(r->files), r->failed, r->errors);
    bool ok = (!out.failed && !r->cases.failed) || err_memory(e);
    ok = ok && file_replace(path, out.data, out.len, e);
    buf_free(&out);
    return ok;
}

static bool run_all(struct report *r, const char *junit, struct err *e) {
    struct buf head = BUF_EMPTY;
    tap_begin(&head, val_count(r->files));
    print(r, &head);
    for (size_t i = 0; i < val_count(r->files); i++)
        if (!run_one(r, i, e)) return false;
    return write_junit(r, junit, e);
}

int drills_run(struct host *h, char *const *paths, int count, const char *junit) {
    struct report r = {.host = h};
    struct err e;
    bool ok = find_drills(&r, paths, count, &e) && run_all(&r, junit, &e);
    int code = r.unloaded ? EXIT_USAGE : r.failed || r.errors ? EXIT_FAILED : EXIT_DONE;
    if (!ok) {
        console_error(h->console, &e);
        code = loop_signal(h->loop) ? 128 + loop_signal(h->loop) : error_exit(&e);
    }
    buf_free(&r.cases);
    val_unref(r.files);
    return code;
}
