// buf.h - a growing byte buffer with a sticky failure.
//
// Owns: its bytes, always NUL-terminated once anything was added. A failed
// allocation sets `failed` and every later append is a no-op, so a writer checks
// once, at the end. It never shrinks by itself and never holds a partial append.
#ifndef CORDON_BASE_BUF_H
#define CORDON_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;  // NULL until something is added; data[len] == '\0' after
    size_t len;
    size_t cap;
    bool failed;
};

#define BUF_EMPTY ((struct buf){0})

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_char(struct buf *b, char c);
void buf_add_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Makes room for `len` more bytes and returns where to write them, or NULL; the
// caller adds what it wrote to b->len.
char *buf_reserve(struct buf *b, size_t len);

// Drops the first `len` bytes (of a queue).
void buf_consume(struct buf *b, size_t len);

void buf_clear(struct buf *b);  // keeps the memory, forgets the failure
void buf_free(struct buf *b);   // back to BUF_EMPTY
void buf_wipe(struct buf *b);   // as buf_free, after overwriting what it held

// The text so far, "" when empty; never NULL. Valid until the next append.
const char *buf_str(const struct buf *b);

// Hands the bytes to the caller (free()), leaving BUF_EMPTY. NULL when failed;
// an empty buffer gives "".
char *buf_take(struct buf *b);

#endif
