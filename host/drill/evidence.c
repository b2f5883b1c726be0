// evidence.c - reads a run's journal.
#include "drill/evidence.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "journal/journal.h"

struct reading {
    struct val *lines, *note;
    bool failed;
};

static bool names_moment(const char *kind) {
    return strcmp(kind, "plan") == 0 || strcmp(kind, "confirm") == 0 ||
           text_starts(kind, "step.") || text_starts(kind, "window.") || text_starts(kind, "run.");
}

static bool copy(struct val *to, const char *key, const struct val *line) {
    const struct val *v = val_get(line, key);
    return !v || val_set(to, key, val_ref(v));
}

static bool each(void *ctx, const struct val *line) {
    struct reading *r = ctx;
    const char *kind = val_get_str(line, "kind", ""), *t = val_get_str(line, "t", "");
    int64_t at = 0;
    if (!names_moment(kind)) return true;
    clock_parse(t, strlen(t), &at);
    struct val *v = val_map();
    bool ok = v && copy(v, "kind", line) && copy(v, "step", line) && copy(v, "title", line) &&
              val_set(v, "at", val_int(at)) && val_append(r->lines, val_ref(v));
    val_unref(v);
    if (ok && strcmp(kind, "run.end") == 0 && val_get(line, "note")) {
        val_unref(r->note);
        r->note = val_ref(val_get(line, "note"));
    }
    r->failed = !ok;
    return ok;
}

static bool verify(const char *run_dir, struct journal_report *report, struct reading *r,
                   struct err *e) {
    struct buf path = BUF_EMPTY;
    buf_printf(&path, "%s/" JOURNAL_FILE, run_dir);
    bool ok =
        path.failed ? err_memory(e) : journal_verify(path.data, report, r ? each : NULL, r, e);
    buf_free(&path);
    return ok;
}

bool evidence_lines(const char *run_dir, struct val **lines, struct val **note, struct err *e) {
    struct journal_report report;
    struct reading r = {.lines = val_list()};
    struct err none;
    bool ok = r.lines || err_memory(e);
    if (ok && run_dir && verify(run_dir, &report, &r, &none) && r.failed) ok = err_memory(e);
    *lines = r.lines;
    *note = r.note ? r.note : val_nil();
    return ok;
}

bool evidence_verifies(const char *run_dir, struct err *e) {
    struct journal_report report;
    if (!run_dir) return err_set(e, ERR_JOURNAL, "there is no journal");
    if (!verify(run_dir, &report, NULL, e)) return false;
    if (report.state != JOURNAL_TAMPERED && report.lines > 0) return true;
    return err_set(e, ERR_JOURNAL, "%s", report.lines ? report.why : "it has no line");
}
