// buf.c - the growing byte buffer.
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

static bool grow(struct buf *b, size_t more) {
    if (b->failed) return false;
    if (more > SIZE_MAX / 2 - b->len - 1) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need <= b->cap) return true;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need) cap *= 2;
    char *data = realloc(b->data, cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len) {
    if (!grow(b, len)) return;
    if (len) memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_add_char(struct buf *b, char c) {
    buf_add(b, &c, 1);
}

void buf_add_str(struct buf *b, const char *s) {
    buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args;
    if (!grow(b, 64)) return;  // mostly enough: then it is formatted once
    size_t room = b->cap - b->len;
    va_start(args, format);
    int len = vsnprintf(b->data + b->len, room, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < room) {
        b->len += (size_t)len;
        return;
    }
    b->data[b->len] = '\0';
    if (len < 0 || !grow(b, (size_t)len)) {
        b->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(b->data + b->len, (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
}

char *buf_reserve(struct buf *b, size_t len) {
    return grow(b, len) ? b->data + b->len : NULL;
}

void buf_consume(struct buf *b, size_t len) {
    if (!len) return;
    memmove(b->data, b->data + len, b->len - len);
    b->len -= len;
    b->data[b->len] = '\0';
}

void buf_clear(struct buf *b) {
    b->len = 0;
    b->failed = false;
    if (b->data) b->data[0] = '\0';
}

void buf_free(struct buf *b) {
    free(b->data);
    *b = BUF_EMPTY;
}

void buf_wipe(struct buf *b) {
    if (b->data) OPENSSL_cleanse(b->data, b->cap);
    buf_free(b);
}

const char *buf_str(const struct buf *b) {
    return b->data ? b->data : "";
}

char *buf_take(struct buf *b) {
    buf_add(b, "", 0);
    char *data = b->failed ? NULL : b->data;
    if (!data) free(b->data);
    *b = BUF_EMPTY;
    return data;
}
