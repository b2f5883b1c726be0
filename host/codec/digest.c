// digest.c - the MD5 sums that SQS sends along.
//
// Owns: comparing them with the bodies they speak of. It never refuses an answer that
// brings none.
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "codec/codec.h"

#define MISMATCH "ChecksumMismatch"

static bool same_digest(const struct val *body, const char *digest, const char *what,
                        struct err *e) {
    char hex[33];
    if (!digest || val_type(body) != VAL_STRING) return true;
    if (!md5_hex(val_as_str(body, ""), val_str_len(body), hex))
        return err_set(e, ERR_SYSTEM, "MD5 is not available here; SQS needs it");
    if (strcmp(hex, digest) == 0) return true;
    return err_set(e, MISMATCH, "%s is not what SQS says it is (MD5 %s, expected %.40s)", what, hex,
                   digest);
}

static bool check_received(const struct val *result, struct err *e) {
    const struct val *messages = val_get(result, "Messages");
    for (size_t i = 0; i < val_count(messages); i++) {
        const struct val *message = val_at(messages, i);
        char what[64];
        snprintf(what, sizeof what, "the body of Messages[%zu]", i);
        if (!same_digest(val_get(message, "Body"), val_get_str(message, "MD5OfBody", NULL), what,
                         e))
            return false;
    }
    return true;
}

// The body of the entry of that id.
static const struct val *sent_body(const struct val *params, const char *id) {
    const struct val *entries = val_get(params, "Entries");
    for (size_t i = 0; i < val_count(entries); i++)
        if (strcmp(val_get_str(val_at(entries, i), "Id", ""), id) == 0)
            return val_get(val_at(entries, i), "MessageBody");
    return NULL;
}

static bool check_batch(const struct val *params, const struct val *result, struct err *e) {
    const struct val *done = val_get(result, "Successful");
    for (size_t i = 0; i < val_count(done); i++) {
        const struct val *entry = val_at(done, i);
        const char *id = val_get_str(entry, "Id", "");
        char what[140];
        snprintf(what, sizeof what, "the message that arrived as %.100s", id);
        if (!same_digest(sent_body(params, id), val_get_str(entry, "MD5OfMessageBody", NULL), what,
                         e))
            return false;
    }
    return true;
}

bool codec_check_digests(const struct operation *op, const struct val *params,
                         const struct val *result, struct err *e) {
    if (strcmp(op->service->name, "sqs") != 0) return true;
    if (strcmp(op->name, "ReceiveMessage") == 0) return check_received(result, e);
    if (strcmp(op->name, "SendMessageBatch") == 0) return check_batch(params, result, e);
    if (strcmp(op->name, "SendMessage") != 0) return true;
    return same_digest(val_get(params, "MessageBody"),
                       val_get_str(result, "MD5OfMessageBody", NULL), "the message that arrived",
                       e);
}
