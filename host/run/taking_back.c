// taking_back.c - reads intents and outcomes.
#include "run/taking_back.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "journal/runs.h"
#include "plan/binding.h"

struct reading {
    struct val *changes;  // by key: {operation, params, inverse, ok}; ok is nil while nobody knows
    struct val *order;    // the keys, as the intents came
    bool failed;
};

static bool note_intent(struct reading *r, const struct val *line, const char *key) {
    if (text_starts(key, LEASE_KEY)) return true;
    static const char *const members[] = {"operation", "params", "inverse"};
    struct val *change = val_map();
    bool ok = change != NULL;
    for (size_t i = 0; ok && i < sizeof members / sizeof *members; i++) {
        const struct val *member = val_get(line, members[i]);
        ok = !member || val_set(change, members[i], val_ref(member));
    }
    if (ok) return val_set(r->changes, key, change) && val_append(r->order, val_cstr(key));
    val_unref(change);
    return false;
}

static bool note_outcome(struct reading *r, const struct val *line, const char *key) {
    const struct val *known = val_get(r->changes, key), *inverse = val_get(line, "inverse");
    if (!known) return true;
    struct val *change = val_copy(known);
    bool unknown = val_as_bool(val_get(line, "unknown"), false);
    bool ok = change && (!inverse || val_set(change, "inverse", val_ref(inverse))) &&
              (unknown || val_set(change, "ok", val_ref(val_get(line, "ok"))));
    if (ok) return val_set(r->changes, key, change);
    val_unref(change);
    return false;
}

static bool note(void *ctx, const struct val *line) {
    struct reading *r = ctx;
    const char *kind = val_get_str(line, "kind", ""), *key = val_get_str(line, "key", NULL);
    bool ok = true;
    if (key && strcmp(kind, "call.intent") == 0) ok = note_intent(r, line, key);
    if (key && strcmp(kind, "call.outcome") == 0) ok = note_outcome(r, line, key);
    r->failed = !ok;
    return ok;
}

// True when a later deletion of the run took away what the call names.
static bool names_deleted(const struct val *changes, const struct val *call) {
    for (size_t i = 0; i < val_count(changes); i++) {
        const struct val *c = val_at(changes, i);
        const char *id = resource_id_in(val_get(c, "params"));
        if (text_starts(val_get_str(c, "operation", ""), "delete_") && id &&
            val_as_bool(val_get(c, "ok"), false) && val_mentions(val_get(call, "params"), id))
            return true;
    }
    return false;
}

static bool is_listed(const struct val *list, const struct val *call) {
    for (size_t i = 0; i < val_count(list); i++)
        if (val_equal(val_at(list, i), call)) return true;
    return false;
}

// A planned id that was never bound names what was never made, or is not known.
static bool is_wanted(const struct val *changes, const struct val *list, const struct val *call) {
    return !planned_id_in(call) && !names_deleted(changes, call) && !is_listed(list, call);
}

static struct val *inverses(const struct val *changes, const struct val *order) {
    struct val *list = val_list();
    for (size_t i = val_count(order); list && i-- > 0;) {
        const struct val *change = val_get(changes, val_as_str(val_at(order, i), ""));
        const struct val *calls = val_get(val_get(change, "inverse"), "calls");
        if (!val_as_bool(val_get(change, "ok"), true)) continue;
        for (size_t k = 0; k < val_count(calls); k++) {
            const struct val *call = val_at(calls, k);
            if (!is_wanted(changes, list, call) || val_append(list, val_ref(call))) continue;
            val_unref(list);
            return NULL;
        }
    }
    return list;
}

struct val *taking_back(const char *run_dir, struct err *e) {
    struct reading r = {.changes = val_map(), .order = val_list()};
    struct journal_report report;
    struct buf path = BUF_EMPTY;
    buf_printf(&path, "%s/" JOURNAL_FILE, run_dir);
    bool ok = (r.changes && r.order && !path.failed) || err_memory(e);
    ok = ok && journal_verify(path.data, &report, note, &r, e) && (!r.failed || err_memory(e));
    struct val *list = ok ? inverses(r.changes, r.order) : NULL;
    if (ok && !list) err_memory(e);
    val_unref(r.changes);
    val_unref(r.order);
    buf_free(&path);
    return list;
}
