// taking_back.c - reads intents and outcomes.
#include "run/taking_back.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "journal/runs.h"
#include "plan/binding.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct reading {
    struct val *changes;  // by number, "00000000" the first: maps keep their keys in order
    struct val *first;    // by key: the number of its first change
    bool failed;
};

#define NUMBER_SIZE 24

static const char *number_text(size_t number, char text[NUMBER_SIZE]) {
    snprintf(text, NUMBER_SIZE, "%08zu", number);
    return text;
}

// --- lines -----------------------------------------------------------------------

static bool copy_members(struct val *to, const struct val *line, const char *const *members,
                         size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct val *member = val_get(line, members[i]);
        if (member && !val_set(to, members[i], val_ref(member))) return false;
    }
    return true;
}

static bool note_intent(struct reading *r, const struct val *line) {
    static const char *const members[] = {"key",    "service", "operation",
                                          "params", "before",  "inverse"};
    struct val *change = val_map();
    size_t number = val_count(r->changes);
    const char *key = val_get_str(line, "key", "");
    char text[NUMBER_SIZE];
    // The host's own tags, of which nothing is left.
    if (text_starts(key, LEASE_KEY)) {
        val_unref(change);
        return true;
    }
    if (!change || !copy_members(change, line, members, COUNT(members))) {
        val_unref(change);
        return false;
    }
    return val_set(r->changes, number_text(number, text), change) &&
           (val_get(r->first, key) || val_set(r->first, key, val_int((int64_t)number)));
}

// A key comes again when a closing call is repeated, or a run goes on after its end: an outcome
// is the first one's that still waits for it.
static bool waits(const struct val *change, const char *key) {
    return strcmp(val_get_str(change, "key", ""), key) == 0 && !val_get(change, "ok");
}

static struct val *settled(const struct val *change, const struct val *line) {
    static const char *const members[] = {"inverse", "result", "ok"};
    struct val *copy = val_copy(change);
    if (copy && copy_members(copy, line, members, COUNT(members))) return copy;
    val_unref(copy);
    return NULL;
}

static bool note_outcome(struct reading *r, const struct val *line, const char *key) {
    if (val_as_bool(val_get(line, "unknown"), false) || !val_get(r->first, key)) return true;
    char text[NUMBER_SIZE];
    for (size_t i = (size_t)val_as_int(val_get(r->first, key), 0); i < val_count(r->changes); i++) {
        const struct val *change = val_get(r->changes, number_text(i, text));
        if (waits(change, key)) return val_set(r->changes, text, settled(change, line));
    }
    return true;
}

static bool note(void *ctx, const struct val *line) {
    struct reading *r = ctx;
    const char *kind = val_get_str(line, "kind", ""), *key = val_get_str(line, "key", NULL);
    bool ok = true;
    if (key && strcmp(kind, "call.intent") == 0) ok = note_intent(r, line);
    if (key && strcmp(kind, "call.outcome") == 0) ok = note_outcome(r, line, key);
    r->failed = !ok;
    return ok;
}

static struct val *listed(const struct val *changes) {
    struct val *list = val_list();
    for (size_t i = 0; list && i < val_count(changes); i++) {
        if (val_append(list, val_ref(val_at(changes, i)))) continue;
        val_unref(list);
        return NULL;
    }
    return list;
}

struct val *run_changes(const char *run_dir, struct err *e) {
    struct reading r = {.changes = val_map(), .first = val_map()};
    bool ok = (r.changes && r.first) || err_memory(e);
    ok = ok && runs_lines(run_dir, note, &r, e) && (!r.failed || err_memory(e));
    struct val *list = ok ? listed(r.changes) : NULL;
    if (ok && !list) err_memory(e);
    val_unref(r.changes);
    val_unref(r.first);
    return list;
}

// --- what they name --------------------------------------------------------------

static bool is_listed(const struct val *list, const char *id) {
    for (size_t i = 0; i < val_count(list); i++)
        if (val_mentions(val_at(list, i), id)) return true;
    return false;
}

// Of a call that names one thing alone, and deletes it: its id.
static const char *deleted_by(const struct val *call) {
    const struct val *params = val_get(call, "params");
    const char *operation = val_get_str(call, "operation", "");
    bool deletes = text_starts(operation, "delete_") || text_starts(operation, "release_");
    return deletes && val_count(params) == 1 ? val_as_str(val_at(params, 0), NULL) : NULL;
}

struct val *made_by_the_run(const struct val *stages) {
    struct val *list = val_list();
    for (size_t i = 0; list && i < val_count(stages); i++) {
        const struct val *stage = val_at(stages, i);
        for (size_t k = 0; list && k < val_count(stage); k++) {
            const char *id = deleted_by(val_at(stage, k));
            if (!id || is_listed(list, id) || val_append(list, val_cstr(id))) continue;
            val_unref(list);
            list = NULL;
        }
    }
    return list;
}

static bool is_instance(const char *id) {
    size_t digits = text_starts(id, "i-") ? strspn(id + 2, "0123456789abcdef") : 0;
    return (digits == 8 || digits == 17) && !id[2 + digits];
}

static bool add_instance(struct val *list, const char *id) {
    struct val *label = val_map();
    if (label && val_set(label, "id", val_cstr(id)) && val_set(label, "name", val_cstr("")))
        return val_append(list, label);
    val_unref(label);
    return false;
}

static bool add_instances(struct val *list, const struct val *v) {
    const char *text = val_as_str(v, NULL);
    if (text)
        return !is_instance(text) || is_listed(list, text) || add_instance(list, text);
    for (size_t i = 0; i < val_count(v); i++)
        if (!add_instances(list, val_at(v, i))) return false;
    return true;
}

struct val *instances_in(const struct val *v) {
    struct val *list = val_list();
    if (list && add_instances(list, v)) return list;
    val_unref(list);
    return NULL;
}
