// profile.c - the shared AWS files, merged.
//
// Owns: finding the two files, which section is which profile, and the values in
// memory, wiped when freed. It never prints a value.
#include "aws/profile.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "aws/profile_file.h"
#include "base/file.h"
#include "base/text.h"

enum section_kind { SECTION_PROFILE, SECTION_SERVICES, SECTION_SSO_SESSION, SECTION_OTHER };

struct entry {
    enum section_kind kind;
    char *section;
    char *key;     // NULL: says that the section is there
    char *nested;  // NULL for a plain value
    char *value;
    bool in_credentials_file;
};

struct source_file {
    char *path;  // NULL: no place to look at
    const char *state;
};

struct profiles {
    struct entry *entries;
    size_t count;
    size_t room;
    struct source_file config;
    struct source_file credentials;
    bool in_credentials_file;  // while that one is read
    bool strong_default;       // [profile default] was seen: [default] of that file is not read
};

static void wipe_string(char *s) {
    if (s == NULL) return;
    OPENSSL_cleanse(s, strlen(s));
    free(s);
}

static void wipe_entry(struct entry *x) {
    free(x->section);
    free(x->key);
    free(x->nested);
    wipe_string(x->value);
    *x = (struct entry){0};
}

static bool same_or_null(const char *a, const char *b) {
    if (a == NULL || b == NULL) return a == b;
    return strcmp(a, b) == 0;
}

static struct entry *find(const struct profiles *p, enum section_kind kind, const char *section,
                          const char *key, const char *nested) {
    for (size_t i = 0; i < p->count; i++) {
        struct entry *x = &p->entries[i];
        if (x->kind == kind && strcmp(x->section, section) == 0 && same_or_null(x->key, key) &&
            same_or_null(x->nested, nested))
            return x;
    }
    return NULL;
}

static struct entry *new_entry(struct profiles *p) {
    if (p->count == PROFILE_MAX_ENTRIES) return NULL;
    if (p->count == p->room) {
        size_t room = p->room > 0 ? p->room * 2 : 32;
        struct entry *grown = realloc(p->entries, room * sizeof *grown);
        if (grown == NULL) return NULL;
        p->entries = grown;
        p->room = room;
    }
    p->entries[p->count] = (struct entry){0};
    return &p->entries[p->count];
}

static char *copy_or_null(const char *s, bool *ok) {
    if (s == NULL) return NULL;
    char *copy = strdup(s);
    if (copy == NULL) *ok = false;
    return copy;
}

// Adds or replaces.
static bool put(struct profiles *p, enum section_kind kind, const char *section, const char *key,
                const char *nested, const char *value) {
    bool ok = true;
    struct entry made = {.kind = kind,
                         .section = copy_or_null(section, &ok),
                         .key = copy_or_null(key, &ok),
                         .nested = copy_or_null(nested, &ok),
                         .value = copy_or_null(value, &ok),
                         .in_credentials_file = p->in_credentials_file};
    struct entry *place = find(p, kind, section, key, nested);
    bool replaces = place != NULL;
    if (place == NULL) place = new_entry(p);
    if (!ok || place == NULL) {
        wipe_entry(&made);
        return false;
    }
    if (replaces) wipe_entry(place);
    *place = made;
    if (!replaces) p->count++;
    return true;
}

static void drop_section(struct profiles *p, enum section_kind kind, const char *section) {
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct entry *x = &p->entries[i];
        if (x->kind == kind && strcmp(x->section, section) == 0)
            wipe_entry(x);
        else
            p->entries[kept++] = *x;
    }
    p->count = kept;
}

// The name behind "profile" or "services", unquoted; NULL when the section has no such
// first word.
static const char *name_after(const char *section, const char *word, char *quoted, size_t size) {
    size_t len = strlen(word);
    if (strncmp(section, word, len) != 0 || (section[len] != ' ' && section[len] != '\t'))
        return NULL;
    const char *name = section + len + strspn(section + len, " \t");
    size_t n = strlen(name);
    bool quotes = n >= 2 && (name[0] == '"' || name[0] == '\'') && name[n - 1] == name[0];
    if (!quotes || n - 1 > size) return name;
    memcpy(quoted, name + 1, n - 2);
    quoted[n - 2] = '\0';
    return quoted;
}

// A line of the config file.
static bool config_line(void *ctx, const char *section, const char *key, const char *nested,
                        const char *value) {
    struct profiles *p = ctx;
    char unquoted[256];
    const char *name = name_after(section, "profile", unquoted, sizeof unquoted);
    if (name != NULL) {
        if (strcmp(name, "default") == 0 && !p->strong_default) {
            p->strong_default = true;
            drop_section(p, SECTION_PROFILE, "default");
        }
        return put(p, SECTION_PROFILE, name, key, nested, value);
    }
    if (strcmp(section, "default") == 0)
        return p->strong_default || put(p, SECTION_PROFILE, "default", key, nested, value);
    name = name_after(section, "services", unquoted, sizeof unquoted);
    if (name != NULL) return put(p, SECTION_SERVICES, name, key, nested, value);
    name = name_after(section, "sso-session", unquoted, sizeof unquoted);
    if (name != NULL) return put(p, SECTION_SSO_SESSION, name, key, nested, value);
    return key != NULL || put(p, SECTION_OTHER, section, NULL, NULL, NULL);
}

// A line of the credentials file, where a section is a profile's bare name.
static bool credentials_line(void *ctx, const char *section, const char *key, const char *nested,
                             const char *value) {
    return put(ctx, SECTION_PROFILE, section, key, nested, value);
}

// --- the files ------------------------------------------------------------------

static char *file_path(const char *variable, const char *in_home) {
    const char *given = getenv(variable);
    const char *home = getenv("HOME");
    struct buf path = BUF_EMPTY;
    if (given != NULL && given[0] != '\0') {
        bool tilde = given[0] == '~' && given[1] == '/' && home != NULL;
        buf_printf(&path, "%s%s", tilde ? home : "", tilde ? given + 1 : given);
    } else if (home != NULL && home[0] != '\0') {
        buf_printf(&path, "%s/%s", home, in_home);
    } else {
        return NULL;
    }
    char *taken = buf_take(&path);
    buf_free(&path);
    return taken;
}

static bool read_one(struct profiles *p, struct source_file *f, profile_line_fn *fn,
                     struct err *e) {
    if (f->path == NULL) {
        f->state = "HOME is not set";
        return true;
    }
    struct buf text = BUF_EMPTY;
    errno = 0;
    if (!file_read(f->path, PROFILE_MAX_FILE, &text, e)) {
        int why = errno;
        buf_wipe(&text);
        f->state = why == EACCES ? "may not be read" : "not there";
        return why == ENOENT || why == ENOTDIR || why == EACCES;
    }
    f->state = "read";
    bool ok = profile_file_parse(buf_str(&text), text.len, f->path, fn, p, e);
    buf_wipe(&text);
    return ok;
}

struct profiles *profiles_load(struct err *e) {
    struct profiles *p = calloc(1, sizeof *p);
    if (p == NULL) {
        err_memory(e);
        return NULL;
    }
    p->config.path = file_path("AWS_CONFIG_FILE", ".aws/config");
    p->credentials.path = file_path("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
    bool ok = read_one(p, &p->config, config_line, e);
    p->in_credentials_file = true;
    if (!ok || !read_one(p, &p->credentials, credentials_line, e)) {
        profiles_free(p);
        return NULL;
    }
    return p;
}

void profiles_free(struct profiles *p) {
    if (p == NULL) return;
    for (size_t i = 0; i < p->count; i++) wipe_entry(&p->entries[i]);
    free(p->entries);
    free(p->config.path);
    free(p->credentials.path);
    free(p);
}

// --- questions ------------------------------------------------------------------

bool profiles_has(const struct profiles *p, const char *profile) {
    return find(p, SECTION_PROFILE, profile, NULL, NULL) != NULL;
}

const char *profiles_get(const struct profiles *p, const char *profile, const char *key) {
    const struct entry *x = find(p, SECTION_PROFILE, profile, key, NULL);
    return x != NULL ? x->value : NULL;
}

bool profiles_in_credentials_file(const struct profiles *p, const char *profile, const char *key) {
    const struct entry *x = find(p, SECTION_PROFILE, profile, key, NULL);
    return x != NULL && x->in_credentials_file;
}

bool profiles_has_sso_session(const struct profiles *p, const char *name) {
    return find(p, SECTION_SSO_SESSION, name, NULL, NULL) != NULL;
}

const char *profiles_sso_session_get(const struct profiles *p, const char *name, const char *key) {
    const struct entry *x = find(p, SECTION_SSO_SESSION, name, key, NULL);
    return x != NULL ? x->value : NULL;
}

bool profiles_has_services(const struct profiles *p, const char *name) {
    return find(p, SECTION_SERVICES, name, NULL, NULL) != NULL;
}

const char *profiles_services_get(const struct profiles *p, const char *name, const char *service,
                                  const char *key) {
    const struct entry *x = find(p, SECTION_SERVICES, name, service, key);
    return x != NULL ? x->value : NULL;
}

static bool is_secret(const char *key) {
    return key != NULL &&
           (strcmp(key, "aws_secret_access_key") == 0 || strcmp(key, "aws_session_token") == 0 ||
            strcmp(key, "aws_security_token") == 0);
}

void profiles_forget_secrets(struct profiles *p) {
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (is_secret(p->entries[i].key))
            wipe_entry(&p->entries[i]);
        else
            p->entries[kept++] = p->entries[i];
    }
    p->count = kept;
}

void profiles_describe_files(const struct profiles *p, struct buf *out) {
    const struct source_file *files[] = {&p->config, &p->credentials};
    const char *names[] = {"~/.aws/config", "~/.aws/credentials"};
    for (size_t i = 0; i < 2; i++) {
        const char *path = files[i]->path != NULL ? files[i]->path : names[i];
        if (i > 0) buf_add_str(out, ", ");
        text_escape(out, path, strlen(path), 300);
        buf_printf(out, " (%s)", files[i]->state);
    }
}

bool profiles_missing(const struct profiles *p, const char *profile, struct err *e) {
    const char *names[256];
    size_t count = 0;
    for (size_t i = 0; i < p->count && count < 256; i++)
        if (p->entries[i].kind == SECTION_PROFILE && p->entries[i].key == NULL)
            names[count++] = p->entries[i].section;
    const char *near = text_nearest(profile, names, count);
    struct buf text = BUF_EMPTY;
    buf_add_str(&text, "there is no profile \"");
    text_escape(&text, profile, strlen(profile), 100);
    buf_add_str(&text, "\" in ");
    profiles_describe_files(p, &text);
    if (find(p, SECTION_OTHER, profile, NULL, NULL) != NULL)
        buf_printf(&text, "; the config file has [%.100s]: write [profile %.100s]", profile,
                   profile);
    else if (near != NULL)
        buf_printf(&text, "; did you mean \"%.100s\"?", near);
    err_set(e, ERR_USAGE, "%s", buf_str(&text));
    buf_free(&text);
    return false;
}
