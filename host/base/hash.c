// hash.c - digests, encodings and randomness, on OpenSSL.
#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

void hex_encode(const void *bytes, size_t len, char *out) {
    static const char digits[] = "0123456789abcdef";
    const unsigned char *in = bytes;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[2 * len] = '\0';
}

// Looked up once: EVP_sha256() is looked up again by each digest, which costs more than most.
static const EVP_MD *digest(void) {
    static EVP_MD *fetched;
    if (!fetched) fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
    return fetched ? fetched : EVP_sha256();
}

bool sha256(const void *bytes, size_t len, unsigned char out[SHA256_BYTES]) {
    return EVP_Digest(bytes, len, out, NULL, digest(), NULL) == 1;
}

bool sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX]) {
    unsigned char made[SHA256_BYTES];
    if (!sha256(bytes, len, made)) return false;
    hex_encode(made, sizeof made, out);
    return true;
}

bool hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                 unsigned char out[SHA256_BYTES]) {
    if (key_len > INT32_MAX) return false;
    return HMAC(digest(), key, (int)key_len, bytes, len, out, NULL) != NULL;
}

bool md5_hex(const void *bytes, size_t len, char out[33]) {
    unsigned char made[16];
    if (EVP_Digest(bytes, len, made, NULL, EVP_md5(), NULL) != 1) return false;
    hex_encode(made, sizeof made, out);
    return true;
}

struct sha256_stream {
    EVP_MD_CTX *context;
};

struct sha256_stream *sha256_new(void) {
    struct sha256_stream *s = malloc(sizeof *s);
    if (!s) return NULL;
    s->context = EVP_MD_CTX_new();
    if (s->context && EVP_DigestInit_ex(s->context, digest(), NULL) == 1) return s;
    sha256_free(s);
    return NULL;
}

bool sha256_add(struct sha256_stream *s, const void *bytes, size_t len) {
    return EVP_DigestUpdate(s->context, bytes, len) == 1;
}

bool sha256_end_hex(struct sha256_stream *s, char out[SHA256_HEX]) {
    unsigned char made[SHA256_BYTES];
    if (EVP_DigestFinal_ex(s->context, made, NULL) != 1) return false;
    hex_encode(made, sizeof made, out);
    return EVP_DigestInit_ex(s->context, digest(), NULL) == 1;
}

void sha256_free(struct sha256_stream *s) {
    if (!s) return;
    EVP_MD_CTX_free(s->context);
    free(s);
}

void base64_encode(struct buf *out, const void *bytes, size_t len) {
    const unsigned char *in = bytes;
    while (len > 0) {
        size_t part = len < 3 * 4096 ? len : 3 * 4096;
        char *room = buf_reserve(out, (part + 2) / 3 * 4);
        if (!room) return;
        int written = EVP_EncodeBlock((unsigned char *)room, in, (int)part);
        out->len += (size_t)written;
        in += part;
        len -= part;
    }
    buf_add(out, "", 0);
}

static int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// EVP_DecodeBlock takes malformed padding for zero bytes, so the few lines are ours.
bool base64_decode(struct buf *out, const char *text, size_t len) {
    unsigned bits = 0;
    size_t digits = 0, padding = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
        if (c == '=') {
            padding++;
            continue;
        }
        int digit = base64_digit(c);
        if (digit < 0 || padding) return false;
        bits = (bits << 6 | (unsigned)digit) & 0xffffff;
        digits++;
        if (digits % 4 == 2) buf_add_char(out, (char)(bits >> 4 & 255));
        if (digits % 4 == 3) buf_add_char(out, (char)(bits >> 2 & 255));
        if (digits % 4 == 0) buf_add_char(out, (char)(bits & 255));
    }
    buf_add(out, "", 0);
    return padding <= 2 && (digits + padding) % 4 == 0 && digits % 4 != 1 && !out->failed;
}

static bool derived;
static uint64_t derived_state;

void random_derive(uint64_t seed) {
    derived = true;
    derived_state = seed;
}

// splitmix64.
static unsigned char derived_byte(void) {
    uint64_t z = derived_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned char)(z >> 56);
}

bool random_bytes(void *out, size_t len) {
    char *at = out;
    for (; derived && len > 0; len--) *at++ = (char)derived_byte();
    while (len > 0) {
        ssize_t got = getrandom(at, len < 256 ? len : 256, 0);
        if (got <= 0) return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

bool random_uuid(char out[37]) {
    unsigned char b[16];
    if (!random_bytes(b, sizeof b)) return false;
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    char hex[33];
    hex_encode(b, sizeof b, hex);
    snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    return true;
}
