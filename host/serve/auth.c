// auth.c - verifies Signature Version 4.
#include "serve/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#define SKEW_US ((int64_t)15 * 60 * 1000000)  // as EC2: requests older than this have expired
#define MOST_SIGNED 32

static const char algorithm[] = "AWS4-HMAC-SHA256 ";

const char *auth_header(const struct auth_request *r, const char *name) {
    for (size_t i = 0; i < r->header_count; i++)
        if (strcasecmp(r->headers[i].name, name) == 0) return r->headers[i].value;
    return NULL;
}

// EC2 answers a wrong key and a wrong signature alike; the others tell them apart.
static const struct {
    int status;
    const char *code;   // of EC2
    int others_status;
    const char *query, *json;  // of the query protocol, and of the JSON protocols
    const char *message;
} refusals[] = {
    [AUTH_UNSIGNED] = {401, "MissingAuthenticationToken", 403, "MissingAuthenticationToken",
                       "MissingAuthenticationTokenException",
                       "Request is missing Authentication Token"},
    [AUTH_INCOMPLETE] = {400, "IncompleteSignature", 400, "IncompleteSignature",
                         "IncompleteSignatureException",
                         "Authorization header requires 'Credential', 'SignedHeaders' and "
                         "'Signature', and an X-Amz-Date that agrees with its scope"},
    [AUTH_UNKNOWN_KEY] = {401, "AuthFailure", 403, "InvalidClientTokenId",
                          "UnrecognizedClientException",
                          "The security token included in the request is invalid."},
    [AUTH_EXPIRED] = {400, "RequestExpired", 403, "SignatureDoesNotMatch",
                      "InvalidSignatureException",
                      "Signature expired: the date of the request is too far off"},
    [AUTH_WRONG_SIGNATURE] = {401, "AuthFailure", 403, "SignatureDoesNotMatch",
                              "InvalidSignatureException",
                              "The request signature we calculated does not match the signature "
                              "you provided. Check your AWS Secret Access Key and signing method."},
};

const char *auth_refusal(enum auth_refusal why, enum protocol p, struct err *e) {
    static const char validate[] = "AWS was not able to validate the provided access credentials";
    if (why == AUTH_FAILED) return "";
    bool ec2 = p == PROTOCOL_EC2;
    bool hidden = ec2 && strcmp(refusals[why].code, "AuthFailure") == 0;
    err_set(e, ec2 ? refusals[why].code : refusals[why].query, "%s",
            hidden ? validate : refusals[why].message);
    e->status = ec2 ? refusals[why].status : refusals[why].others_status;
    return p == PROTOCOL_JSON ? refusals[why].json : "";
}

static bool refuse(struct auth_found *found, enum auth_refusal why) {
    found->refusal = why;
    return false;
}

// The pieces of the Authorization header; they point into its copy.
struct authorization {
    char *copy;
    char *access_key, *date, *region, *service;
    char *signed_headers, *signature;
};

// Cuts "name=value" out of the header; NULL when it is not there.
static char *piece(char *text, const char *name) {
    char *at = strstr(text, name);
    if (!at) return NULL;
    at += strlen(name);
    return at;
}

static bool cut(struct authorization *a, const char *header) {
    a->copy = strdup(header + strlen(algorithm));
    if (!a->copy) return false;
    char *credential = piece(a->copy, "Credential=");
    a->signed_headers = piece(a->copy, "SignedHeaders=");
    a->signature = piece(a->copy, "Signature=");
    if (!credential || !a->signed_headers || !a->signature) return false;
    a->signed_headers[strcspn(a->signed_headers, ", ")] = '\0';
    a->signature[strcspn(a->signature, ", ")] = '\0';
    credential[strcspn(credential, ", ")] = '\0';
    a->access_key = strsep(&credential, "/");
    a->date = strsep(&credential, "/");
    a->region = strsep(&credential, "/");
    a->service = strsep(&credential, "/");
    return a->service && credential && strcmp(credential, "aws4_request") == 0;
}

static bool is_signed(const char *list, const char *name) {
    size_t len = strlen(name);
    for (const char *at = list; *at;) {
        size_t word = strcspn(at, ";");
        if (word == len && strncasecmp(at, name, len) == 0) return true;
        at += word + (at[word] == ';');
    }
    return false;
}

// The signer adds the date and the token itself; everything else that the client signed is
// taken as it came.
static bool sign_again(const struct auth_request *r, const struct authorization *a,
                       const struct sigv4_keys *known, int64_t time_us, struct sigv4_signed *out,
                       struct err *e) {
    struct sigv4_header headers[MOST_SIGNED];
    size_t count = 0;
    const char *token = auth_header(r, "x-amz-security-token");
    for (size_t i = 0; i < r->header_count && count < MOST_SIGNED; i++) {
        const char *name = r->headers[i].name;
        bool added = strcasecmp(name, "x-amz-date") == 0 ||
                     strcasecmp(name, "x-amz-security-token") == 0;
        if (!added && is_signed(a->signed_headers, name)) headers[count++] = r->headers[i];
    }
    const struct sigv4_request request = {r->method, r->path, r->query, headers,
                                          count,     r->body, r->body_len};
    const struct sigv4_keys keys = {known->access_key, known->secret_key, token};
    const struct sigv4_scope scope = {
        .region = a->region,
        .service = a->service,
        .time_us = time_us,
        .normalize = true,
        .omit_session_token = token && !is_signed(a->signed_headers, "x-amz-security-token")};
    return sigv4_sign(&request, &keys, &scope, out, e);
}

static bool same_signature(const char *given, const char *ours) {
    return strlen(given) == strlen(ours) && CRYPTO_memcmp(given, ours, strlen(ours)) == 0;
}

static bool check_signature(const struct auth_request *r, const struct authorization *a,
                            const struct sigv4_keys *known, int64_t time_us,
                            struct auth_found *found, struct err *e) {
    struct sigv4_signed again;
    bool ok = sign_again(r, a, known, time_us, &again, e);
    if (ok && !same_signature(a->signature, again.signature))
        ok = refuse(found, AUTH_WRONG_SIGNATURE);
    sigv4_signed_free(&again);
    return ok;
}

static bool check(const struct auth_request *r, const struct authorization *a,
                  const struct sigv4_keys *known, int64_t now_us, struct auth_found *found,
                  struct err *e) {
    const char *date = auth_header(r, "x-amz-date");
    int64_t time_us;
    if (!date || !clock_parse(date, strlen(date), &time_us) || strncmp(date, a->date, 8) != 0)
        return refuse(found, AUTH_INCOMPLETE);
    if (strcmp(a->access_key, known->access_key) != 0) return refuse(found, AUTH_UNKNOWN_KEY);
    if (time_us > now_us + SKEW_US || time_us < now_us - SKEW_US)
        return refuse(found, AUTH_EXPIRED);
    return check_signature(r, a, known, time_us, found, e);
}

bool auth_check(const struct auth_request *r, const struct sigv4_keys *known, int64_t now_us,
                struct auth_found *found, struct err *e) {
    struct authorization a = {0};
    const char *header = auth_header(r, "authorization");
    *found = (struct auth_found){.refusal = AUTH_FAILED};
    bool ours = header && strncmp(header, algorithm, strlen(algorithm)) == 0;
    bool ok = ours || refuse(found, AUTH_UNSIGNED);
    if (ok) ok = cut(&a, header) || refuse(found, AUTH_INCOMPLETE);
    if (ok) {
        snprintf(found->service, sizeof found->service, "%s", a.service);
        snprintf(found->region, sizeof found->region, "%s", a.region);
        ok = check(r, &a, known, now_us, found, e);
    }
    free(a.copy);
    return ok;
}
