// columns.c - aligned columns of text for people.
//
// Owns: the cells and their widths. It never keeps a cell as it came: all are escaped.
#include "prompt/columns.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct columns {
    size_t count;
    size_t *widths;
    char **cells;  // row by row
    size_t used, cap;
};

struct range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) return true;
    }
    return false;
}

static size_t char_width(uint32_t c) {
    static const struct range none[] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},
                                        {0x610, 0x61a},   {0x64b, 0x65f},   {0x200b, 0x200f},
                                        {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
    static const struct range two[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
                                       {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                                       {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                                       {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd}};
    if (c < 0x300) return 1;
    if (in_ranges(c, none, sizeof none / sizeof none[0])) return 0;
    return in_ranges(c, two, sizeof two / sizeof two[0]) ? 2 : 1;
}

static uint32_t decode(const unsigned char *s, size_t n) {
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = s[0] & (uint32_t)mask[n];
    for (size_t i = 1; i < n; i++) c = c << 6 | (s[i] & 0x3fu);
    return c;
}

size_t text_width(const char *text, size_t len) {
    size_t width = 0;
    for (size_t i = 0; i < len;) {
        size_t n = utf8_char(text + i, len - i);
        width += n == 0 ? 1 : char_width(decode((const unsigned char *)text + i, n));
        i += n == 0 ? 1 : n;
    }
    return width;
}

struct columns *columns_new(size_t count) {
    struct columns *c = calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    c->count = count;
    c->widths = calloc(count, sizeof *c->widths);
    if (c->widths != NULL) return c;
    free(c);
    return NULL;
}

void columns_free(struct columns *c) {
    if (c == NULL) return;
    for (size_t i = 0; i < c->used; i++) free(c->cells[i]);
    free(c->cells);
    free(c->widths);
    free(c);
}

static bool make_room(struct columns *c) {
    if (c->used + c->count <= c->cap) return true;
    size_t cap = (c->cap + c->count) * 2;
    char **cells = realloc(c->cells, cap * sizeof *cells);
    if (cells == NULL) return false;
    c->cells = cells;
    c->cap = cap;
    return true;
}

bool columns_add(struct columns *c, const char *const *cells, size_t max) {
    if (!make_room(c)) return false;
    for (size_t i = 0; i < c->count; i++) {
        struct buf cell = BUF_EMPTY;
        const char *text = cells[i] == NULL ? "" : cells[i];
        text_escape(&cell, text, strlen(text), max);
        char *taken = buf_take(&cell);
        if (taken == NULL) {
            // A row is whole or not there.
            while (i-- > 0) free(c->cells[c->used + i]);
            return false;
        }
        c->cells[c->used + i] = taken;
    }
    for (size_t i = 0; i < c->count; i++) {
        const char *cell = c->cells[c->used + i];
        size_t width = text_width(cell, strlen(cell));
        if (width > c->widths[i]) c->widths[i] = width;
    }
    c->used += c->count;
    return true;
}

static void print_row(const struct columns *c, char *const *row, struct buf *out) {
    size_t last = c->count;
    while (last > 0 && row[last - 1][0] == '\0') last--;
    for (size_t i = 0; i < last; i++) {
        size_t len = strlen(row[i]);
        buf_add(out, row[i], len);
        if (i + 1 == last) break;
        for (size_t w = text_width(row[i], len); w < c->widths[i] + 2; w++) buf_add_char(out, ' ');
    }
    buf_add_char(out, '\n');
}

void columns_print(const struct columns *c, struct buf *out) {
    for (size_t i = 0; i + c->count <= c->used; i += c->count) print_row(c, c->cells + i, out);
}
