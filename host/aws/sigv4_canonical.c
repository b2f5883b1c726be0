// sigv4_canonical.c - the canonical form of a request's path, query and headers.
//
// Owns: the rules in which signers differ: dot segments, double encoding, the order of
// an encoded query, folded and repeated headers. It never sees a key.
#include "aws/sigv4_canonical.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_unreserved(unsigned char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void encode(struct buf *out, const char *bytes, size_t len, const char *safe) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (is_unreserved(c) || (c != '\0' && strchr(safe, c) != NULL))
            buf_add_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Undoes what is encoded already, so that encoding gives one spelling for all.
static void decode(struct buf *out, const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '%' && i + 2 < len && hex_digit(bytes[i + 1]) >= 0 &&
            hex_digit(bytes[i + 2]) >= 0) {
            buf_add_char(out, (char)(hex_digit(bytes[i + 1]) * 16 + hex_digit(bytes[i + 2])));
            i += 2;
        } else {
            buf_add_char(out, bytes[i]);
        }
    }
}

// --- path --------------------------------------------------------------------

static void drop_last_segment(struct buf *b) {
    while (b->len > 0 && b->data[b->len - 1] != '/') b->len--;
    if (b->len > 0) b->len--;
    if (b->data != NULL) b->data[b->len] = '\0';
}

// "/a/./b//../c/" gives "/a/c/". A trailing slash stays.
static void normalize_path(struct buf *out, const char *path) {
    const char *p = path;
    while (*p != '\0') {
        while (*p == '/') p++;
        size_t len = strcspn(p, "/");
        if (len == 2 && p[0] == '.' && p[1] == '.') {
            drop_last_segment(out);
        } else if (len > 0 && !(len == 1 && p[0] == '.')) {
            buf_add_char(out, '/');
            buf_add(out, p, len);
        }
        p += len;
    }
    size_t len = strlen(path);
    bool slash = len > 0 && path[len - 1] == '/';
    if (slash || out->len == 0) buf_add_char(out, '/');
}

bool canonical_path(struct buf *out, const char *path, bool normalize) {
    if (!normalize) {
        encode(out, path[0] != '\0' ? path : "/", path[0] != '\0' ? strlen(path) : 1, "/");
        return !out->failed;
    }
    struct buf folded = BUF_EMPTY;
    normalize_path(&folded, path);
    encode(out, buf_str(&folded), folded.len, "/");
    bool ok = !folded.failed && !out->failed;
    buf_free(&folded);
    return ok;
}

// --- query -------------------------------------------------------------------

struct parameter {
    char *name;  // both encoded
    char *value;
};

static int by_name_then_value(const void *a, const void *b) {
    const struct parameter *x = a;
    const struct parameter *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->value, y->value);
}

static char *reencode(const char *text, size_t len) {
    struct buf plain = BUF_EMPTY;
    struct buf encoded = BUF_EMPTY;
    decode(&plain, text, len);
    encode(&encoded, buf_str(&plain), plain.len, "");
    encoded.failed = encoded.failed || plain.failed;
    buf_free(&plain);
    char *taken = buf_take(&encoded);
    buf_free(&encoded);
    return taken;
}

static bool split_parameter(struct parameter *p, const char *text, size_t len) {
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
    size_t rest = equals != NULL ? len - name_len - 1 : 0;
    p->name = reencode(text, name_len);
    p->value = reencode(equals != NULL ? equals + 1 : "", rest);
    return p->name != NULL && p->value != NULL;
}

static size_t count_parameters(const char *query) {
    size_t count = 1;
    for (const char *p = query; *p != '\0'; p++) count += *p == '&';
    return count;
}

static void add_parameters(struct buf *out, const struct parameter *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s%s=%s", i > 0 ? "&" : "", list[i].name, list[i].value);
}

bool canonical_query(struct buf *out, const char *query) {
    struct parameter *list = calloc(count_parameters(query), sizeof *list);
    if (list == NULL) return false;
    size_t count = 0;
    bool ok = true;
    for (const char *p = query; ok && *p != '\0';) {
        size_t len = strcspn(p, "&");
        if (len > 0) ok = split_parameter(&list[count++], p, len);
        p += len;
        if (*p == '&') p++;
    }
    if (ok) {
        qsort(list, count, sizeof *list, by_name_then_value);  // after encoding
        add_parameters(out, list, count);
    }
    for (size_t i = 0; i < count; i++) {
        free(list[i].name);
        free(list[i].value);
    }
    free(list);
    return ok && !out->failed;
}

// --- headers -----------------------------------------------------------------

// What proxies and libcurl may add or change, and the result of signing itself.
static bool is_unsigned(const char *name) {
    static const char *const never[] = {"authorization",     "connection", "expect",         "te",
                                        "transfer-encoding", "user-agent", "x-amzn-trace-id"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (strcasecmp(name, never[i]) == 0) return true;
    return false;
}

struct sorted_header {
    const struct sigv4_header *header;
    size_t arrival;
};

static int by_header_name(const void *a, const void *b) {
    const struct sorted_header *x = a;
    const struct sorted_header *y = b;
    int order = strcasecmp(x->header->name, y->header->name);
    if (order != 0) return order;
    return x->arrival < y->arrival ? -1 : 1;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Trimmed, every run of white space (a fold too) one blank.
static void add_value(struct buf *out, const char *value) {
    const char *p = value;
    while (is_space(*p)) p++;
    while (*p != '\0') {
        if (!is_space(*p)) {
            buf_add_char(out, *p++);
            continue;
        }
        while (is_space(*p)) p++;
        if (*p != '\0') buf_add_char(out, ' ');
    }
}

static void add_lower(struct buf *out, const char *name) {
    for (const char *p = name; *p != '\0'; p++)
        buf_add_char(out, *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p);
}

static void add_sorted(struct buf *out, struct buf *names, const struct sorted_header *list,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct sigv4_header *h = list[i].header;
        bool repeated = i > 0 && strcasecmp(list[i - 1].header->name, h->name) == 0;
        bool last = i + 1 == count || strcasecmp(list[i + 1].header->name, h->name) != 0;
        if (repeated) {
            buf_add_char(out, ',');
        } else {
            if (i > 0) buf_add_char(names, ';');
            add_lower(names, h->name);
            add_lower(out, h->name);
            buf_add_char(out, ':');
        }
        add_value(out, h->value);
        if (last) buf_add_char(out, '\n');
    }
}

bool canonical_headers(struct buf *out, struct buf *names, const struct sigv4_header *headers,
                       size_t header_count, const struct sigv4_header *added, size_t added_count) {
    struct sorted_header *list = calloc(header_count + added_count + 1, sizeof *list);
    if (list == NULL) return false;
    size_t count = 0;
    for (size_t i = 0; i < header_count + added_count; i++) {
        const struct sigv4_header *h = i < header_count ? &headers[i] : &added[i - header_count];
        if (is_unsigned(h->name)) continue;
        list[count] = (struct sorted_header){h, i};
        count++;
    }
    qsort(list, count, sizeof *list, by_header_name);
    add_sorted(out, names, list, count);
    free(list);
    return !out->failed && !names->failed;
}
