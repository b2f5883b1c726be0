// base_test.c - buffers, errors, values, JSON.
#include "scratch.h"

#include <math.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/val.h"

// --- buf ---------------------------------------------------------------------

static void test_buf(void **state) {
    struct buf b = BUF_EMPTY;
    (void)state;
    assert_string_equal(buf_str(&b), "");
    buf_add_str(&b, "ab");
    buf_add_char(&b, 'c');
    buf_printf(&b, "%d-%s", 7, "x");
    assert_string_equal(buf_str(&b), "abc7-x");
    buf_consume(&b, 3);
    assert_string_equal(buf_str(&b), "7-x");
    assert_int_equal(b.len, 3);
    buf_add(&b, "\0y", 2);
    assert_int_equal(b.len, 5);
    buf_consume(&b, 5);
    assert_string_equal(buf_str(&b), "");
    char *room = buf_reserve(&b, 100);
    memset(room, 'z', 100);
    b.len += 100;
    buf_add_str(&b, "!");
    assert_int_equal(b.data[100], '!');
    char *taken = buf_take(&b);
    assert_int_equal(strlen(taken), 101);
    assert_null(b.data);
    free(taken);
    taken = buf_take(&b);
    assert_string_equal(taken, "");
    free(taken);
    buf_wipe(&b);
}

static void test_buf_failure_sticks(void **state) {
    struct buf b = BUF_EMPTY;
    (void)state;
    buf_add_str(&b, "kept");
    assert_null(buf_reserve(&b, SIZE_MAX - 2));
    assert_true(b.failed);
    buf_add_str(&b, "not added");
    buf_printf(&b, "nor %s", "this");
    assert_string_equal(buf_str(&b), "kept");
    buf_clear(&b);
    buf_add_str(&b, "again");
    assert_string_equal(buf_str(&b), "again");
    buf_free(&b);
}

// --- err ---------------------------------------------------------------------

static void test_err(void **state) {
    struct err e = {.status = 400, .operation = "old"};
    (void)state;
    assert_false(err_set(&e, ERR_USAGE, "no such file: %s", "x"));
    assert_true(err_is(&e, ERR_USAGE));
    assert_false(err_is(&e, ERR_MEMORY));
    assert_false(err_is(NULL, ERR_MEMORY));
    assert_int_equal(e.status, 0);
    assert_string_equal(e.operation, "");
    err_prefix(&e, "line %d", 3);
    assert_string_equal(e.message, "line 3: no such file: x");
    assert_false(err_set(NULL, ERR_USAGE, "nobody listens"));
    assert_false(err_prefix(NULL, "x"));
    char *large = calloc(1, 5001);
    memset(large, 'a', 5000);
    err_set(&e, large, "%s", large);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
    assert_int_equal(strlen(e.code), sizeof e.code - 1);
    err_prefix(&e, "%s", large);
    free(large);
}

static void test_an_error_may_quote_itself(void **state) {
    struct err e;
    (void)state;
    err_set(&e, ERR_SYSTEM, "the disk is full");
    err_set(&e, e.code, "lost: %s", e.message);
    assert_string_equal(e.message, "lost: the disk is full");
    assert_string_equal(e.code, ERR_SYSTEM);
    err_errno(&e, "again: %s", e.message);
    assert_non_null(strstr(e.message, "again: lost: the disk is full"));
}

static void test_err_as_a_value(void **state) {
    struct err e, back;
    (void)state;
    err_set(&e, "Throttling", "slow down");
    e.status = 503;
    e.retryable = true;
    snprintf(e.operation, sizeof e.operation, "DescribeVpcs");
    struct val *v = err_to_val(&e);
    assert_null(val_get(v, "request_id"));
    err_from_val(&back, v);
    assert_memory_equal(&e, &back, sizeof e);
    val_unref(v);
    v = val_list();
    err_from_val(&back, v);
    assert_string_equal(back.code, "");
    val_unref(v);
}

// --- val ---------------------------------------------------------------------

static void test_reading_what_is_not_there(void **state) {
    (void)state;
    assert_int_equal(val_type(NULL), VAL_NIL);
    assert_true(val_is_nil(NULL));
    assert_int_equal(val_as_int(NULL, 7), 7);
    assert_string_equal(val_as_str(NULL, "x"), "x");
    assert_null(val_get(NULL, "a"));
    assert_null(val_at(NULL, 0));
    assert_null(val_key_at(NULL, 0));
    assert_int_equal(val_count(NULL), 0);
    assert_null(val_cstr(NULL));
    assert_null(val_ref(NULL));
    val_unref(NULL);
    assert_false(val_append(NULL, NULL));
    assert_false(val_set(NULL, "a", val_int(1)));
    struct val *s = val_cstr("text");
    assert_int_equal(val_as_int(s, 3), 3);
    assert_null(val_get(s, "a"));
    assert_false(val_append(s, val_int(1)));
    val_unref(s);
}

static void test_maps(void **state) {
    struct val *m = val_map();
    (void)state;
    for (int i = 999; i >= 0; i--) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        assert_true(val_set(m, key, val_int(i)));
    }
    assert_int_equal(val_count(m), 1000);
    for (size_t i = 1; i < 1000; i++)
        assert_true(strcmp(val_key_at(m, i - 1), val_key_at(m, i)) < 0);
    assert_int_equal(val_as_int(val_get(m, "357"), -1), 357);
    assert_true(val_set(m, "357", val_cstr("other")));
    assert_int_equal(val_count(m), 1000);
    assert_string_equal(val_get_str(m, "357", ""), "other");
    assert_true(val_set(m, "357", val_nil()));
    assert_int_equal(val_count(m), 999);
    assert_null(val_get(m, "357"));
    assert_true(val_set_n(m, "a\0b", 3, val_int(1)));
    assert_null(val_get(m, "a"));
    assert_false(val_set(m, "x", NULL));
    val_unref(m);
}

static void test_sharing_and_copies(void **state) {
    struct val *inner = val_list(), *outer = val_map();
    (void)state;
    assert_true(val_append(inner, val_int(1)));
    assert_true(val_set(outer, "a", val_ref(inner)) && val_set(outer, "b", inner));
    struct val *copy = val_copy(outer);
    assert_true(val_equal(copy, outer));
    assert_true(val_set(copy, "a", val_int(2)));
    assert_false(val_equal(copy, outer));
    assert_int_equal(val_type(val_get(outer, "a")), VAL_LIST);
    val_unref(outer);
    assert_int_equal(val_as_int(val_path(copy, "b", "0", NULL), 0), 1);
    val_unref(copy);
    copy = val_copy(NULL);
    assert_true(val_is_nil(copy));
}

static void test_paths(void **state) {
    struct err e;
    const char *text = "{\"Groups\":[{\"GroupId\":\"sg-1\"},{\"GroupId\":\"sg-2\"}]}";
    struct val *v = json_parse(text, strlen(text), "", &e);
    (void)state;
    assert_string_equal(val_as_str(val_path(v, "Groups", "1", "GroupId", NULL), ""), "sg-2");
    assert_null(val_path(v, "Groups", "2", "GroupId", NULL));
    assert_null(val_path(v, "Groups", "GroupId", NULL));
    assert_null(val_path(v, "Groups", "", NULL));
    assert_null(val_path(v, "Groups", "1x", NULL));
    assert_null(val_path(v, "Groups", "-1", NULL));
    val_unref(v);
}

static void test_numbers(void **state) {
    (void)state;
    struct val *i = val_int(1), *d = val_double(1.0), *half = val_double(0.5),
               *big = val_double(9223372036854775808.0), *max = val_int(INT64_MAX),
               *nan = val_double(NAN);
    assert_true(val_equal(i, d));
    assert_false(val_equal(i, half));
    assert_false(val_equal(max, big));
    assert_int_equal(val_as_int(half, 9), 9);
    assert_int_equal(val_as_int(big, 9), 9);
    assert_int_equal(val_as_int(nan, 9), 9);
    assert_int_equal(val_as_int(d, 9), 1);
    assert_true(val_as_double(i, 0) == 1.0);
    struct val *all[] = {i, d, half, big, max, nan};
    for (size_t k = 0; k < 6; k++) val_unref(all[k]);
}

// --- json --------------------------------------------------------------------

static void round_trip(const char *text, const char *expected) {
    struct err e = {0};
    struct val *v = json_parse(text, strlen(text), "test", &e);
    if (v == NULL) fail_msg("%s: %s", text, e.message);
    struct buf out = BUF_EMPTY;
    json_print(&out, v);
    assert_string_equal(buf_str(&out), expected);
    val_unref(v);
    buf_free(&out);
}

static void test_json_round_trips(void **state) {
    (void)state;
    round_trip(" {\"b\": [1, -0.5, true ,null,\"x\"], \"a\": {} } \n",
               "{\"a\":{},\"b\":[1,-0.5,true,null,\"x\"]}");
    round_trip("9007199254740993", "9007199254740993");
    round_trip("-9223372036854775808", "-9223372036854775808");
    round_trip("1.0", "1.0");
    round_trip("1e2", "100.0");
    round_trip("0.1", "0.1");
    round_trip("1e308", "1e+308");
    round_trip("5e-324", "4.94065645841247e-324");
    round_trip("\"\\u00e9\\ud83d\\ude00\\n\\u001b\\/\"", "\"\xc3\xa9\xf0\x9f\x98\x80\\n\\u001b/\"");
    round_trip("{\"a\":null,\"b\":1}", "{\"b\":1}");
    round_trip("[]", "[]");
    round_trip("\"\"", "\"\"");
}

static void test_json_refuses(void **state) {
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "[1,]",
                                      "[1 2]",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "'a'",
                                      "01",
                                      "1.",
                                      ".5",
                                      "+1",
                                      "1e",
                                      "--1",
                                      "nul",
                                      "NaN",
                                      "Infinity",
                                      "\"\\u0000\"",
                                      "\"a",
                                      "\"\n\"",
                                      "\"\\x\"",
                                      "\"\\ud800\"",
                                      "\"\xff\"",
                                      "\"\xed\xa0\x80\"",
                                      "1 2",
                                      "[] x",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":null,\"a\":1}",
                                      "{\"a\":1,\"a\":null}",
                                      "{\"a\":null,\"a\":null}",
                                      "9223372036854775808",
                                      "{\"a\" 1}",
                                      "[1}",
                                      "\xef\xbb\xbf{}",
                                      "\v1",
                                      "tru",
                                      "{\"\\u0000\":1}"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = {0};
        struct val *v = json_parse(bad[i], strlen(bad[i]), "the text", &e);
        if (v != NULL) fail_msg("accepted: %s", bad[i]);
        assert_string_equal(e.code, ERR_INVALID);
        assert_non_null(strstr(e.message, "the text"));
    }
    struct err e;
    assert_null(json_parse("[1]\0", 4, "", &e));
}

static void test_json_depth(void **state) {
    char text[400];
    struct err e;
    (void)state;
    memset(text, '[', VAL_MAX_DEPTH);
    memset(text + VAL_MAX_DEPTH, ']', VAL_MAX_DEPTH);
    struct val *v = json_parse(text, 2 * VAL_MAX_DEPTH, "", &e);
    assert_non_null(v);
    val_unref(v);
    memset(text, '[', VAL_MAX_DEPTH + 1);
    memset(text + VAL_MAX_DEPTH + 1, ']', VAL_MAX_DEPTH + 1);
    assert_null(json_parse(text, 2 * VAL_MAX_DEPTH + 2, "", &e));
    assert_string_equal(e.code, ERR_INVALID);
}

static void test_json_prints_what_is_odd(void **state) {
    struct buf out = BUF_EMPTY;
    struct val *list = val_list();
    (void)state;
    assert_true(val_append(list, val_double(NAN)) && val_append(list, val_double(INFINITY)) &&
                val_append(list, val_double(1e15)) &&
                val_append(list, val_string("a\0\xff\x7f", 4)));
    json_print(&out, list);
    assert_string_equal(buf_str(&out), "[null,null,1e+15,\"a\\u0000\xef\xbf\xbd\\u007f\"]");
    buf_clear(&out);
    json_print(&out, NULL);
    assert_string_equal(buf_str(&out), "null");
    buf_clear(&out);
    struct err e;
    struct val *v = json_parse("{\"a\":[1,{}],\"b\":[]}", 19, "", &e);
    json_print_pretty(&out, v);
    assert_string_equal(buf_str(&out), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
    val_unref(v);
    val_unref(list);
    buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf),
        cmocka_unit_test(test_buf_failure_sticks),
        cmocka_unit_test(test_err),
        cmocka_unit_test(test_an_error_may_quote_itself),
        cmocka_unit_test(test_err_as_a_value),
        cmocka_unit_test(test_reading_what_is_not_there),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_sharing_and_copies),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_json_round_trips),
        cmocka_unit_test(test_json_refuses),
        cmocka_unit_test(test_json_depth),
        cmocka_unit_test(test_json_prints_what_is_odd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
