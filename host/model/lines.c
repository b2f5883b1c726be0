// lines.c - finding and cutting the lines of a model.
#include "model/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {"operation", "service", "shape"};

static struct span line_at(const struct lines *t, size_t start) {
    const char *at = t->text + start;
    const char *end = memchr(at, '\n', t->len - start);
    return (struct span){at, end ? (size_t)(end - at) : t->len - start};
}

// Compares as if "KIND NAME" stood there, followed by the end of the line or a blank.
static int compare(struct span line, const char *kind, struct span name) {
    struct span parts[] = {{kind, strlen(kind)}, {" ", 1}, name};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t shorter = line.len < parts[i].len ? line.len : parts[i].len;
        int order = shorter ? memcmp(line.at, parts[i].at, shorter) : 0;
        if (order) return order;
        if (line.len < parts[i].len) return -1;
        line.at += parts[i].len;
        line.len -= parts[i].len;
    }
    return line.len == 0 || line.at[0] == ' ' ? 0 : 1;
}

static size_t start_of_line(const struct lines *t, size_t at) {
    const char *before = at ? memrchr(t->text, '\n', at) : NULL;
    return before ? (size_t)(before - t->text) + 1 : 0;
}

bool lines_find(const struct lines *t, const char *kind, struct span name, struct span *line) {
    size_t low = 0, high = t->len;
    while (low < high) {
        size_t start = start_of_line(t, low + (high - low) / 2);
        *line = line_at(t, start);
        int order = compare(*line, kind, name);
        if (order == 0) return true;
        if (order < 0)
            low = start + line->len + 1;
        else
            high = start;
    }
    return false;
}

// The first line that is not below "KIND ".
static size_t lower_bound(const struct lines *t, const char *kind) {
    size_t low = 0, high = t->len;
    while (low < high) {
        size_t start = start_of_line(t, low + (high - low) / 2);
        struct span line = line_at(t, start);
        if (compare(line, kind, (struct span){"", 0}) < 0)
            low = start + line.len + 1;
        else
            high = start;
    }
    return low;
}

bool lines_each(const struct lines *t, const char *kind, bool (*fn)(void *, struct span line),
                void *ctx) {
    size_t len = strlen(kind);
    for (size_t at = lower_bound(t, kind); at < t->len;) {
        struct span line = line_at(t, at);
        if (line.len <= len || memcmp(line.at, kind, len) != 0 || line.at[len] != ' ') break;
        if (!fn(ctx, line)) return false;
        at += line.len + 1;
    }
    return true;
}

bool lines_bad(const struct lines *t, const char *at, struct err *e, const char *format, ...) {
    size_t number = 1;
    for (const char *p = t->text; p < at; p++) number += *p == '\n';
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return err_set(e, ERR_INVALID, "%s:%zu: %s", t->what, number, message);
}

static bool known_kind(struct span word) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (span_is(word, kinds[i])) return true;
    return false;
}

static bool plain(struct span line) {
    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] < 0x20 || line.at[i] == 0x7f) return false;
    return true;
}

// `key`: kind and name, which must be above those of the line before.
static bool check_line(const struct lines *t, struct span line, struct span *key, struct err *e) {
    if (!plain(line)) return lines_bad(t, line.at, e, "only plain ASCII may stand here");
    struct span rest = line, kind, name;
    if (line.len == 0) return lines_bad(t, line.at, e, "an empty line");
    // Between sorted lines one would stand in the way of finding them.
    if (line.at[0] == '#')
        return key->len == 0 ||
               lines_bad(t, line.at, e, "comments stand above all other lines, as they sort");
    if (!span_cut(&rest, ' ', &kind) || !known_kind(kind))
        return lines_bad(t, line.at, e, "a line starts with operation, service or shape");
    if (!span_cut(&rest, ' ', &name) || name.len == 0)
        return lines_bad(t, line.at, e, "a name is missing");
    struct span now = {line.at, (size_t)(name.at + name.len - line.at)};
    size_t shorter = now.len < key->len ? now.len : key->len;
    int order = shorter ? memcmp(key->at, now.at, shorter) : -1;
    if (order > 0 || (order == 0 && key->len > now.len))
        return lines_bad(t, line.at, e, "lines must be sorted bytewise (LC_ALL=C sort)");
    if (order == 0 && key->len == now.len)
        return lines_bad(t, line.at, e, "%.*s is there twice", (int)(now.len < 200 ? now.len : 200),
                         now.at);
    *key = now;
    return true;
}

bool lines_check(const struct lines *t, struct err *e) {
    if (t->len > MODEL_MAX_BYTES)
        return err_set(e, ERR_INVALID, "%s is larger than %zu bytes", t->what, MODEL_MAX_BYTES);
    struct span key = {t->text, 0};
    for (size_t at = 0; at < t->len;) {
        struct span line = line_at(t, at);
        if (!check_line(t, line, &key, e)) return false;
        at += line.len + 1;
        if (at > t->len) return lines_bad(t, line.at, e, "the last line does not end in a newline");
    }
    return true;
}

bool span_cut(struct span *rest, char separator, struct span *part) {
    if (!rest->at || rest->len == 0) return false;
    const char *end = memchr(rest->at, separator, rest->len);
    *part = (struct span){rest->at, end ? (size_t)(end - rest->at) : rest->len};
    size_t used = part->len + (end ? 1 : 0);
    rest->at += used;
    rest->len -= used;
    return true;
}

bool span_is(struct span s, const char *word) {
    return s.len == strlen(word) && memcmp(s.at, word, s.len) == 0;
}

bool span_value(struct span trait, const char *key, struct span *value) {
    size_t len = strlen(key);
    if (trait.len <= len || memcmp(trait.at, key, len) != 0 || trait.at[len] != '=') return false;
    *value = (struct span){trait.at + len + 1, trait.len - len - 1};
    return true;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool span_text(struct arena *a, struct span s, const char **result) {
    char *text = arena_copy(a, s.at, s.len);
    *result = text;
    if (!text) return true;
    size_t out = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        if (c == '%') {
            int high = i + 1 < s.len ? hex(s.at[i + 1]) : -1;
            int low = i + 2 < s.len ? hex(s.at[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        text[out++] = c;
    }
    text[out] = '\0';
    return true;
}
