// policy.c - finds and opens the file, and looks things up in it.
#include "gate/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "gate/policy_shape.h"

#define SYSTEM_PATH "/etc/cordon/policy.json"

struct policy {
    char *path;
    struct val *doc;
};

// --- the file ------------------------------------------------------------------------

// Who can write the file, or put another in its place, can allow everything.
static bool is_safe(const struct stat *st, const char *path, struct err *e) {
    if (!S_ISREG(st->st_mode)) return err_set(e, ERR_USAGE, "the policy %s is no file", path);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return err_set(e, ERR_USAGE,
                       "the policy %s belongs to another user (%u); it must be yours or root's",
                       path, (unsigned)st->st_uid);
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        return err_set(e, ERR_USAGE, "the policy %s may be written by others; type:  chmod go-w %s",
                       path, path);
    return true;
}

static bool is_safe_folder(const char *path, struct err *e) {
    char *folder = strdup(path);
    if (!folder) return err_memory(e);
    char *slash = strrchr(folder, '/');
    struct stat st;
    if (slash == folder) slash++;
    if (slash) *slash = '\0';
    bool bad = stat(slash ? folder : ".", &st) == 0 && (st.st_mode & S_IWOTH) &&
               !(st.st_mode & S_ISVTX);
    free(folder);
    return !bad || err_set(e, ERR_USAGE,
                           "the policy %s lies in a folder that everybody may write to; others "
                           "could replace it",
                           path);
}

static bool read_all(int fd, const char *path, struct buf *out, struct err *e) {
    while (out->len <= POLICY_MAX_BYTES) {
        char *at = buf_reserve(out, 65536);
        if (!at) return err_memory(e);
        ssize_t n = read(fd, at, 65536);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return err_set(e, ERR_USAGE, "the policy %s cannot be read: %s", path, strerror(errno));
        if (n == 0) return true;
        out->len += (size_t)n;
    }
    return err_set(e, ERR_USAGE, "the policy %s has more than %zu bytes", path, POLICY_MAX_BYTES);
}

static struct policy *load_open(int fd, const char *path, struct err *e) {
    struct stat st;
    struct buf text = BUF_EMPTY;
    struct policy *p = NULL;
    if (fstat(fd, &st) != 0) err_set(e, ERR_USAGE, "the policy %s: %s", path, strerror(errno));
    else if (is_safe(&st, path, e) && is_safe_folder(path, e) && read_all(fd, path, &text, e))
        p = policy_parse(buf_str(&text), text.len, path, e);
    buf_free(&text);
    return p;
}

// *there: something has this name, readable or not.
static struct policy *load(const char *path, bool *there, struct err *e) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    *there = fd >= 0 || (errno != ENOENT && errno != ENOTDIR);
    if (fd < 0) {
        err_set(e, ERR_USAGE, "the policy %s cannot be opened: %s", path, strerror(errno));
        return NULL;
    }
    struct policy *p = load_open(fd, path, e);
    close(fd);
    return p;
}

bool policy_load(const char *path, struct policy **out, struct err *e) {
    struct buf own = BUF_EMPTY;
    struct err none;
    bool there = true;
    *out = NULL;
    if (path) return (*out = load(path, &there, e)) != NULL;
    bool named = file_xdg_path(&own, "XDG_CONFIG_HOME", ".config", "cordon/policy.json", &none);
    if (own.failed || (!named && err_is(&none, ERR_MEMORY))) {
        buf_free(&own);
        return err_memory(e);
    }
    if (named) *out = load(own.data, &there, e);
    if (!named || !there) *out = load(SYSTEM_PATH, &there, e);
    buf_free(&own);
    return *out || !there;
}

struct policy *policy_parse(const char *text, size_t len, const char *path, struct err *e) {
    struct policy *p = calloc(1, sizeof *p);
    if (p) p->path = strdup(path);
    if (!p || !p->path) {
        err_memory(e);
        policy_free(p);
        return NULL;
    }
    p->doc = json_parse(text, len, path, e);
    if (p->doc && policy_shape(p->doc, path, e)) return p;
    if (!err_is(e, ERR_MEMORY)) snprintf(e->code, sizeof e->code, "%s", ERR_USAGE);
    policy_free(p);
    return NULL;
}

void policy_free(struct policy *p) {
    if (!p) return;
    free(p->path);
    val_unref(p->doc);
    free(p);
}

// --- looking up ------------------------------------------------------------------------

const char *policy_path(const struct policy *p) {
    return p->path;
}

const struct val *policy_value(const struct policy *p) {
    return p->doc;
}

static const struct val *member(const struct policy *p, const char *name) {
    return p ? val_get(p->doc, name) : NULL;
}

static bool lists(const struct val *list, const char *text) {
    for (size_t i = 0; i < val_count(list); i++)
        if (strcmp(val_as_str(val_at(list, i), ""), text) == 0) return true;
    return false;
}

bool policy_allows_account(const struct policy *p, const char *account) {
    const struct val *accounts = member(p, "accounts");
    return !accounts || val_get(accounts, account);
}

bool policy_allows_region(const struct policy *p, const char *region) {
    const struct val *regions = member(p, "regions");
    return !regions || lists(regions, region);
}

const struct val *policy_account(const struct policy *p, const char *account) {
    return val_get(member(p, "accounts"), account);
}

int64_t policy_max_hit(const struct policy *p) {
    return val_as_int(member(p, "max_hit"), -1);
}

bool policy_protects_tags(const struct policy *p) {
    return val_count(val_get(member(p, "protected"), "tags")) > 0;
}

bool policy_protects_id(const struct policy *p, const char *id) {
    return lists(val_get(member(p, "protected"), "ids"), id);
}

const char *policy_protecting_tag(const struct policy *p, const struct val *tags) {
    const struct val *protected = val_get(member(p, "protected"), "tags");
    for (size_t i = 0; i < val_count(protected); i++) {
        const char *key = val_key_at(protected, i), *value = val_get_str(tags, key, NULL);
        if (value && (lists(val_at(protected, i), value) || lists(val_at(protected, i), "*")))
            return key;
    }
    return NULL;
}

// The pattern was compiled once when the file was read: it is well-formed.
static bool matches(const char *pattern, const char *ticket, struct err *e) {
    regex_t re;
    regmatch_t at;
    if (regcomp(&re, pattern, REG_EXTENDED) != 0) return err_memory(e);
    bool whole = regexec(&re, ticket, 1, &at, 0) == 0 && at.rm_so == 0 &&
                 (size_t)at.rm_eo == strlen(ticket);
    regfree(&re);
    return whole || err_set(e, ERR_USAGE,
                            "the ticket \"%.80s\" is not one that the policy takes (ticket_pattern "
                            "%.200s)",
                            ticket, pattern);
}

bool policy_ticket(const struct policy *p, const char *ticket, struct err *e) {
    const char *pattern = val_get_str(p ? p->doc : NULL, "ticket_pattern", NULL);
    if (!ticket)
        return !val_as_bool(member(p, "ticket_required"), false) ||
               err_set(e, ERR_USAGE, "the policy wants a ticket: add  --ticket ID");
    return !pattern || matches(pattern, ticket, e);
}
