// sandbox_test.c - the environment of playbooks, without a process around it.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "lua/sandbox.h"

#define MEGABYTE ((size_t)1024 * 1024)

static int build(lua_State *L) {
    sandbox_environment(L, 42);
    lua_settop(L, 3);
    // What core.lua does, in short: the plain functions are the names.
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, 2);
    }
    return 0;
}

static void open_box(struct sandbox *s, int64_t limit_ms) {
    assert_true(sandbox_open(s, 32 * MEGABYTE, limit_ms, "test.lua"));
    lua_pushcfunction(s->L, build);
    assert_int_equal(lua_pcall(s->L, 0, 0, 0), LUA_OK);
}

// Runs the chunk; its result or its error as text, valid until the next run.
static const char *run(struct sandbox *s, const char *text) {
    static char result[1024];
    lua_settop(s->L, 0);
    if (luaL_loadbufferx(s->L, text, strlen(text), "@test.lua", "t") == LUA_OK)
        lua_pcall(s->L, 0, 1, 0);
    const char *got = lua_tostring(s->L, -1);
    snprintf(result, sizeof result, "%s", got ? got : luaL_typename(s->L, -1));
    return result;
}

static void test_random_numbers_follow_the_seed(void **state) {
    (void)state;
    char first[1024];
    struct sandbox s;
    for (int round = 0; round < 2; round++) {
        open_box(&s, 0);
        const char *numbers =
            run(&s, "local t = {} for i = 1, 10 do t[i] = math.random(1000000) end "
                    "return table.concat(t, ' ')");
        if (round == 0) snprintf(first, sizeof first, "%s", numbers);
        assert_string_equal(numbers, first);
        sandbox_close(&s);
        assert_int_equal(s.heap.used, 0);
    }
}

static void test_no_way_around_the_list(void **state) {
    (void)state;
    struct sandbox s;
    open_box(&s, 0);
    assert_string_equal(run(&s, "return pcall(load('return io')) and 'io' or 'none'"), "none");
    assert_string_equal(run(&s, "return tostring(string.dump or math.randomseed)"), "nil");
    assert_string_equal(run(&s, "return tostring(getmetatable(''))"), "false");
    assert_string_equal(run(&s, "return tostring({}) .. tostring(pairs)"), "tablefunction");
    assert_string_equal(run(&s, "return ('%s'):format(setmetatable({}, {__name = 'x'}))"), "x");
    assert_string_equal(run(&s, "return load('return _ENV')() == _ENV and 'same'"), "same");
    assert_string_equal(run(&s, "return undefined"), "test.lua:1: undefined name");
    sandbox_close(&s);
}

static void test_memory_is_capped(void **state) {
    (void)state;
    struct sandbox s;
    open_box(&s, 0);
    assert_string_equal(run(&s, "return ('x'):rep(100 << 20)"), "not enough memory");
    assert_string_equal(run(&s, "return #('x'):rep(10 << 20)"), "10485760");
    assert_true(s.heap.used <= 32 * MEGABYTE);
    sandbox_close(&s);
}

static void test_time_is_up(void **state) {
    (void)state;
    struct sandbox s;
    open_box(&s, 50);
    assert_string_equal(run(&s, "\nwhile true do pcall(function() while true do end end) end"),
                        "test.lua:2: the playbook has used up its time for computing (0.1 s, see --deadline)");
    assert_true(s.expired);
    sandbox_close(&s);
}

// Whatever allocation fails while the environment is built: an error, and all is freed.
static void test_building_without_memory(void **state) {
    (void)state;
    int status = LUA_ERRMEM;
    long rounds = 0;
    for (; status != LUA_OK && rounds < 10000; rounds++) {
        struct sandbox s;
        allocations_left = rounds;
        bool open = sandbox_open(&s, 32 * MEGABYTE, 0, "test.lua");
        if (open) {
            lua_pushcfunction(s.L, build);
            status = lua_pcall(s.L, 0, 0, 0);
        }
        allocations_left = -1;
        sandbox_close(&s);
        assert_int_equal(s.heap.used, 0);
    }
    assert_in_range(rounds, 100, 9999);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_numbers_follow_the_seed),
        cmocka_unit_test(test_no_way_around_the_list),
        cmocka_unit_test(test_memory_is_capped),
        cmocka_unit_test(test_time_is_up),
        cmocka_unit_test(test_building_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
