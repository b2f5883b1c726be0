// binding.c - walks values for planned ids.
#include "plan/binding.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

static bool is_planned_id(const char *s) {
    const char *mark = strstr(s, "-(planned-");
    return mark && text_ends(s, ")");
}

bool binding_learn(struct val *bindings, const struct val *planned, const struct val *real,
                   struct err *e) {
    const char *name = val_as_str(planned, NULL);
    if (name) {
        if (!is_planned_id(name) || val_type(real) != VAL_STRING) return true;
        // Once: a later answer that merely repeats the id, perhaps at another place of a list,
        // does not make it another resource's.
        if (val_get(bindings, name)) return true;
        return val_set(bindings, name, val_ref(real)) ? true : err_memory(e);
    }
    for (size_t i = 0; i < val_count(planned); i++) {
        const char *key = val_key_at(planned, i);
        const struct val *other = key ? val_get(real, key) : val_at(real, i);
        if (!binding_learn(bindings, val_at(planned, i), other, e)) return false;
    }
    return true;
}

const char *binding_missing(const struct val *planned, const struct val *real,
                            bool (*needed)(void *ctx, const char *id), void *ctx) {
    const char *name = val_as_str(planned, NULL);
    if (name) {
        bool missing = is_planned_id(name) && !val_str_len(real) && needed(ctx, name);
        return missing ? name : NULL;
    }
    for (size_t i = 0; i < val_count(planned); i++) {
        const char *key = val_key_at(planned, i);
        const struct val *other = key ? val_get(real, key) : val_at(real, i);
        const char *found = binding_missing(val_at(planned, i), other, needed, ctx);
        if (found) return found;
    }
    return NULL;
}

static struct val *apply_inside(const struct val *bindings, const struct val *v, struct err *e) {
    struct val *copy = val_type(v) == VAL_LIST ? val_list() : val_map();
    if (!copy) err_memory(e);
    for (size_t i = 0; copy && i < val_count(v); i++) {
        struct val *item = binding_apply(bindings, val_at(v, i), e);
        bool ok = item && (val_type(v) == VAL_LIST ? val_append(copy, item)
                                                   : val_set_n(copy, val_key_at(v, i),
                                                               val_key_len_at(v, i), item));
        if (ok) continue;
        if (item) err_memory(e);
        val_unref(copy);
        return NULL;
    }
    return copy;
}

struct val *binding_apply(const struct val *bindings, const struct val *v, struct err *e) {
    if (val_type(v) == VAL_LIST || val_type(v) == VAL_MAP) return apply_inside(bindings, v, e);
    const char *text = val_as_str(v, NULL);
    const struct val *real = text ? val_get(bindings, text) : NULL;
    if (real) return val_ref(real);
    return v ? val_ref(v) : val_nil();
}

// The first string for which `wanted` holds, depth first, or NULL.
static const char *find_string(const struct val *v, bool (*wanted)(const char *)) {
    const char *text = val_as_str(v, NULL);
    if (text) return wanted(text) ? text : NULL;
    for (size_t i = 0; i < val_count(v); i++) {
        const char *found = find_string(val_at(v, i), wanted);
        if (found) return found;
    }
    return NULL;
}

const char *planned_id_in(const struct val *v) {
    return find_string(v, is_planned_id);
}

bool val_mentions(const struct val *v, const char *text) {
    const char *s = val_as_str(v, NULL);
    if (s) return strcmp(s, text) == 0;
    for (size_t i = 0; i < val_count(v); i++)
        if (val_mentions(val_at(v, i), text)) return true;
    return false;
}

// "sg-0123abcd": letters (and dashes), a dash, 8 to 17 hex digits.
static bool is_resource_id(const char *s) {
    if (is_planned_id(s) || text_starts(s, "arn:") || text_starts(s, "https://sqs.")) return true;
    const char *dash = strrchr(s, '-');
    if (!dash || dash == s || !islower((unsigned char)*s)) return false;
    size_t hex = strspn(dash + 1, "0123456789abcdef");
    return dash[1 + hex] == '\0' && hex >= 8 && hex <= 17;
}

const char *resource_id_in(const struct val *v) {
    return find_string(v, is_resource_id);
}

static const char *named_by_itself(const struct val *params) {
    for (size_t i = 0; i < val_count(params); i++) {
        const char *text = val_as_str(val_at(params, i), NULL);
        if (text && is_resource_id(text)) return text;
    }
    return NULL;
}

const char *subject_of(const struct val *params) {
    const char *subject = named_by_itself(params);
    return subject ? subject : resource_id_in(params);
}

static bool add_ids(struct val *list, const struct val *v) {
    const char *text = val_as_str(v, NULL);
    bool ok = true;
    if (text && is_resource_id(text) && !val_mentions(list, text)) ok = val_append(list, val_ref(v));
    for (size_t i = 0; ok && !text && i < val_count(v); i++) ok = add_ids(list, val_at(v, i));
    return ok;
}

struct val *subjects_of(const struct val *params) {
    const char *subject = named_by_itself(params);
    struct val *list = val_list();
    bool ok = list && (subject ? val_append(list, val_cstr(subject)) : add_ids(list, params));
    if (ok) return list;
    val_unref(list);
    return NULL;
}
