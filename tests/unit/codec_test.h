// codec_test.h - what the codec's unit tests share.
#ifndef CORDON_TESTS_CODEC_TEST_H
#define CORDON_TESTS_CODEC_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "codec/codec.h"

static struct model *the_model;

static int open_model(void **state) {
    (void)state;
    struct err e;
    the_model = model_open(NULL, &e);
    return the_model ? 0 : -1;
}

static int close_model(void **state) {
    (void)state;
    model_free(the_model);
    return 0;
}

static inline const struct operation *operation(const char *service, const char *name) {
    struct err e;
    const struct operation *op = model_operation(the_model, service, name, &e);
    assert_non_null(op);
    return op;
}

static inline struct val *json(const char *text) {
    struct err e;
    struct val *v = json_parse(text, strlen(text), "test", &e);
    assert_non_null(v);
    return v;
}

static inline void same_json(const struct val *got, const char *expected) {
    struct buf out = BUF_EMPTY;
    json_print(&out, got);
    assert_string_equal(buf_str(&out), expected);
    buf_free(&out);
}

#endif
