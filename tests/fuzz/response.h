// response.h - what the targets of responses share.
//
// Owns: the property: what a response says survives being written as a response again; and
// a failure is always told. The input is a letter for the operation, '2', '4' or '5' for
// the status, and the body.
#ifndef CORDON_TESTS_FUZZ_RESPONSE_H
#define CORDON_TESTS_FUZZ_RESPONSE_H

#include "fuzz.h"

#include "codec/codec.h"

struct fuzzed_operation {
    const char *service, *name;
};

// As fuzz_same, but for a time that named no zone: sent again, it says that it is UTC.
static inline void response_same(const struct val *a, const struct val *b) {
    if (val_type(a) < VAL_LIST) {
        size_t len = val_str_len(a);
        bool zone =
            len && val_str_len(b) > len && strncmp(val_as_str(a, ""), val_as_str(b, ""), len) == 0;
        if (!zone || strcmp(val_as_str(b, "") + len, "+00:00") != 0) fuzz_same(a, b);
        return;
    }
    if (val_count(a) != val_count(b)) fuzz_same(a, b);
    for (size_t i = 0; i < val_count(a); i++) {
        if (val_key_at(a, i) && strcmp(val_key_at(a, i), val_key_at(b, i)) != 0) fuzz_same(a, b);
        response_same(val_at(a, i), val_at(b, i));
    }
}

static inline void response_reads_back(const struct operation *op, const struct val *v) {
    struct buf body = BUF_EMPTY;
    struct val *again = NULL;
    char id[96];
    struct err e = {0};
    // A scalar of another type stays as it came, as in boto3, and cannot be sent as what it is not.
    if (!codec_encode_response(fuzz_model(), op, v, "an-id", &body, &e))
        MUST(err_is(&e, ERR_PARAMS) && strstr(e.message, "must be "));
    else if (!codec_decode_response(fuzz_model(), op, 200, buf_str(&body), body.len, NULL, &again,
                                    id, &e)) {
        fprintf(stderr, "%s\n", buf_str(&body));
        fuzz_broken(e.message, op->name, 0);
    }
    if (again) response_same(v, again);
    MUST(!again || op->service->protocol == PROTOCOL_JSON || strcmp(id, "an-id") == 0);
    val_unref(again);
    buf_free(&body);
}

static inline void response_redacts(const struct operation *op, const struct val *v) {
    struct err e;
    struct val *once = codec_redact(fuzz_model(), op, true, v, &e);
    MUST(once);
    val_unref(once);
}

static inline int response_fuzz(const struct fuzzed_operation *operations, size_t count,
                                const uint8_t *data, size_t size) {
    struct err e = {0};
    const struct fuzzed_operation *which = &operations[fuzz_byte(&data, &size) % count];
    const struct operation *op = model_operation(fuzz_model(), which->service, which->name, &e);
    MUST(op);
    uint8_t kind = fuzz_byte(&data, &size);
    int status = kind == '4' ? 400 : kind == '5' ? 503 : 200;
    struct val *v = NULL;
    char id[96];
    if (codec_decode_response(fuzz_model(), op, status, (const char *)data, size, NULL, &v, id,
                              &e)) {
        MUST(v && status == 200 && memchr(id, '\0', sizeof id));
        response_redacts(op, v);
        response_reads_back(op, v);
    } else {
        MUST(!v && e.code[0] && e.status == status);
        MUST(strcmp(e.operation, op->name) == 0);
    }
    val_unref(v);
    return 0;
}

#endif
