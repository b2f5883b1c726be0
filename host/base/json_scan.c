// json_scan.c - checks what cJSON would not.
#include "base/json_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/val.h"

struct scan {
    const char *text;
    size_t len, at;
    int depth;
    const char *what;
    struct json_numbers *numbers;
    struct err *e;
};

static bool bad(const struct scan *s, const char *why) {
    return err_set(s->e, ERR_INVALID, "%s is not valid JSON: %s at byte %zu", s->what, why,
                   s->at + 1);
}

static bool is_digit(const struct scan *s) {
    return s->at < s->len && s->text[s->at] >= '0' && s->text[s->at] <= '9';
}

static bool skip_digits(struct scan *s) {
    if (!is_digit(s)) return bad(s, "a number is malformed");
    while (is_digit(s)) s->at++;
    return true;
}

static bool note_number(struct scan *s) {
    struct json_numbers *n = s->numbers;
    if (n->count == n->cap) {
        size_t cap = n->cap ? n->cap * 2 : 32;
        size_t *grown = realloc(n->at, cap * sizeof *grown);
        if (!grown) return err_memory(s->e);
        n->at = grown;
        n->cap = cap;
    }
    n->at[n->count++] = s->at;
    return true;
}

static bool number(struct scan *s) {
    if (!note_number(s)) return false;
    if (s->text[s->at] == '-') s->at++;
    size_t first = s->at;
    if (!skip_digits(s)) return false;
    if (s->text[first] == '0' && s->at > first + 1) return bad(s, "a number starts with 0");
    if (s->at < s->len && s->text[s->at] == '.') {
        s->at++;
        if (!skip_digits(s)) return false;
    }
    if (s->at < s->len && (s->text[s->at] == 'e' || s->text[s->at] == 'E')) {
        s->at++;
        if (s->at < s->len && (s->text[s->at] == '+' || s->text[s->at] == '-')) s->at++;
        if (!skip_digits(s)) return false;
    }
    return true;
}

static bool string(struct scan *s) {
    for (s->at++; s->at < s->len; s->at++) {
        unsigned char c = (unsigned char)s->text[s->at];
        if (c == '"') {
            s->at++;
            return true;
        }
        if (c < 0x20) return bad(s, "a control character inside a string");
        if (c != '\\') continue;
        s->at++;
        if (s->len - s->at >= 5 && memcmp(s->text + s->at, "u0000", 5) == 0)
            return bad(s, "\\u0000 is not accepted");
    }
    return bad(s, "a string does not end");
}

static bool token(struct scan *s) {
    char c = s->text[s->at];
    if (c == '"') return string(s);
    if (c == '-' || is_digit(s)) return number(s);
    if (c == '{' || c == '[') {
        if (++s->depth > VAL_MAX_DEPTH) return bad(s, "it is nested too deeply");
    } else if (c == '}' || c == ']') {
        s->depth--;
    } else if ((unsigned char)c < 0x20 && c != '\n' && c != '\r' && c != '\t') {
        return bad(s, "a control character");
    }
    s->at++;
    return true;
}

bool json_scan(const char *text, size_t len, const char *what, struct json_numbers *numbers,
               struct err *e) {
    struct scan s = {.text = text, .len = len, .what = what, .numbers = numbers, .e = e};
    if (!utf8_valid(text, len)) return bad(&s, "it is not UTF-8, or holds a broken character");
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return bad(&s, "it starts with a byte order mark");
    while (s.at < len)
        if (!token(&s)) return false;
    return true;
}

bool json_number_is_integer(const char *number) {
    char after = number[strspn(number, "-0123456789")];
    return after != '.' && after != 'e' && after != 'E';
}
