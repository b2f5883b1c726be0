// sigv4-suite.c - runs AWS's published signing vectors against sigv4_sign.
//
// usage: sigv4-suite DIR    DIR is a folder of cases, or one case: context.json,
// request.txt, header-canonical-request.txt, header-string-to-sign.txt,
// header-signature.txt, header-signed-request.txt. Prints "N passed, N failed".
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/sigv4.h"
#include "base/file.h"
#include "base/json.h"

#define MAX_HEADERS 64
#define MAX_FILE ((size_t)1024 * 1024)

// A request text taken apart in place.
struct parsed {
    char *text;
    char *first_line;
    char *method;
    char *path;
    char *query;
    struct sigv4_header headers[MAX_HEADERS];
    size_t count;
    const char *body;
};

static char *read_text(const char *dir, const char *name, struct err *e) {
    struct buf path = BUF_EMPTY;
    struct buf text = BUF_EMPTY;
    buf_printf(&path, "%s/%s", dir, name);
    bool ok = file_read(buf_str(&path), MAX_FILE, &text, e);
    buf_free(&path);
    char *taken = ok ? buf_take(&text) : NULL;
    buf_free(&text);
    return taken;
}

static void trim_end(char *s) {
    size_t len = strlen(s);
    while (len > 0 && strchr("\r\n", s[len - 1]) != NULL) s[--len] = '\0';
}

// Drops every CR, so that lines end in LF alone.
static void drop_cr(char *s) {
    char *to = s;
    for (const char *from = s; *from != '\0'; from++)
        if (*from != '\r') *to++ = *from;
    *to = '\0';
}

// The end of a header: the newline that no folded line follows.
static char *header_end(char *p) {
    for (;;) {
        p += strcspn(p, "\n");
        if (*p == '\0' || (p[1] != ' ' && p[1] != '\t')) return p;
        p++;
    }
}

static bool parse_headers(struct parsed *r, char *p) {
    while (*p != '\0' && *p != '\n') {
        char *end = header_end(p);
        char *colon = memchr(p, ':', (size_t)(end - p));
        if (colon == NULL || r->count == MAX_HEADERS) return false;
        char *next = *end == '\0' ? end : end + 1;
        *end = '\0';
        *colon = '\0';
        r->headers[r->count++] = (struct sigv4_header){p, colon + 1};
        p = next;
    }
    r->body = *p == '\n' ? p + 1 : p;
    return true;
}

static bool parse_request(struct parsed *r, char *text) {
    memset(r, 0, sizeof *r);
    drop_cr(text);
    r->text = text;
    char *end = text + strcspn(text, "\n");
    char *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    r->first_line = strdup(text);
    char *version = strrchr(text, ' ');  // a path may hold blanks
    char *target = strchr(text, ' ');
    if (r->first_line == NULL || target == NULL || version == target) return false;
    *version = '\0';
    *target++ = '\0';
    r->method = text;
    r->path = target;
    char *question = strchr(target, '?');
    r->query = question != NULL ? question + 1 : target + strlen(target);
    if (question != NULL) *question = '\0';
    return parse_headers(r, rest);
}

static void parsed_free(struct parsed *r) {
    free(r->text);
    free(r->first_line);
}

// --- comparing ----------------------------------------------------------------

static bool same(const char *name, const char *what, const char *got, const char *wanted) {
    if (strcmp(got, wanted) == 0) return true;
    printf("%s: %s differs\n--- wanted\n%s\n--- got\n%s\n", name, what, wanted, got);
    return false;
}

static bool compare_file(const char *dir, const char *file, const char *got) {
    struct err e;
    char *wanted = read_text(dir, file, &e);
    if (wanted == NULL) {
        printf("%s: %s\n", dir, e.message);
        return false;
    }
    drop_cr(wanted);
    trim_end(wanted);
    bool ok = same(dir, file, got, wanted);
    free(wanted);
    return ok;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// Headers as sorted "name:value" lines: their order on the wire is the sender's choice.
static char *sorted_headers(const struct sigv4_header *headers, size_t count) {
    char *lines[MAX_HEADERS + 4];
    struct buf all = BUF_EMPTY;
    for (size_t i = 0; i < count; i++) {
        struct buf line = BUF_EMPTY;
        for (const char *p = headers[i].name; *p != '\0'; p++)
            buf_add_char(&line, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
        buf_printf(&line, ":%s\n", headers[i].value + strspn(headers[i].value, " "));
        lines[i] = buf_take(&line);
    }
    qsort(lines, count, sizeof lines[0], by_text);
    for (size_t i = 0; i < count; i++) {
        buf_add_str(&all, lines[i]);
        free(lines[i]);
    }
    return buf_take(&all);
}

static bool compare_signed_request(const char *dir, const struct parsed *r,
                                   const struct sigv4_keys *keys, const struct sigv4_signed *s) {
    struct err e;
    struct parsed wanted;
    char *text = read_text(dir, "header-signed-request.txt", &e);
    if (text == NULL || !parse_request(&wanted, text)) {
        printf("%s: header-signed-request.txt cannot be read\n", dir);
        return false;
    }
    struct sigv4_header sent[MAX_HEADERS + 4];
    size_t count = r->count;
    memcpy(sent, r->headers, count * sizeof sent[0]);
    sent[count++] = (struct sigv4_header){"X-Amz-Date", s->date};
    if (s->content_sha256[0] != '\0')
        sent[count++] = (struct sigv4_header){"x-amz-content-sha256", s->content_sha256};
    if (keys->session_token != NULL)
        sent[count++] = (struct sigv4_header){"X-Amz-Security-Token", keys->session_token};
    sent[count++] = (struct sigv4_header){"Authorization", buf_str(&s->authorization)};
    char *got_headers = sorted_headers(sent, count);
    char *wanted_headers = sorted_headers(wanted.headers, wanted.count);
    char *body = strdup(wanted.body);
    char *got_body = strdup(r->body);
    trim_end(body);
    trim_end(got_body);
    bool ok = same(dir, "first line", r->first_line, wanted.first_line) &&
              same(dir, "signed request", got_headers, wanted_headers) &&
              same(dir, "body", got_body, body);
    free(body);
    free(got_body);
    free(got_headers);
    free(wanted_headers);
    parsed_free(&wanted);
    return ok;
}

// --- one case -------------------------------------------------------------------

static bool compare_all(const char *dir, const struct parsed *r, const struct sigv4_keys *keys,
                        const struct sigv4_signed *s) {
    bool canonical =
        compare_file(dir, "header-canonical-request.txt", buf_str(&s->canonical_request));
    bool to_sign = compare_file(dir, "header-string-to-sign.txt", buf_str(&s->string_to_sign));
    bool signature = compare_file(dir, "header-signature.txt", s->signature);
    return compare_signed_request(dir, r, keys, s) && canonical && to_sign && signature;
}

static bool run_parsed(const char *dir, const struct val *context, const struct parsed *r) {
    struct err e;
    const struct val *c = val_get(context, "credentials");
    struct sigv4_keys keys = {val_get_str(c, "access_key_id", ""),
                              val_get_str(c, "secret_access_key", ""),
                              val_get_str(c, "token", NULL)};
    struct sigv4_scope scope = {
        .region = val_get_str(context, "region", ""),
        .service = val_get_str(context, "service", ""),
        .normalize = val_as_bool(val_get(context, "normalize"), true),
        .sign_body = val_as_bool(val_get(context, "sign_body"), false),
        .omit_session_token = val_as_bool(val_get(context, "omit_session_token"), false),
    };
    const char *time = val_get_str(context, "timestamp", "");
    if (!clock_parse(time, strlen(time), &scope.time_us)) {
        printf("%s: context.json has no timestamp\n", dir);
        return false;
    }
    struct sigv4_request request = {r->method, r->path, r->query,       r->headers,
                                    r->count,  r->body, strlen(r->body)};
    struct sigv4_signed s;
    bool ok = sigv4_sign(&request, &keys, &scope, &s, &e);
    if (ok)
        ok = compare_all(dir, r, &keys, &s);
    else
        printf("%s: %s\n", dir, e.message);
    sigv4_signed_free(&s);
    return ok;
}

static bool run_case(const char *dir) {
    struct err e = {0};
    char *context_text = read_text(dir, "context.json", &e);
    char *request_text = context_text != NULL ? read_text(dir, "request.txt", &e) : NULL;
    struct val *context =
        request_text != NULL ? json_parse(context_text, strlen(context_text), dir, &e) : NULL;
    free(context_text);
    if (context == NULL) {
        printf("%s: %s\n", dir, e.message);
        free(request_text);
        return false;
    }
    struct parsed r;
    bool ok = parse_request(&r, request_text);
    if (ok)
        ok = run_parsed(dir, context, &r);
    else
        printf("%s: request.txt is not a request\n", dir);
    parsed_free(&r);
    val_unref(context);
    return ok;
}

static int is_case(const struct dirent *d) {
    return d->d_name[0] != '.';
}

static bool has_context(const char *dir) {
    struct err e;
    char *text = read_text(dir, "context.json", &e);
    free(text);
    return text != NULL;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: sigv4-suite DIR\n");
        return 2;
    }
    int passed = 0;
    int failed = 0;
    if (has_context(argv[1])) {
        *(run_case(argv[1]) ? &passed : &failed) += 1;
    } else {
        struct dirent **entries = NULL;
        int count = scandir(argv[1], &entries, is_case, alphasort);
        for (int i = 0; i < count; i++) {
            struct buf path = BUF_EMPTY;
            buf_printf(&path, "%s/%s", argv[1], entries[i]->d_name);
            if (has_context(buf_str(&path))) *(run_case(buf_str(&path)) ? &passed : &failed) += 1;
            buf_free(&path);
            free(entries[i]);
        }
        free(entries);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
