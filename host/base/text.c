// text.c - UTF-8, escaping, spelling.
#include "base/text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_tail(unsigned char c) {
    return (c & 0xc0) == 0x80;
}

size_t utf8_char(const char *bytes, size_t len) {
    const unsigned char *s = (const unsigned char *)bytes;
    if (len == 0) return 0;
    if (s[0] < 0x80) return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf) return len >= 2 && is_tail(s[1]) ? 2 : 0;
    if ((s[0] & 0xf0) == 0xe0) {
        if (len < 3 || !is_tail(s[1]) || !is_tail(s[2])) return 0;
        bool overlong = s[0] == 0xe0 && s[1] < 0xa0;
        bool surrogate = s[0] == 0xed && s[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        if (len < 4 || !is_tail(s[1]) || !is_tail(s[2]) || !is_tail(s[3])) return 0;
        bool overlong = s[0] == 0xf0 && s[1] < 0x90;
        bool beyond = s[0] == 0xf4 && s[1] > 0x8f;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

// How many bytes from the start are ASCII for sure, eight at a time.
static size_t ascii_run(const char *bytes, size_t len) {
    size_t n = 0;
    for (uint64_t eight; len - n >= sizeof eight; n += sizeof eight) {
        memcpy(&eight, bytes + n, sizeof eight);
        if (eight & UINT64_C(0x8080808080808080)) break;
    }
    return n;
}

bool utf8_valid(const char *bytes, size_t len) {
    for (size_t i = ascii_run(bytes, len); i < len;) {
        size_t n = utf8_char(bytes + i, len - i);
        if (!n) return false;
        i += n;
    }
    return true;
}

static uint32_t decode(const char *bytes, size_t n) {
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (unsigned char)bytes[0] & mask[n];
    for (size_t i = 1; i < n; i++) c = c << 6 | ((unsigned char)bytes[i] & 0x3fu);
    return c;
}

// What could move the cursor, change colours, reorder or hide text.
static bool is_dangerous(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0xfeff ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe0fff);
}

// One character as it may be shown.
static void escape_char(struct buf *out, const char *bytes, size_t n) {
    uint32_t c = n ? decode(bytes, n) : (unsigned char)bytes[0];
    if (n && !is_dangerous(c))
        buf_add(out, bytes, n);
    else if (c < 0x100)
        buf_printf(out, "\\x%02x", (unsigned)c);
    else
        buf_printf(out, "\\u{%04x}", (unsigned)c);
}

void text_escape(struct buf *out, const char *bytes, size_t len, size_t max) {
    size_t start = out->len;
    for (size_t i = 0; i < len;) {
        size_t n = utf8_char(bytes + i, len - i), before = out->len;
        escape_char(out, bytes + i, n);
        if (max && out->len - start > max) {
            out->len = before;
            buf_add_str(out, "...");
            return;
        }
        i += n ? n : 1;
    }
}

#define LONGEST_WORD 64

size_t text_distance(const char *a, const char *b) {
    size_t la = strlen(a), lb = strlen(b);
    if (la > LONGEST_WORD || lb > LONGEST_WORD) return LONGEST_WORD + 1;
    size_t row[LONGEST_WORD + 1];
    for (size_t j = 0; j <= lb; j++) row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t above = row[j];
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            size_t best = diagonal + (same ? 0 : 1);
            if (above + 1 < best) best = above + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[lb];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count) {
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 2;  // further away is no misspelling
    for (size_t i = 0; i < count; i++) {
        size_t distance = text_distance(word, candidates[i]);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidates[i];
        }
    }
    return best;
}

bool text_starts(const char *s, const char *prefix) {
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *s, const char *suffix) {
    size_t len = strlen(s), tail = strlen(suffix);
    return len >= tail && strcmp(s + len - tail, suffix) == 0;
}

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// The "s" that ends a name after a run of capitals belongs to the run: "VPCs" is one word.
static bool is_plural(const char *s) {
    return s[0] == 's' && s[1] == '\0';
}

// A word starts at a capital after a small letter or digit, and at the last capital of
// a run that a small letter follows ("DescribeVPCEndpoints" is describe_vpc_endpoints).
static bool starts_word(const char *camel, size_t i) {
    if (i == 0 || !is_upper(camel[i])) return false;
    if (is_lower_or_digit(camel[i - 1])) return true;
    return is_upper(camel[i - 1]) && camel[i + 1] >= 'a' && camel[i + 1] <= 'z' &&
           !is_plural(camel + i + 1);
}

void text_snake(struct buf *out, const char *camel) {
    buf_clear(out);
    for (size_t i = 0; camel[i]; i++) {
        if (starts_word(camel, i)) buf_add_char(out, '_');
        buf_add_char(out, (char)tolower((unsigned char)camel[i]));
    }
}
