// text.c - text_escape, utf8_valid, base64, hex, text_snake: safe whatever the bytes.
#include "fuzz.h"

#include "base/hash.h"

static bool is_bidi(const char *at, size_t len) {
    static const char *const controls[] = {"\u202a", "\u202b", "\u202c", "\u202d",
                                           "\u202e", "\u2066", "\u2067", "\u2068",
                                           "\u2069", "\u200e", "\u200f", "\u061c"};
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (strlen(controls[i]) == len && memcmp(controls[i], at, len) == 0) return true;
    return false;
}

static void escaped(const char *bytes, size_t len, size_t max) {
    struct buf out = BUF_EMPTY;
    text_escape(&out, bytes, len, max);
    const char *text = buf_str(&out);
    MUST(strlen(text) == out.len && fuzz_harmless(text) && utf8_valid(text, out.len));
    MUST(max == 0 || out.len <= max + 3);
    for (size_t i = 0, n; i < out.len; i += n) {
        n = utf8_char(text + i, out.len - i);
        MUST(n > 0 && !is_bidi(text + i, n));
        MUST(!(n == 2 && (unsigned char)text[i] == 0xc2 && (unsigned char)text[i + 1] < 0xa0));
    }
    buf_free(&out);
}

static void utf8_agrees(const char *bytes, size_t len) {
    bool valid = true;
    for (size_t i = 0, n; valid && i < len; i += n) {
        n = utf8_char(bytes + i, len - i);
        MUST(n <= 4 && n <= len - i);
        valid = n > 0;
    }
    MUST(valid == utf8_valid(bytes, len));
}

static void base64_both_ways(const char *bytes, size_t len) {
    struct buf text = BUF_EMPTY, back = BUF_EMPTY, again = BUF_EMPTY;
    base64_encode(&text, bytes, len);
    MUST(base64_decode(&back, buf_str(&text), text.len));
    MUST(back.len == len && (len == 0 || memcmp(back.data, bytes, len) == 0));
    buf_clear(&back);
    buf_clear(&text);
    if (base64_decode(&back, bytes, len)) {
        base64_encode(&text, buf_str(&back), back.len);
        MUST(base64_decode(&again, buf_str(&text), text.len));
        MUST(again.len == back.len && memcmp(buf_str(&again), buf_str(&back), back.len) == 0);
    }
    buf_free(&text);
    buf_free(&back);
    buf_free(&again);
}

static void words(const char *word) {
    static const char *const known[] = {"describe_vpcs", "describe_instances", "run_instances"};
    struct buf once = BUF_EMPTY, twice = BUF_EMPTY;
    const char *near = text_nearest(word, known, 3);
    MUST(!near || near == known[0] || near == known[1] || near == known[2]);
    MUST(text_distance(word, known[0]) == text_distance(known[0], word));
    text_snake(&once, word);
    for (const char *c = buf_str(&once); *c; c++) MUST(!(*c >= 'A' && *c <= 'Z'));
    text_snake(&twice, buf_str(&once));
    MUST(strcmp(buf_str(&once), buf_str(&twice)) == 0);
    buf_free(&once);
    buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t max = fuzz_byte(&data, &size);
    char *text = fuzz_string(data, size);
    escaped(text, size, 0);
    escaped(text, size, max);
    utf8_agrees(text, size);
    base64_both_ways(text, size);
    words(text);
    free(text);
    return 0;
}
