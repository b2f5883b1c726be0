// sigv4.c - the canonical form of a request: the same for all spellings, safe for all bytes.
//
// The input is "PATH\nQUERY\n" and then lines "NAME:VALUE"; a blank line ends the headers.
#include "fuzz.h"

#include "aws/sigv4.h"
#include "aws/sigv4_canonical.h"

#define MOST_HEADERS 8

static bool plain(const char *text, const char *besides) {
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-._~%";
    for (; *text; text++)
        if (!strchr(unreserved, *text) && !strchr(besides, *text)) return false;
    return true;
}

static void path_is_canonical(const char *path) {
    struct buf raw = BUF_EMPTY, folded = BUF_EMPTY;
    MUST(canonical_path(&raw, path, false) && canonical_path(&folded, path, true));
    MUST(plain(buf_str(&raw), "/") && plain(buf_str(&folded), "/"));
    MUST(folded.data[0] == '/' && !strstr(folded.data, "//") && !strstr(folded.data, "/./") &&
         !strstr(folded.data, "/../"));
    buf_free(&raw);
    buf_free(&folded);
}

static void query_is_canonical(const char *query) {
    struct buf once = BUF_EMPTY, twice = BUF_EMPTY;
    MUST(canonical_query(&once, query) && plain(buf_str(&once), "&="));
    MUST(canonical_query(&twice, buf_str(&once)));
    MUST(strcmp(buf_str(&once), buf_str(&twice)) == 0);
    buf_free(&once);
    buf_free(&twice);
}

// The request line by line: one forged newline in a value would let a header be added.
static void headers_are_lines(const struct sigv4_header *headers, size_t count) {
    struct buf out = BUF_EMPTY, names = BUF_EMPTY;
    size_t lines = 0, listed = 0;
    MUST(canonical_headers(&out, &names, headers, count, NULL, 0));
    for (const char *c = buf_str(&out); *c; c++) lines += *c == '\n';
    for (const char *c = buf_str(&names); *c; c++) listed += *c == ';';
    MUST(lines == 0 ? names.len == 0 : listed + 1 >= lines);
    MUST(!strchr(buf_str(&out), '\r') && !strchr(buf_str(&out), '\t'));
    buf_free(&out);
    buf_free(&names);
}

static void signs(const struct sigv4_request *r, struct sigv4_signed *out) {
    static const struct sigv4_keys keys = {"AKIDEXAMPLE", "SECRET-for-the-fuzzer", "token"};
    const struct sigv4_scope scope = {.region = "eu-west-1",
                                      .service = "ec2",
                                      .time_us = INT64_C(1440938160000000),
                                      .normalize = true,
                                      .sign_body = true};
    struct err e;
    MUST(sigv4_sign(r, &keys, &scope, out, &e));
    MUST(strspn(out->signature, "0123456789abcdef") == 64 && !out->signature[64]);
    MUST(!strstr(buf_str(&out->authorization), keys.secret_key));
    MUST(fuzz_harmless(buf_str(&out->string_to_sign) +
                       strlen("AWS4-HMAC-SHA256\n20150830T123600Z\n"
                              "20150830/eu-west-1/ec2/aws4_request\n")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *path = fuzz_field(&data, &size, '\n'), *query = fuzz_field(&data, &size, '\n');
    char *lines[MOST_HEADERS];
    struct sigv4_header headers[MOST_HEADERS];
    size_t count = 0;
    while (count < MOST_HEADERS && size > 0 && *data != '\n') {
        char *line = fuzz_field(&data, &size, '\n'), *colon = strchr(line, ':');
        if (colon) *colon = '\0';
        if (!fuzz_harmless(line)) *line = '\0';  // names are the program's own
        lines[count] = line;
        headers[count++] = (struct sigv4_header){line, colon ? colon + 1 : ""};
    }
    path_is_canonical(path);
    query_is_canonical(query);
    headers_are_lines(headers, count);
    const struct sigv4_request r = {.method = "POST",
                                    .path = path,
                                    .query = query,
                                    .headers = headers,
                                    .header_count = count,
                                    .body = data,
                                    .body_len = size};
    struct sigv4_signed once, twice;
    signs(&r, &once);
    signs(&r, &twice);
    MUST(strcmp(once.signature, twice.signature) == 0);
    sigv4_signed_free(&once);
    sigv4_signed_free(&twice);
    for (size_t i = 0; i < count; i++) free(lines[i]);
    free(path);
    free(query);
    return 0;
}
