// names_test.c - lint learns from the sandbox itself what a playbook can name.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing.h"
#include "lua/names.h"

static struct val *names;

static int set_up(void **state) {
    struct val *services = val_list();
    struct err e;
    (void)state;
    bool ok = val_append(services, val_cstr("ec2")) && names_of_sandbox(services, &names, &e);
    val_unref(services);
    return ok ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    val_unref(names);
    return 0;
}

static const struct val *global(const char *name) {
    return val_path(names, "globals", name, NULL);
}

static bool holds(const struct val *library, const char *name) {
    return val_as_bool(val_get(library, name), false);
}

static void functions_and_values_are_there(void **state) {
    static const char *const there[] = {"pcall", "pairs",   "playbook", "window", "log",
                                        "_G",    "require", "run_id",   "ticket", "_VERSION"};
    (void)state;
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        assert_true(val_as_bool(global(there[i]), false));
}

static void what_is_kept_from_playbooks_is_not(void **state) {
    static const char *const kept[] = {"io",   "debug", "package",        "dofile",
                                       "step", "warn",  "collectgarbage", "sqs"};
    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) assert_null(global(kept[i]));
    assert_non_null(global("ec2"));
}

static void libraries_have_their_members(void **state) {
    (void)state;
    assert_true(holds(global("string"), "format"));
    assert_false(holds(global("string"), "dump"));
    assert_true(holds(global("math"), "floor"));
    assert_false(holds(global("math"), "randomseed"));
    assert_true(holds(global("os"), "time"));
    assert_int_equal(val_count(global("os")), 2);
    assert_true(holds(global("coroutine"), "wrap"));
    assert_true(holds(global("table"), "sort"));
}

static void fields_have_their_types(void **state) {
    (void)state;
    assert_string_equal(val_as_str(val_path(names, "fields", "playbook", "run", NULL), ""),
                        "function");
    assert_string_equal(val_as_str(val_path(names, "fields", "step", "optional", NULL), ""),
                        "boolean");
    assert_string_equal(val_as_str(val_path(names, "fields", "step", "when", NULL), ""), "any");
    assert_int_equal(val_count(val_path(names, "fields", "window", NULL)), 3);
    assert_int_equal(val_count(val_path(names, "fields", "wait", NULL)), 2);
    assert_int_equal(val_count(val_path(names, "fields", "parallel", NULL)), 1);
}

static void hints_say_what_to_do(void **state) {
    (void)state;
    assert_string_equal(val_get_str(val_get(names, "hints"), "step", ""),
                        "it is the second argument of run");
}

// However little memory there is, the answer is whole or there is none.
static void memory_may_end_anywhere(void **state) {
    struct val *services = val_list(), *got = NULL;
    struct err e;
    bool ok = false;
    long n = 0;
    (void)state;
    assert_true(val_append(services, val_cstr("ec2")));
    for (; !ok && n < 100000; n++) {
        allocations_left = n;
        ok = names_of_sandbox(services, &got, &e);
        allocations_left = -1;
        if (!ok) assert_null(got);
    }
    assert_true(ok && n > 50);
    assert_true(val_equal(got, names));
    val_unref(got);
    val_unref(services);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_and_values_are_there),
        cmocka_unit_test(what_is_kept_from_playbooks_is_not),
        cmocka_unit_test(libraries_have_their_members),
        cmocka_unit_test(fields_have_their_types),
        cmocka_unit_test(hints_say_what_to_do),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
