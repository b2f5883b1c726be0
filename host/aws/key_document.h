// key_document.h - a set of keys in a JSON document, as several sources give it.
//
// Owns: reading it strictly. It never puts a value of it in a message.
#ifndef CORDON_AWS_KEY_DOCUMENT_H
#define CORDON_AWS_KEY_DOCUMENT_H

#include "aws/credentials.h"

// The members' names; NULL: it has no such member.
struct key_document {
    const char *id, *secret, *token, *expires, *account;
    bool token_needed, expires_needed;
    bool expires_ms;  // `expires` is a number of milliseconds since 1970, else ISO 8601
};

// `where` names the document in messages and becomes the source. ERR_CREDENTIALS.
bool key_document_take(const struct key_document *names, const struct val *document,
                       const char *where, struct credentials *out, struct err *e);

// ISO 8601, or what botocore wrote once: "2026-11-24T02:15:30UTC".
bool key_document_instant(const char *text, int64_t *us);

#endif
