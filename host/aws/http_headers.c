// http_headers.c - the few response headers that anyone here reads.
//
// Owns: picking them out, whatever their case, with caps on each.
#include "aws/http_headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

#define NUMBER_SIZE 16

void http_headers_clear(struct http_response *r) {
    r->request_id[0] = '\0';
    r->query_error[0] = '\0';
    r->content_type[0] = '\0';
    r->server[0] = '\0';
    r->date_us = 0;
    r->retry_after_ms = -1;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The value if `line` is the header `name`, trimmed; NULL otherwise.
static const char *value_of(const char *line, size_t len, const char *name, size_t *value_len) {
    size_t name_len = strlen(name);
    if (len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len) != 0)
        return NULL;
    const char *p = line + name_len + 1;
    const char *end = line + len;
    while (p < end && is_blank(*p)) p++;
    while (end > p && is_blank(end[-1])) end--;
    *value_len = (size_t)(end - p);
    return p;
}

// Printable ASCII only: these texts reach messages and the journal.
static void keep(char *out, size_t size, const char *value, size_t len) {
    if (len >= size) len = size - 1;
    for (size_t i = 0; i < len; i++) out[i] = value[i] >= ' ' && value[i] < 127 ? value[i] : '?';
    out[len] = '\0';
}

// Milliseconds of a plain decimal number, -1 when it is none.
static int64_t number(const char *value, size_t len, int64_t unit) {
    char text[NUMBER_SIZE];
    if (len == 0 || len > 9) return -1;
    keep(text, sizeof text, value, len);
    if (strspn(text, "0123456789") != len) return -1;
    return atoll(text) * unit;
}

void http_headers_line(struct http_response *r, const char *line, size_t len) {
    size_t n;
    const char *v;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        http_headers_clear(r);  // of a 100 Continue, or a proxy's
    } else if ((v = value_of(line, len, "x-amzn-requestid", &n)) != NULL ||
               (v = value_of(line, len, "x-amz-request-id", &n)) != NULL) {
        keep(r->request_id, sizeof r->request_id, v, n);
    } else if ((v = value_of(line, len, "x-amzn-query-error", &n)) != NULL) {
        keep(r->query_error, sizeof r->query_error, v, n);
    } else if ((v = value_of(line, len, "content-type", &n)) != NULL) {
        keep(r->content_type, sizeof r->content_type, v, n);
    } else if ((v = value_of(line, len, "server", &n)) != NULL) {
        keep(r->server, sizeof r->server, v, n);
    } else if ((v = value_of(line, len, "date", &n)) != NULL) {
        if (!clock_parse(v, n, &r->date_us)) r->date_us = 0;
    } else if ((v = value_of(line, len, "x-amz-retry-after", &n)) != NULL) {
        r->retry_after_ms = number(v, n, 1);
    } else if ((v = value_of(line, len, "retry-after", &n)) != NULL && r->retry_after_ms < 0) {
        r->retry_after_ms = number(v, n, 1000);
    }
}
