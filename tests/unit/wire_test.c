// wire_test.c - values as bytes: what goes in comes out, and nothing else does.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/wire.h"

static struct val *parse(const char *json) {
    struct err e;
    struct val *v = json_parse(json, strlen(json), "test", &e);
    assert_non_null(v);
    return v;
}

static struct val *sample(void) {
    struct val *v = parse("{\"a\":[1,-9223372036854775808,0.1,true,false,null,\"\",{}],"
                          "\"b\":{\"\":\"x\",\"c\":[[],[[1e300]]]}}");
    assert_true(val_set(v, "bytes", val_string("\0\xff\n", 3)));
    assert_true(val_set_n(v, "\0k", 2, val_int(7)));
    return v;
}

static void check_same(const struct val *v) {
    struct buf b = BUF_EMPTY;
    struct err e;
    struct val *back;
    size_t used;
    assert_true(wire_write(&b, v, &e));
    assert_int_equal(wire_read(b.data, b.len, &back, &used, &e), 1);
    assert_int_equal(used, b.len);
    assert_true(val_equal(v, back));
    val_unref(back);
    buf_free(&b);
}

static void test_round_trip(void **state) {
    (void)state;
    struct val *v = sample();
    check_same(v);
    check_same(val_nil());
    val_unref(v);
}

static void test_two_frames_in_a_row(void **state) {
    (void)state;
    struct buf b = BUF_EMPTY;
    struct val *one = sample(), *two = val_int(2), *back;
    size_t used, more;
    assert_true(wire_write(&b, one, NULL) && wire_write(&b, two, NULL));
    assert_int_equal(wire_read(b.data, b.len, &back, &used, NULL), 1);
    val_unref(back);
    assert_int_equal(wire_read(b.data + used, b.len - used, &back, &more, NULL), 1);
    assert_int_equal(val_as_int(back, 0), 2);
    assert_int_equal(used + more, b.len);
    val_unref(back);
    val_unref(one);
    val_unref(two);
    buf_free(&b);
}

// Every beginning of a frame asks for more bytes; none is an error or a value.
static void test_cut_off(void **state) {
    (void)state;
    struct buf b = BUF_EMPTY;
    struct val *v = sample(), *back;
    size_t used;
    assert_true(wire_write(&b, v, NULL));
    for (size_t len = 0; len < b.len; len++) {
        assert_int_equal(wire_read(b.data, len, &back, &used, NULL), 0);
        assert_null(back);
    }
    val_unref(v);
    buf_free(&b);
}

static void refused(const char *body, size_t len) {
    struct buf b = BUF_EMPTY;
    struct val *back;
    struct err e;
    size_t used;
    char header[4] = {(char)(len & 0xff), (char)(len >> 8 & 0xff), (char)(len >> 16 & 0xff), 0};
    buf_add(&b, header, 4);
    buf_add(&b, body, len);
    assert_int_equal(wire_read(b.data, b.len, &back, &used, &e), -1);
    assert_null(back);
    assert_true(err_is(&e, ERR_INVALID));
    buf_free(&b);
}

#define REFUSED(bytes) refused(bytes, sizeof(bytes) - 1)

static void test_malformed(void **state) {
    (void)state;
    REFUSED("z");                              // an unknown tag
    REFUSED("nn");                             // bytes left over
    REFUSED("i\1\2\3");                        // a number cut off
    REFUSED("s\5\0\0\0abcd");                  // a string longer than the frame
    REFUSED("s\xff\xff\xff\xff");              // much longer
    REFUSED("l\xff\xff\xff\x7f");              // more items than bytes
    REFUSED("l\2\0\0\0n");                     // an item is missing
    REFUSED("m\1\0\0\0\1\0\0\0an");            // a key without a value
    REFUSED("m\2\0\0\0\1\0\0\0bt\1\0\0\0at");  // keys out of order
    REFUSED("m\2\0\0\0\1\0\0\0at\1\0\0\0at");  // a key twice
    REFUSED("m\1\0\0\0\xff\0\0\0a");           // a key longer than the frame
    struct val *back;
    size_t used;
    assert_int_equal(wire_read("\0\0\0\0", 4, &back, &used, NULL), -1);
    assert_int_equal(wire_read("\1\0\0\1", 4, &back, &used, NULL), -1);  // over 16 MB: at once
}

static void test_depth(void **state) {
    (void)state;
    struct buf b = BUF_EMPTY;
    struct err e;
    struct val *v = val_list();
    for (int depth = 0; depth < VAL_MAX_DEPTH; depth++) {
        struct val *outer = val_list();
        assert_true(val_append(outer, v));
        v = outer;
    }
    check_same(v);
    struct val *outer = val_list();
    assert_true(val_append(outer, v));
    assert_false(wire_write(&b, outer, &e));
    assert_true(err_is(&e, ERR_INVALID));
    assert_int_equal(b.len, 0);  // nothing is left of it
    val_unref(outer);
    buf_free(&b);
    char deep[5 * (VAL_MAX_DEPTH + 2)];
    for (size_t i = 0; i < sizeof deep; i += 5) memcpy(deep + i, "l\1\0\0\0", 5);
    refused(deep, sizeof deep);
}

static void test_too_large(void **state) {
    (void)state;
    struct buf b = BUF_EMPTY;
    struct err e;
    char *bytes = calloc(1, WIRE_MAX_FRAME);
    struct val *whole = val_string(bytes, WIRE_MAX_FRAME), *list = val_list();
    buf_add_str(&b, "before");
    assert_false(wire_write(&b, whole, &e));
    for (int i = 0; i < 3; i++)
        assert_true(val_append(list, val_string(bytes, WIRE_MAX_FRAME / 2)));
    assert_false(wire_write(&b, list, &e));
    assert_string_equal(buf_str(&b), "before");
    val_unref(whole);
    val_unref(list);
    buf_free(&b);
    free(bytes);
}

static void test_too_many(void **state) {
    (void)state;
    struct val *list = val_list();
    struct buf b = BUF_EMPTY;
    struct err e;
    for (size_t i = 0; i < WIRE_MAX_NODES; i++) assert_true(val_append(list, val_nil()));
    assert_false(wire_write(&b, list, &e));
    val_unref(list);
    buf_free(&b);
}

// Changed bytes give a value or an error, never a crash (run it under asan).
static void test_changed_bytes(void **state) {
    (void)state;
    struct buf b = BUF_EMPTY;
    struct val *v = sample(), *back;
    size_t used;
    uint32_t seed = 1;
    assert_true(wire_write(&b, v, NULL));
    char *copy = malloc(b.len);
    for (int round = 0; round < 200000; round++) {
        memcpy(copy, b.data, b.len);
        for (int change = 0; change < 3; change++) {
            seed = seed * 1664525 + 1013904223;
            copy[4 + seed / 65536 % (b.len - 4)] = (char)(seed >> 8);
        }
        if (wire_read(copy, b.len, &back, &used, NULL) == 1) val_unref(back);
    }
    free(copy);
    val_unref(v);
    buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_two_frames_in_a_row),
        cmocka_unit_test(test_cut_off),    cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_depth),      cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_too_many),   cmocka_unit_test(test_changed_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
