// values_test.c - values to and from Lua, and what happens when memory ends on the way.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>

#include "base/json.h"
#include "base/wire.h"
#include "failing.h"
#include "lua/heap.h"
#include "lua/values.h"

static lua_State *L;

static int set_up(void **state) {
    (void)state;
    L = luaL_newstate();
    luaL_openlibs(L);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lua_close(L);
    return 0;
}

// The value of a Lua expression, NULL and `e` when it cannot cross.
static struct val *value_of(const char *expression, struct err *e) {
    lua_settop(L, 0);
    lua_pushfstring(L, "return %s", expression);
    assert_int_equal(luaL_dostring(L, lua_tostring(L, -1)), LUA_OK);
    struct val *v = values_take(L, -1, e);
    assert_int_equal(lua_gettop(L), 2);  // the text and the value: the stack as it was
    return v;
}

static void gives(const char *expression, const char *json) {
    struct err e;
    struct buf b = BUF_EMPTY;
    struct val *v = value_of(expression, &e);
    assert_non_null(v);
    json_print(&b, v);
    assert_string_equal(buf_str(&b), json);
    buf_free(&b);
    val_unref(v);
}

static void refused(const char *expression, const char *message) {
    struct err e = {0};
    assert_null(value_of(expression, &e));
    assert_string_equal(e.message, message);
    assert_string_equal(e.code, ERR_PARAMS);
}

static void test_rules(void **state) {
    (void)state;
    gives("nil", "null");
    gives("{1, 2, 'x'}", "[1,2,\"x\"]");
    gives("{}", "{}");
    gives("{b = 1, a = {true, false}}", "{\"a\":[true,false],\"b\":1}");
    gives("{{}, {{}}}", "[{},[{}]]");
    gives("math.maxinteger", "9223372036854775807");
    gives("1.0", "1.0");
    gives("{[2] = 'b', [1] = 'a'}", "[\"a\",\"b\"]");
    gives("{[1.0] = 'a'}", "[\"a\"]");
    gives("{['1'] = 'a'}", "{\"1\":\"a\"}");
}

static void test_refusals_name_the_path(void **state) {
    (void)state;
    refused("{a = {b = {1, 2, x = 3}}}",
            "a.b: keys must be either strings or the numbers 1 to n without a gap");
    refused("{{}, {Values = {[2] = 1}}}",
            "[2].Values: keys must be either strings or the numbers 1 to n without a gap");
    refused("{[0] = 1}",
            "the value: keys must be either strings or the numbers 1 to n without a gap");
    refused("{[math.maxinteger] = 1, [1] = 2}",
            "the value: keys must be either strings or the numbers 1 to n without a gap");
    refused("{f = print}", "f: a function is not a value that can be sent");
    refused("io.stdout", "the value: a userdata is not a value that can be sent");
    refused("{n = 0/0}", "n: is not a finite number");
    refused("-math.huge", "the value: is not a finite number");
    refused("{[true] = 1}",
            "the value: keys must be either strings or the numbers 1 to n without a gap");
}

static void test_caps(void **state) {
    (void)state;
    struct err e;
    assert_null(value_of("(function() local t = {} t.t = t return t end)()", &e));
    assert_non_null(strstr(e.message, "nests too deep, or contains itself"));
    assert_null(value_of("(function() local s, t = ('x'):rep(1 << 20), {} "
                         "for i = 1, 17 do t[i] = s end return t end)()",
                         &e));
    assert_non_null(strstr(e.message, "too much for one message"));
    assert_null(
        value_of("(function() local t = {1} for i = 1, 40 do t = {t, t} end return t end)()", &e));
    assert_non_null(strstr(e.message, "too much for one message"));
}

static void test_metamethods_are_not_run(void **state) {
    (void)state;
    gives("setmetatable({1, 2}, {__index = error, __len = error, __pairs = error})", "[1,2]");
    gives("setmetatable({}, {__index = {a = 1}, __len = function() return 1 << 40 end})", "{}");
}

#define SAMPLE                                                                                     \
    "{\"a\":[1,2.5,true,false,\"text\",{\"b\":[{\"c\":\"d\"},[[[]]]]}],\"e\":{\"f\":{\"g\":-1}}}"

static void test_there_and_back(void **state) {
    (void)state;
    struct err e;
    struct val *v = json_parse(SAMPLE, strlen(SAMPLE), "test", &e);
    values_push(L, v);
    lua_setglobal(L, "v");
    gives("v.a[5] .. #v.a[6].b .. tostring(v.a[4]) .. v.e.f.g", "\"text2false-1\"");
    val_unref(v);
}

// Whatever allocation fails while a table is taken: an error, nothing lost (which the sanitizer
// build checks).
static void test_taking_without_memory(void **state) {
    (void)state;
    assert_int_equal(
        luaL_dostring(L, "return {1, 2.5, 'x', {a = {b = {'c', {}}}, d = ('y'):rep(99)}}"), LUA_OK);
    long rounds = 0;
    for (bool done = false; !done && rounds < 10000; rounds++) {
        struct err e = {0};
        allocations_left = rounds;
        struct val *v = values_take(L, -1, &e);
        allocations_left = -1;
        done = v != NULL;
        if (!done) assert_string_equal(e.code, ERR_MEMORY);
        val_unref(v);
    }
    assert_in_range(rounds, 10, 9999);
}

static int push_boxed(lua_State *state) {
    struct val **box = values_box(state);
    *box = json_parse(SAMPLE, strlen(SAMPLE), "test", NULL);
    if (!*box) return luaL_error(state, "not enough memory");
    values_push(state, *box);
    struct err e;
    struct val **second = values_box(state);
    *second = values_take(state, -2, &e);
    if (!*second) return luaL_error(state, "not enough memory");
    return 0;
}

// Whatever allocation fails, Lua's or C's, a boxed value is dropped with its state (which
// the sanitizer build checks).
static void test_pushing_without_memory(void **state) {
    (void)state;
    int status = LUA_ERRMEM;
    long rounds = 0;
    for (; status != LUA_OK && rounds < 10000; rounds++) {
        struct heap heap = {.cap = 1 << 24};
        lua_State *own = lua_newstate(heap_alloc, &heap);
        lua_pushcfunction(own, push_boxed);
        allocations_left = rounds;
        status = lua_pcall(own, 0, 0, 0);
        allocations_left = -1;
        lua_close(own);
        assert_int_equal(heap.used, 0);
    }
    assert_in_range(rounds, 30, 9999);
}

static void test_heap_keeps_its_cap(void **state) {
    (void)state;
    struct heap heap = {.cap = 1000};
    void *block = heap_alloc(&heap, NULL, LUA_TSTRING, 600);
    assert_non_null(block);
    assert_null(heap_alloc(&heap, NULL, 0, 401));
    assert_null(heap_alloc(&heap, block, 600, 1001));
    assert_null(heap_alloc(&heap, NULL, 0, SIZE_MAX));
    block = heap_alloc(&heap, block, 600, 1000);
    assert_non_null(block);
    assert_int_equal(heap.used, 1000);
    block = heap_alloc(&heap, block, 1000, 10);
    assert_int_equal(heap.used, 10);
    assert_null(heap_alloc(&heap, block, 10, 0));
    assert_int_equal(heap.used, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_refusals_name_the_path),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_metamethods_are_not_run),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_taking_without_memory),
        cmocka_unit_test(test_pushing_without_memory),
        cmocka_unit_test(test_heap_keeps_its_cap),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
