// profile_file.c - one shared file, line by line.
//
// Owns: the INI syntax as AWS's tools read it, on libinih. It never merges and never
// interprets a section's name.
//
// libinih cuts section names at 49 bytes, does not say whether a value continues the line
// before, and knows no '#' comments within lines. So it reads through `next_line`, which
// hands it the section's number in place of its name and remembers how the line began.
#include "aws/profile_file.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define MAX_LINE 65536

struct reader {
    const char *next;  // first byte not yet given to libinih
    const char *end;
    bool mid_line;  // the last piece did not reach its newline
    bool indented;  // the current line begins with white space
    struct buf section;
    struct buf key;  // of the last plain line
    int sections;
    profile_line_fn *fn;
    void *ctx;
    bool stopped;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

// "[profile x] # comment" gives "profile x"; false when there is no ']'.
static bool take_section(struct reader *r, const char *line, size_t len) {
    const char *close = memchr(line, ']', len);
    buf_clear(&r->section);
    buf_clear(&r->key);
    if (close == NULL) return false;
    const char *p = line + 1;
    while (p < close && is_blank(*p)) p++;
    while (close > p && is_blank(close[-1])) close--;
    buf_add(&r->section, p, (size_t)(close - p));
    return true;
}

static size_t line_length(const struct reader *r) {
    const char *newline = memchr(r->next, '\n', (size_t)(r->end - r->next));
    return newline != NULL ? (size_t)(newline - r->next) + 1 : (size_t)(r->end - r->next);
}

// As fgets: libinih asks for the rest of a long line in further pieces.
static char *next_line(char *out, int size, void *stream) {
    struct reader *r = stream;
    if (r->next == r->end || r->stopped || size < 32) return NULL;
    size_t len = line_length(r);
    if (!r->mid_line) {
        r->indented = is_blank(r->next[0]);
        if (r->next[0] == '[' && take_section(r, r->next, len)) {
            r->next += len;
            snprintf(out, (size_t)size, "[%d]\n", ++r->sections);
            if (r->section.failed || !r->fn(r->ctx, buf_str(&r->section), NULL, NULL, NULL))
                r->stopped = true;
            return out;
        }
    }
    size_t piece = len < (size_t)size - 1 ? len : (size_t)size - 1;
    memcpy(out, r->next, piece);
    out[piece] = '\0';
    r->next += piece;
    r->mid_line = piece < len;
    return out;
}

static void add_lower(struct buf *out, const char *text, size_t len) {
    buf_clear(out);
    for (size_t i = 0; i < len; i++)
        buf_add_char(out, text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i]);
}

// The length of a value without the comment behind it, which needs white space before.
static size_t without_comment(const char *value) {
    size_t len = strlen(value);
    for (size_t i = 0; i < len; i++) {
        bool at_start = i == 0 || is_blank(value[i - 1]);
        if (at_start && (value[i] == '#' || value[i] == ';')) len = i;
    }
    while (len > 0 && is_blank(value[len - 1])) len--;
    return len;
}

static bool plain_value(struct reader *r, const char *name, const char *value) {
    struct buf text = BUF_EMPTY;
    add_lower(&r->key, name, strlen(name));
    buf_add(&text, value, without_comment(value));
    bool ok = !text.failed && !r->key.failed &&
              r->fn(r->ctx, buf_str(&r->section), buf_str(&r->key), NULL, buf_str(&text));
    buf_wipe(&text);
    return ok;
}

// An indented line: "endpoint_url = http://..." below "sts =". Its value is literal.
static bool nested_value(struct reader *r, const char *line) {
    const char *equals = strchr(line, '=');
    if (equals == NULL) return true;  // a folded plain value, which no setting of ours has
    size_t name_len = (size_t)(equals - line);
    while (name_len > 0 && is_blank(line[name_len - 1])) name_len--;
    const char *value = equals + 1;
    while (is_blank(*value)) value++;
    struct buf name = BUF_EMPTY;
    add_lower(&name, line, name_len);
    bool ok = !name.failed &&
              r->fn(r->ctx, buf_str(&r->section), buf_str(&r->key), buf_str(&name), value);
    buf_free(&name);
    return ok;
}

static int on_value(void *user, const char *section, const char *name, const char *value) {
    struct reader *r = user;
    (void)section;  // its number: the name is in r->section
    if (r->stopped) return 0;
    bool continues = r->indented && r->key.len > 0;
    bool ok = continues ? nested_value(r, value) : plain_value(r, name, value);
    if (!ok) r->stopped = true;
    return ok;
}

// Debian's libinih takes these at run time; its own limit is 200 bytes a line, and a
// session token alone has a thousand.
static void configure_libinih(void) {
    ini_use_stack = false;
    ini_allow_realloc = true;
    ini_max_line = MAX_LINE;
    ini_allow_inline_comments = false;
}

// libinih would take what is beyond its limit for a line of its own.
static bool lines_fit(const char *text, size_t len, const char *path, struct err *e) {
    int number = 1;
    for (const char *p = text, *end = text + len; p < end; number++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t line = newline != NULL ? (size_t)(newline - p) : (size_t)(end - p);
        if (line > MAX_LINE - 8)
            return err_set(e, ERR_USAGE, "%s:%d: a line of more than %d bytes", path, number,
                           MAX_LINE - 8);
        p += line + 1;
    }
    return true;
}

bool profile_file_parse(const char *text, size_t len, const char *path, profile_line_fn *fn,
                        void *ctx, struct err *e) {
    if (memchr(text, '\0', len) != NULL)
        return err_set(e, ERR_USAGE, "%s is not a text file: it holds a NUL byte", path);
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    if (!lines_fit(text, len, path, e)) return false;
    struct reader r = {.next = text, .end = text + len, .fn = fn, .ctx = ctx};
    configure_libinih();
    int line = ini_parse_stream(next_line, &r, on_value, &r);
    bool stopped = r.stopped;
    buf_free(&r.section);
    buf_free(&r.key);
    if (stopped || line == -2)
        return err_set(e, ERR_MEMORY, "%s: out of memory, or too many entries", path);
    if (line > 0)
        return err_set(e, ERR_USAGE, "%s:%d: neither [section] nor key = value", path, line);
    return true;
}
