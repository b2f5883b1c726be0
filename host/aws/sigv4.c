// sigv4.c - the signature: string to sign, derived key, Authorization header.
//
// Owns: putting the pieces of sigv4_canonical.c together and signing them. It never
// keeps a key: each derived one is wiped before return.
#include "aws/sigv4.h"

#include <openssl/crypto.h>
#include <string.h>

#include "aws/sigv4_canonical.h"

#define SCOPE_END "aws4_request"
#define DATE_DIGITS 8

// date/region/service/aws4_request
static void add_scope(struct buf *out, const struct sigv4_scope *scope, const char *date) {
    buf_add(out, date, DATE_DIGITS);
    buf_printf(out, "/%s/%s/" SCOPE_END, scope->region, scope->service);
}

static bool build_string_to_sign(struct sigv4_signed *out, const struct sigv4_scope *scope) {
    char digest[SHA256_HEX];
    if (out->canonical_request.failed ||
        !sha256_hex(out->canonical_request.data, out->canonical_request.len, digest))
        return false;
    buf_printf(&out->string_to_sign, "AWS4-HMAC-SHA256\n%s\n", out->date);
    add_scope(&out->string_to_sign, scope, out->date);
    buf_printf(&out->string_to_sign, "\n%s", digest);
    return !out->string_to_sign.failed;
}

// Replaces `key` by HMAC(key, text).
static bool chain(unsigned char key[SHA256_BYTES], const char *text, size_t len) {
    unsigned char next[SHA256_BYTES];
    bool ok = hmac_sha256(key, SHA256_BYTES, text, len, next);
    memcpy(key, next, SHA256_BYTES);
    OPENSSL_cleanse(next, sizeof next);
    return ok;
}

static bool derive_key(const char *secret, const char *date, const struct sigv4_scope *scope,
                       unsigned char key[SHA256_BYTES]) {
    struct buf start = BUF_EMPTY;
    buf_add_str(&start, "AWS4");
    buf_add_str(&start, secret);
    bool ok = !start.failed && hmac_sha256(start.data, start.len, date, DATE_DIGITS, key) &&
              chain(key, scope->region, strlen(scope->region)) &&
              chain(key, scope->service, strlen(scope->service)) &&
              chain(key, SCOPE_END, strlen(SCOPE_END));
    buf_wipe(&start);
    return ok;
}

static bool sign(struct sigv4_signed *out, const char *secret, const struct sigv4_scope *scope) {
    unsigned char key[SHA256_BYTES];
    unsigned char signature[SHA256_BYTES];
    bool ok =
        derive_key(secret, out->date, scope, key) &&
        hmac_sha256(key, sizeof key, out->string_to_sign.data, out->string_to_sign.len, signature);
    OPENSSL_cleanse(key, sizeof key);
    if (ok) hex_encode(signature, sizeof signature, out->signature);
    return ok;
}

static void add_authorization(struct sigv4_signed *out, const char *access_key,
                              const struct sigv4_scope *scope, const char *signed_headers) {
    buf_printf(&out->authorization, "AWS4-HMAC-SHA256 Credential=%s/", access_key);
    add_scope(&out->authorization, scope, out->date);
    buf_printf(&out->authorization, ", SignedHeaders=%s, Signature=%s", signed_headers,
               out->signature);
}

static bool canonicalize(const struct sigv4_request *r, const struct sigv4_keys *keys,
                         const struct sigv4_scope *scope, struct sigv4_signed *out,
                         struct buf *names) {
    char payload[SHA256_HEX];
    if (!sha256_hex(r->body_len > 0 ? r->body : "", r->body_len, payload)) return false;
    struct sigv4_header added[3];
    size_t count = 0;
    added[count++] = (struct sigv4_header){"x-amz-date", out->date};
    if (scope->sign_body) {
        memcpy(out->content_sha256, payload, sizeof payload);
        added[count++] = (struct sigv4_header){"x-amz-content-sha256", out->content_sha256};
    }
    if (keys->session_token != NULL && keys->session_token[0] != '\0' && !scope->omit_session_token)
        added[count++] = (struct sigv4_header){"x-amz-security-token", keys->session_token};

    struct buf *c = &out->canonical_request;
    buf_printf(c, "%s\n", r->method);
    bool ok = canonical_path(c, r->path, scope->normalize);
    buf_add_char(c, '\n');
    ok = ok && canonical_query(c, r->query);
    buf_add_char(c, '\n');
    ok = ok && canonical_headers(c, names, r->headers, r->header_count, added, count);
    buf_printf(c, "\n%s\n%s", buf_str(names), payload);
    return ok && !c->failed && !names->failed;
}

bool sigv4_sign(const struct sigv4_request *request, const struct sigv4_keys *keys,
                const struct sigv4_scope *scope, struct sigv4_signed *out, struct err *e) {
    memset(out, 0, sizeof *out);
    clock_basic(scope->time_us, out->date);
    struct buf names = BUF_EMPTY;
    bool ok = canonicalize(request, keys, scope, out, &names) && build_string_to_sign(out, scope) &&
              sign(out, keys->secret_key, scope);
    if (ok) add_authorization(out, keys->access_key, scope, buf_str(&names));
    buf_free(&names);
    if (!ok || out->authorization.failed)
        return err_set(e, ERR_MEMORY,
                       "the request cannot be signed: out of memory, or OpenSSL "
                       "has no SHA-256");
    return true;
}

void sigv4_signed_free(struct sigv4_signed *s) {
    buf_wipe(&s->canonical_request);  // it holds the session token
    buf_free(&s->string_to_sign);
    buf_free(&s->authorization);
}
