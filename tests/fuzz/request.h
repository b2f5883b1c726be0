// request.h - what the targets of requests share.
//
// Owns: the property: parameters that are accepted reach the server whole.
#ifndef CORDON_TESTS_FUZZ_REQUEST_H
#define CORDON_TESTS_FUZZ_REQUEST_H

#include "fuzz.h"

#include "codec/codec.h"

// True when both have the same keys and counts. Scalars may be spelled differently (a time as
// text or in seconds): the second way round says the rest.
static inline bool request_same_structure(const struct val *a, const struct val *b) {
    bool containers = val_type(a) >= VAL_LIST || val_type(b) >= VAL_LIST;
    if (!containers) return val_is_nil(a) == val_is_nil(b);
    bool empty = val_count(a) == 0 && val_count(b) == 0;
    if (val_count(a) != val_count(b) || (!empty && val_type(a) != val_type(b))) return false;
    for (size_t i = 0; i < val_count(a); i++) {
        const char *key = val_key_at(a, i), *other = val_key_at(b, i);
        if ((key || other) && (!key || !other || strcmp(key, other) != 0)) return false;
        if (!request_same_structure(val_at(a, i), val_at(b, i))) return false;
    }
    return true;
}

static inline void request_show(const struct operation *op, const struct val *params,
                                const struct val *back, const struct buf *body, const char *what) {
    struct buf text = BUF_EMPTY;
    json_print(&text, params);
    buf_add_str(&text, "\n  as\n");
    buf_add(&text, buf_str(body), body->len);
    buf_add_str(&text, "\n  became\n");
    json_print(&text, back);
    fprintf(stderr, "\n%s: %s\n", op->name, buf_str(&text));
    fuzz_broken(what, op->name, 0);
}

// Encodes parameters, reads them as the server does, twice: the second time all is equal.
static inline void request_arrives(const struct operation *op, const struct val *params) {
    struct wire_request first = {0}, second = {0};
    struct val *back = NULL, *again = NULL;
    const struct operation *same = NULL;
    struct err e = {0};
    if (!codec_encode_request(fuzz_model(), op, params, &first, &e))
        request_show(op, params, NULL, &first.body, e.message);
    if (!codec_decode_request(fuzz_model(), op->service, buf_str(&first.body), first.body.len,
                              first.target, &same, &back, &e))
        request_show(op, params, NULL, &first.body, e.message);
    MUST(same == op);
    if (!request_same_structure(params, back))
        request_show(op, params, back, &first.body, "something is lost on the way");
    MUST(codec_encode_request(fuzz_model(), op, back, &second, &e));
    if (!codec_decode_request(fuzz_model(), op->service, buf_str(&second.body), second.body.len,
                              second.target, &same, &again, &e))
        request_show(op, back, NULL, &second.body, e.message);
    fuzz_same(back, again);
    val_unref(again);
    buf_free(&first.body);
    buf_free(&second.body);
    val_unref(back);
}

#endif
