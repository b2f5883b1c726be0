// policy_shape.c - strict: a member misspelt would protect nothing.
#include "gate/policy_shape.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MOST_ITEMS 10000
#define LONGEST_TEXT 2048
#define LONGEST_PATTERN 256
#define MOST_HIT 1000000

struct walk {
    const char *path;
    struct err *e;
};

// `where` is the place in the file: "protected.ids[2]".
typedef bool check_fn(const struct walk *w, const struct val *v, const char *where);

struct member {
    const char *name;
    check_fn *check;
};

static bool wrong(const struct walk *w, const char *where, const char *what) {
    return err_set(w->e, ERR_USAGE, "%s: %.300s %s", w->path, where, what);
}

static bool unknown(const struct walk *w, const char *where, const char *name,
                    const struct member *members, size_t count) {
    const char *names[16];
    for (size_t i = 0; i < count; i++) names[i] = members[i].name;
    const char *near = text_nearest(name, names, count);
    return err_set(w->e, ERR_USAGE, "%s: %.200s%s%.80s is no member of a policy%s%s%s", w->path, where,
                   *where ? "." : "", name, near ? "; did you mean \"" : "", near ? near : "",
                   near ? "\"?" : "");
}

static bool check_members(const struct walk *w, const struct val *v, const char *where,
                          const struct member *members, size_t count) {
    if (val_type(v) != VAL_MAP) return wrong(w, *where ? where : "the whole", "must be an object {}");
    for (size_t i = 0; i < val_count(v); i++) {
        const char *name = val_key_at(v, i);
        const struct member *m = NULL;
        for (size_t k = 0; k < count; k++)
            if (strcmp(members[k].name, name) == 0) m = &members[k];
        if (!m || strlen(name) != val_key_len_at(v, i)) return unknown(w, where, name, members, count);
        char inside[400];
        snprintf(inside, sizeof inside, "%s%s%s", where, *where ? "." : "", name);
        if (!m->check(w, val_at(v, i), inside)) return false;
    }
    return true;
}

// --- texts ---------------------------------------------------------------------------

static bool is_text(const struct val *v) {
    const char *text = val_as_str(v, NULL);
    return text && *text && strlen(text) == val_str_len(v) && val_str_len(v) <= LONGEST_TEXT;
}

static bool check_text(const struct walk *w, const struct val *v, const char *where) {
    return is_text(v) || wrong(w, where, "must be a text that is not empty");
}

static bool check_arn(const struct walk *w, const struct val *v, const char *where) {
    return (is_text(v) && text_starts(val_as_str(v, ""), "arn:") &&
            strstr(val_as_str(v, ""), ":role/")) ||
           wrong(w, where, "must be the ARN of a role: arn:aws:iam::111122223333:role/NAME");
}

static bool check_region(const struct walk *w, const struct val *v, const char *where) {
    const char *text = val_as_str(v, "");
    bool good = is_text(v) && strlen(text) < 40 && strchr(text, '-') &&
                strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
    return good || wrong(w, where, "must be a Region, such as \"eu-west-1\"");
}

static bool check_pattern(const struct walk *w, const struct val *v, const char *where) {
    regex_t re;
    char why[160];
    if (!is_text(v) || val_str_len(v) > LONGEST_PATTERN)
        return wrong(w, where, "must be a regular expression of at most 256 bytes");
    int bad = regcomp(&re, val_as_str(v, ""), REG_EXTENDED);
    if (!bad) {
        regfree(&re);
        return true;
    }
    if (bad == REG_ESPACE) return err_memory(w->e);
    regerror(bad, NULL, why, sizeof why);
    return err_set(w->e, ERR_USAGE, "%s: %.300s is no extended regular expression: %s", w->path,
                   where, why);
}

// --- numbers, lists, maps ----------------------------------------------------------------

static bool check_bool(const struct walk *w, const struct val *v, const char *where) {
    return val_type(v) == VAL_BOOL || wrong(w, where, "must be true or false");
}

static bool check_hit(const struct walk *w, const struct val *v, const char *where) {
    return (val_type(v) == VAL_INT && val_as_int(v, -1) >= 0 && val_as_int(v, -1) <= MOST_HIT) ||
           wrong(w, where, "must be a whole number from 0 to 1000000");
}

static bool check_version(const struct walk *w, const struct val *v, const char *where) {
    return (val_type(v) == VAL_INT && val_as_int(v, 0) == 1) ||
           wrong(w, where, "must be 1: this cordon knows no other");
}

// A list that is not there allows all; an empty one would allow nothing.
static bool check_list(const struct walk *w, const struct val *v, const char *where, check_fn *item) {
    if (val_type(v) != VAL_LIST || !val_count(v))
        return wrong(w, where, "must be a list [] with something in it");
    if (val_count(v) > MOST_ITEMS) return wrong(w, where, "has more than 10000 items");
    for (size_t i = 0; i < val_count(v); i++) {
        char inside[448];
        snprintf(inside, sizeof inside, "%s[%zu]", where, i);
        if (!item(w, val_at(v, i), inside)) return false;
    }
    return true;
}

static bool check_regions(const struct walk *w, const struct val *v, const char *where) {
    return check_list(w, v, where, check_region);
}

static bool check_texts(const struct walk *w, const struct val *v, const char *where) {
    return check_list(w, v, where, check_text);
}

static bool check_tags(const struct walk *w, const struct val *v, const char *where) {
    if (val_type(v) != VAL_MAP || !val_count(v))
        return wrong(w, where, "must be an object {KEY: [VALUE, ...]} with something in it");
    if (val_count(v) > MOST_ITEMS) return wrong(w, where, "has more than 10000 keys");
    for (size_t i = 0; i < val_count(v); i++) {
        char inside[400];
        snprintf(inside, sizeof inside, "%s.%s", where, val_key_at(v, i));
        if (!check_texts(w, val_at(v, i), inside)) return false;
    }
    return true;
}

static bool check_protected(const struct walk *w, const struct val *v, const char *where) {
    static const struct member members[] = {{"ids", check_texts}, {"tags", check_tags}};
    return check_members(w, v, where, members, COUNT(members));
}

static bool check_account(const struct walk *w, const struct val *v, const char *where) {
    static const struct member members[] = {{"name", check_text},
                                            {"profile", check_text},
                                            {"role_arn", check_arn},
                                            {"external_id", check_text}};
    if (!check_members(w, v, where, members, COUNT(members))) return false;
    return !val_get(v, "external_id") || val_get(v, "role_arn") ||
           wrong(w, where, "has an external_id, which goes with a role_arn");
}

static bool check_accounts(const struct walk *w, const struct val *v, const char *where) {
    if (val_type(v) != VAL_MAP || !val_count(v))
        return wrong(w, where, "must be an object {\"ACCOUNT\": {...}} with something in it");
    if (val_count(v) > MOST_ITEMS) return wrong(w, where, "has more than 10000 accounts");
    for (size_t i = 0; i < val_count(v); i++) {
        const char *id = val_key_at(v, i);
        char inside[400];
        snprintf(inside, sizeof inside, "%s.%s", where, id);
        if (strlen(id) != 12 || val_key_len_at(v, i) != 12 || strspn(id, "0123456789") != 12)
            return wrong(w, inside, "is no account id: 12 digits, in quotes");
        if (!check_account(w, val_at(v, i), inside)) return false;
    }
    return true;
}

bool policy_shape(const struct val *doc, const char *path, struct err *e) {
    static const struct member members[] = {
        {"format_version", check_version}, {"accounts", check_accounts},
        {"regions", check_regions},        {"protected", check_protected},
        {"max_hit", check_hit},            {"ticket_required", check_bool},
        {"ticket_pattern", check_pattern}};
    const struct walk w = {path, e};
    if (!check_members(&w, doc, "", members, COUNT(members))) return false;
    return val_get(doc, "format_version") || wrong(&w, "format_version", "is missing: add  \"format_version\": 1");
}
