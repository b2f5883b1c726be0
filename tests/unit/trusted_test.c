// trusted_test.c - the host's own Lua: the advisor's answers, and its errors.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "failing.h"
#include "lua/advisor.h"

static struct val *parse(const char *json) {
    struct err e;
    struct val *v = json_parse(json, strlen(json), "test", &e);
    assert_non_null(v);
    return v;
}

#define TERMINATE                                                                                  \
    "{\"service\":\"ec2\",\"operation\":\"terminate_instances\","                                  \
    "\"params\":{\"InstanceIds\":[\"i-0123456789abcdef0\"]}}"

static void test_advice_on_an_unknown_call(void **state) {
    (void)state;
    struct err e = {0};
    struct trusted *t = trusted_new(0, &e);
    struct advisor a = advisor_from_lua(t);
    struct val *call = parse(TERMINATE), *lines, *inverse;
    assert_true(a.diff(a.ctx, call, NULL, &lines, &e));
    assert_string_equal(val_get_str(val_at(lines, 0), "sign", ""), "-");
    assert_string_equal(val_get_str(val_at(lines, 0), "subject", ""), "i-0123456789abcdef0");
    assert_true(a.inverse(a.ctx, call, NULL, NULL, &inverse, &e));
    assert_string_equal(val_get_str(inverse, "class", ""), "irreversible");
    val_unref(lines);
    val_unref(inverse);
    val_unref(call);
    trusted_free(t);
}

static void test_errors_become_struct_err(void **state) {
    (void)state;
    struct err e = {0};
    struct trusted *t = trusted_new(0, &e);
    struct val *result;
    assert_false(trusted_call(t, "no-such-module", "f", NULL, 0, &result, &e));
    assert_non_null(strstr(e.message, "no-such-module"));
    assert_false(trusted_call(t, "advisor", "no_such_function", NULL, 0, &result, &e));
    assert_non_null(strstr(e.message, "has no function 'no_such_function'"));
    assert_false(trusted_call(t, "../playbook/isolate", "f", NULL, 0, &result, &e));
    assert_false(trusted_call(t, "io", "open", NULL, 0, &result, &e));
    const struct val *in[] = {val_nil()};
    assert_false(trusted_call(t, "string", "rep", in, 1, &result, &e));  // Lua's own message
    assert_non_null(strstr(e.message, "internal: string.rep: bad argument"));
    assert_null(result);
    trusted_free(t);
}

static void test_order_is_sorted(void **state) {
    (void)state;
    struct err e = {0};
    struct trusted *t = trusted_new(0, &e);
    struct val *map = val_map(), *result;
    for (char name[] = "k99"; name[1] >= '0'; name[1]--)
        assert_true(val_set(map, name, val_bool(true)));
    const struct val *in[] = {map};
    assert_true(trusted_call(t, "_G", "next", in, 1, &result, &e));
    assert_string_equal(val_as_str(result, ""), "k09");
    val_unref(result);
    val_unref(map);
    trusted_free(t);
}

static void test_memory_is_capped(void **state) {
    (void)state;
    struct err e = {0};
    struct trusted *t = trusted_new(4 * 1024 * 1024, &e);
    struct val *x = val_cstr("x"), *count = val_int(100 << 20), *result;
    const struct val *in[] = {x, count};
    assert_false(trusted_call(t, "string", "rep", in, 2, &result, &e));
    assert_string_equal(e.code, ERR_MEMORY);
    val_unref(count);
    in[1] = count = val_int(3);
    assert_true(trusted_call(t, "string", "rep", in, 2, &result, &e));
    assert_string_equal(val_as_str(result, ""), "xxx");
    val_unref(result);
    val_unref(count);
    val_unref(x);
    trusted_free(t);
}

// Whatever allocation fails: an error, nothing lost, and the state can be used again.
static void test_without_memory(void **state) {
    (void)state;
    struct err e = {0};
    struct val *call = parse(TERMINATE), *lines = NULL;
    struct trusted *kept = trusted_new(0, &e);
    struct advisor a = advisor_from_lua(kept);
    assert_true(a.diff(a.ctx, call, NULL, &lines, &e));
    struct val *expected = lines;
    bool ok = false;
    long rounds = 0;
    for (; !ok && rounds < 20000; rounds++) {
        allocations_left = rounds;
        ok = a.diff(a.ctx, call, NULL, &lines, &e);
        allocations_left = -1;
        if (!ok) assert_string_equal(e.code, ERR_MEMORY);
    }
    assert_in_range(rounds, 5, 19999);
    assert_true(val_equal(lines, expected));
    val_unref(lines);
    val_unref(expected);
    val_unref(call);
    trusted_free(kept);
}

static void test_opening_without_memory(void **state) {
    (void)state;
    struct trusted *t = NULL;
    long rounds = 0;
    for (; !t && rounds < 20000; rounds++) {
        struct err e = {0};
        allocations_left = rounds;
        t = trusted_new(0, &e);
        allocations_left = -1;
        if (!t) assert_string_equal(e.code, ERR_MEMORY);
    }
    assert_in_range(rounds, 5, 19999);  // few: small blocks come from slabs
    trusted_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_advice_on_an_unknown_call),
        cmocka_unit_test(test_errors_become_struct_err),
        cmocka_unit_test(test_order_is_sorted),
        cmocka_unit_test(test_memory_is_capped),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_opening_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
