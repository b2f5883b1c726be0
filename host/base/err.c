// err.c - fills struct err; never allocates but for err_to_val.
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/val.h"

// A copy that never ends in half a character.
static void copy(char *to, size_t size, const char *from) {
    snprintf(to, size, "%s", from ? from : "");
    size_t len = strlen(to), start = len;
    if (len + 1 < size) return;
    while (start > 0 && len - start < 4 && ((unsigned char)to[start] & 0xc0) != 0xc0) start--;
    if (!utf8_char(to + start, len - start)) to[start] = '\0';
}

// Our own messages quote what came from outside: whatever that was, the sentence stays one line
// of text.
static void make_harmless(char *text) {
    size_t len = strlen(text);
    for (size_t i = 0, n; i < len; i += n ? n : 1) {
        n = utf8_char(text + i, len - i);
        unsigned char c = (unsigned char)text[i];
        if (!n || c < ' ' || c == 0x7f) text[i] = c == '\n' || c == '\t' ? ' ' : '?';
    }
}

static void fill(struct err *e, const char *code, const char *format, va_list args) {
    if (!e) return;
    // The arguments may be e's own texts: an error that quotes the one before.
    struct err filled = {0};
    copy(filled.code, sizeof filled.code, code);
    vsnprintf(filled.message, sizeof filled.message, format, args);
    make_harmless(filled.message);
    *e = filled;
}

bool err_set(struct err *e, const char *code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(e, code, format, args);
    va_end(args);
    return false;
}

bool err_memory(struct err *e) {
    return err_set(e, ERR_MEMORY, "out of memory");
}

bool err_errno(struct err *e, const char *format, ...) {
    int number = errno;
    va_list args;
    va_start(args, format);
    fill(e, ERR_SYSTEM, format, args);
    va_end(args);
    if (e) {
        size_t len = strlen(e->message);
        snprintf(e->message + len, sizeof e->message - len, ": %s", strerror(number));
    }
    errno = number;
    return false;
}

bool err_prefix(struct err *e, const char *format, ...) {
    if (!e) return false;
    char old[sizeof e->message];
    memcpy(old, e->message, sizeof old);
    va_list args;
    va_start(args, format);
    vsnprintf(e->message, sizeof e->message, format, args);
    va_end(args);
    size_t len = strlen(e->message);
    snprintf(e->message + len, sizeof e->message - len, ": %s", old);
    make_harmless(e->message);
    return false;
}

bool err_is(const struct err *e, const char *code) {
    return e && strcmp(e->code, code) == 0;
}

static bool set_text(struct val *map, const char *key, const char *text) {
    return !*text || val_set(map, key, val_cstr(text));
}

struct val *err_to_val(const struct err *e) {
    struct val *v = val_map();
    bool ok = v && set_text(v, "code", e->code) && set_text(v, "message", e->message) &&
              set_text(v, "operation", e->operation) && set_text(v, "request_id", e->request_id) &&
              (!e->status || val_set(v, "status", val_int(e->status))) &&
              (!e->retryable || val_set(v, "retryable", val_bool(true)));
    if (ok) return v;
    val_unref(v);
    return NULL;
}

void err_from_val(struct err *e, const struct val *v) {
    *e = (struct err){0};
    copy(e->code, sizeof e->code, val_get_str(v, "code", ""));
    copy(e->message, sizeof e->message, val_get_str(v, "message", ""));
    copy(e->operation, sizeof e->operation, val_get_str(v, "operation", ""));
    copy(e->request_id, sizeof e->request_id, val_get_str(v, "request_id", ""));
    int64_t status = val_as_int(val_get(v, "status"), 0);
    e->status = status > 0 && status < 1000 ? (int)status : 0;
    e->retryable = val_as_bool(val_get(v, "retryable"), false);
}
