// heap_test.c - a Lua state's memory in slabs, as in a release build, with slabs of two pages.
#ifndef CORDON_SLABS
#define CORDON_SLABS
#endif
#define SLAB ((size_t)8192)
#include "lua/heap.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>

// Blocks of every size up to twice the small ones, each filled with its own number.
#define BLOCKS 1024

static void fill(void **blocks, struct heap *h) {
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = heap_alloc(h, NULL, LUA_TSTRING, i + 1);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % HEAP_STEP, 0);
        memset(blocks[i], (int)(i & 255), i + 1);
    }
}

static void assert_filled(const void *block, size_t number, size_t len) {
    const unsigned char *bytes = block;
    for (size_t k = 0; k < len; k++) assert_int_equal(bytes[k], number & 255);
}

static void test_blocks_do_not_touch(void **state) {
    (void)state;
    static void *blocks[BLOCKS];
    struct heap h = {.cap = (size_t)1 << 24};
    fill(blocks, &h);
    for (size_t i = 0; i < BLOCKS; i++) assert_filled(blocks[i], i, i + 1);
    for (size_t i = 0; i < BLOCKS; i += 2) heap_alloc(&h, blocks[i], i + 1, 0);
    for (size_t i = 1; i < BLOCKS; i += 2) assert_filled(blocks[i], i, i + 1);
    for (size_t i = 1; i < BLOCKS; i += 2) heap_alloc(&h, blocks[i], i + 1, 0);
    assert_int_equal(h.used, 0);
    assert_int_equal(h.held, 0);
}

static void test_a_resized_block_keeps_its_bytes(void **state) {
    (void)state;
    static void *blocks[BLOCKS];
    struct heap h = {.cap = (size_t)1 << 24};
    fill(blocks, &h);
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = BLOCKS - i;  // small ones grow over the border, large ones shrink over it
        blocks[i] = heap_alloc(&h, blocks[i], i + 1, size);
        assert_filled(blocks[i], i, size < i + 1 ? size : i + 1);
    }
    for (size_t i = 0; i < BLOCKS; i++) heap_alloc(&h, blocks[i], BLOCKS - i, 0);
    assert_int_equal(h.used, 0);
    assert_int_equal(h.held, 0);
}

static void test_a_freed_block_is_used_again(void **state) {
    (void)state;
    struct heap h = {.cap = (size_t)1 << 24};
    void *kept = heap_alloc(&h, NULL, LUA_TTABLE, 40);
    for (int i = 0; i < 100000; i++) {
        void *block = heap_alloc(&h, NULL, LUA_TTABLE, 100);
        assert_null(heap_alloc(&h, block, 100, 0));
    }
    assert_int_equal(h.held, SLAB);
    heap_alloc(&h, kept, 40, 0);
    assert_int_equal(h.held, 0);
}

// Sizes that come one after the other may cost the cap a second time, never more.
static void test_slabs_keep_the_cap_too(void **state) {
    (void)state;
    struct heap h = {.cap = 100000};
    void *first = heap_alloc(&h, NULL, LUA_TTABLE, 16);
    for (size_t size = 16; size <= HEAP_SMALL; size += 16) {
        static void *blocks[8000];
        size_t count = 0;
        while (count < 8000 && (blocks[count] = heap_alloc(&h, NULL, LUA_TTABLE, size))) count++;
        assert_true(h.used <= h.cap && h.held <= h.cap);
        while (count > 0) heap_alloc(&h, blocks[--count], size, 0);
    }
    heap_alloc(&h, first, 16, 0);
    assert_int_equal(h.held, 0);
}

// Lua believes that it cannot fail.
static void test_shrinking_a_small_block_works_at_the_cap(void **state) {
    (void)state;
    struct heap h = {.cap = SLAB};
    static void *blocks[SLAB / 64];
    size_t count = 0;
    while ((blocks[count] = heap_alloc(&h, NULL, LUA_TTABLE, 64))) count++;
    blocks[0] = heap_alloc(&h, blocks[0], 64, 20);
    assert_non_null(blocks[0]);
    heap_alloc(&h, blocks[0], 20, 0);
    while (--count > 0) heap_alloc(&h, blocks[count], 64, 0);
    assert_int_equal(h.used, 0);
}

static void test_lua_runs_in_it(void **state) {
    (void)state;
    struct heap h = {.cap = (size_t)1 << 22};
    lua_State *L = lua_newstate(heap_alloc, &h);
    luaL_openlibs(L);
    assert_int_equal(luaL_dostring(L, "local t = {} for i = 1, 20000 do t[i % 100] = ('x'):rep(i % "
                                      "900) .. i end collectgarbage() return #table.concat(t)"),
                     LUA_OK);
    assert_true(luaL_dostring(L, "local t = {} while true do t[#t + 1] = {} end"));
    assert_string_equal(lua_tostring(L, -1), "not enough memory");
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    assert_int_equal(luaL_dostring(L, "return #('x'):rep(100000)"), LUA_OK);
    lua_close(L);
    assert_int_equal(h.used, 0);
    assert_int_equal(h.held, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_do_not_touch),
        cmocka_unit_test(test_a_resized_block_keeps_its_bytes),
        cmocka_unit_test(test_a_freed_block_is_used_again),
        cmocka_unit_test(test_slabs_keep_the_cap_too),
        cmocka_unit_test(test_shrinking_a_small_block_works_at_the_cap),
        cmocka_unit_test(test_lua_runs_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
