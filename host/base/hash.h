// hash.h - digests and text encodings of bytes, on OpenSSL's EVP.
//
// Owns: SHA-256, HMAC-SHA256, MD5 (SQS body checks only), hex, base64, and random
// bytes. It never keeps what it hashed.
#ifndef CORDON_BASE_HASH_H
#define CORDON_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define SHA256_BYTES 32
#define SHA256_HEX 65  // with the NUL

// False only when OpenSSL cannot (no memory, no such digest).
bool sha256(const void *bytes, size_t len, unsigned char out[SHA256_BYTES]);
bool sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX]);
bool hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                 unsigned char out[SHA256_BYTES]);
bool md5_hex(const void *bytes, size_t len, char out[33]);

// A running SHA-256, for streams. sha256_new gives NULL on failure.
struct sha256_stream;
struct sha256_stream *sha256_new(void);
bool sha256_add(struct sha256_stream *s, const void *bytes, size_t len);
bool sha256_end_hex(struct sha256_stream *s, char out[SHA256_HEX]);  // and starts afresh
void sha256_free(struct sha256_stream *s);

// `out` has 2*len+1 bytes; lower case.
void hex_encode(const void *bytes, size_t len, char *out);

void base64_encode(struct buf *out, const void *bytes, size_t len);
// Strict but for ASCII white space, which is skipped. False when malformed.
bool base64_decode(struct buf *out, const char *text, size_t len);

// From the system's generator; false when it has none.
bool random_bytes(void *out, size_t len);
// From now on this process's random bytes derive from `seed`. Only for the host process of a
// drill, whose output must be the same every time: it has no network and no secret.
void random_derive(uint64_t seed);
// A random version 4 UUID, lower case, with the NUL.
bool random_uuid(char out[37]);

#endif
