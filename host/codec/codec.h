// codec.h - values to requests and responses to values, driven by shapes.
//
// Owns: the protocols ec2, query and awsJson1_0, in both directions, over one
// shape visitor. Names and results are boto3's. It never sends and never signs.
#ifndef CORDON_CODEC_CODEC_H
#define CORDON_CODEC_CODEC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"
#include "model/model.h"

// Checks parameters against the operation's input shape: unknown members (with "did
// you mean"), wrong types, missing required ones, lists and maps that are empty and
// would vanish on the wire. The message names the place: "Filters[0].Values: ...".
bool codec_check(struct model *m, const struct operation *op, const struct val *params,
                 struct err *e);

// True when the call asks with DryRun=true, of an operation that has it: nothing is changed.
bool codec_is_dry_run(const struct operation *op, const struct val *params);
// True when the call changes something: it does not read, and is no dry run.
bool codec_changes(const struct operation *op, const struct val *params);

// The parameters with boto3's request customisations applied: idempotency tokens
// filled, RunInstances' UserData base64-encoded. New reference, NULL on failure.
struct val *codec_prepare(struct model *m, const struct operation *op, const struct val *params,
                          struct err *e);

// What goes on the wire. `body` is appended to; content_type and target ("" when
// none) are static or live in the model. All requests are POST to "/".
struct wire_request {
    struct buf body;
    const char *content_type;
    char target[160];  // X-Amz-Target
    bool query_mode;   // send x-amzn-query-mode: true
};
// Start with `*out` zeroed; the caller frees out->body.
bool codec_encode_request(struct model *m, const struct operation *op, const struct val *params,
                          struct wire_request *out, struct err *e);

// Decodes a response. HTTP status below 300: true with *result (new reference, boto3's
// shape without ResponseMetadata). Otherwise, or when the body is not what it should
// be: false and `e` (code, message, status, request_id; `retryable` is left false).
// `query_error` is the x-amzn-query-error header, or NULL. `request_id` (may be NULL,
// 96 bytes) receives the response's id on success.
bool codec_decode_response(struct model *m, const struct operation *op, int status,
                           const char *body, size_t len, const char *query_error,
                           struct val **result, char *request_id, struct err *e);

// SQS sends the MD5 of message bodies along, on sending and on receiving; false with the
// code "ChecksumMismatch" when one does not fit. True for every other operation. (boto3
// compares none, so codec_decode_response does not either.)
bool codec_check_digests(const struct operation *op, const struct val *params,
                         const struct val *result, struct err *e);

// The server's side of the same walkers (the simulator's port).
// Parameters come as codec_prepare left them. A failure's code is what AWS would answer
// (InvalidAction, UnknownParameter, ...), or ERR_INVALID for a value that does not parse.
bool codec_decode_request(struct model *m, const struct service *s, const char *body, size_t len,
                          const char *target, const struct operation **op, struct val **params,
                          struct err *e);
bool codec_encode_response(struct model *m, const struct operation *op, const struct val *result,
                           const char *request_id, struct buf *body, struct err *e);

// The value in which every sensitive member is replaced by the map {"sha256": hex}: of a
// string's bytes, else of the compact JSON. User data that is a structure keeps its
// members, their values replaced. For journal, playbook and evidence; `output` picks the
// shape. The same reference when there was nothing to hide.
struct val *codec_redact(struct model *m, const struct operation *op, bool output,
                         const struct val *v, struct err *e);

#endif
