// lint_facts_test.c - what lint is told about operations, shapes and modules.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/lint_facts.h"
#include "failing.h"

static struct model *model;

static struct val *list_of(const char *const *texts) {
    struct val *list = val_list();
    for (; list && *texts; texts++)
        if (!val_append(list, val_cstr(*texts))) {
            val_unref(list);
            return NULL;
        }
    return list;
}

// What lint.lua would say of every source: the same for modules.
static bool lint_names(void *ctx, const struct val *source, const struct val *services,
                       struct val **out, struct err *e) {
    static const char *const operations[] = {"ec2.create_tags",        "ec2.describe_instnces",
                                             "ec2.describe_instances", "sts.get_session_token",
                                             "ec2.run_instances",      NULL};
    static const char *const modules[] = {"evidence", "isolat", "../x", "isolate", NULL};
    (void)ctx;
    (void)source;
    assert_true(val_count(services) >= 3);
    *out = val_map();
    if (val_set(*out, "operations", list_of(operations)) &&
        val_set(*out, "modules", list_of(modules)))
        return true;
    val_unref(*out);
    return err_memory(e);
}

static const struct advisor advisor = {.lint_names = lint_names};

static struct source playbook(void) {
    struct source s = {.file = strdup("playbooks/x.lua"), .folder = strdup("playbooks")};
    s.embedded = true;
    buf_add_str(&s.text, "return playbook {}");
    return s;
}

static bool make(struct val **facts, struct err *e) {
    struct host h = {.model = model, .advisor = &advisor};
    struct source s = playbook();
    bool ok = (s.file && s.folder && !s.text.failed) || err_memory(e);
    ok = ok && lint_facts(&h, &s, facts, e);
    source_free(&s);
    return ok;
}

static const struct val *made(void) {
    static struct val *facts;
    struct err e;
    if (!facts) assert_true(make(&facts, &e));
    return facts;
}

static const struct val *operation(const char *name) {
    return val_path(made(), "operations", name, NULL);
}

static void operations_have_what_the_model_says(void **state) {
    (void)state;
    assert_true(val_as_bool(val_get(operation("ec2.create_tags"), "mutates"), false));
    assert_false(val_as_bool(val_get(operation("ec2.describe_instances"), "mutates"), true));
    assert_true(val_as_bool(val_get(operation("ec2.describe_instances"), "pages"), false));
    assert_true(val_as_bool(val_get(operation("sts.get_session_token"), "credentials"), false));
    assert_string_equal(val_get_str(operation("ec2.create_tags"), "input", ""),
                        "CreateTagsRequest");
    const char *unknown = val_get_str(operation("ec2.describe_instnces"), "unknown", "");
    assert_non_null(strstr(unknown, "did you mean describe_instances?"));
}

static void shapes_are_there_to_the_last(void **state) {
    (void)state;
    const struct val *shapes = val_path(made(), "shapes", "ec2", NULL);
    const struct val *tags = val_path(shapes, "CreateTagsRequest", "members", "Tags", NULL);
    assert_true(val_as_bool(val_get(tags, "required"), false));
    const struct val *list = val_get(shapes, val_get_str(tags, "shape", ""));
    assert_string_equal(val_get_str(list, "kind", ""), "list");
    const struct val *tag = val_get(shapes, val_get_str(list, "item", ""));
    assert_non_null(val_path(tag, "members", "Key", NULL));
    // Whatever a shape names is there too.
    for (size_t i = 0; i < val_count(shapes); i++) {
        const struct val *members = val_get(val_at(shapes, i), "members");
        for (size_t k = 0; k < val_count(members); k++)
            assert_non_null(val_get(shapes, val_get_str(val_at(members, k), "shape", "")));
    }
    assert_true(val_count(val_path(shapes, "InstanceType", "choices", NULL)) > 100);
}

static void modules_are_found_as_require_finds_them(void **state) {
    (void)state;
    const struct val *modules = val_get(made(), "modules");
    assert_string_equal(val_get_str(val_get(modules, "evidence"), "file", ""),
                        "stdlib/playbook/evidence.lua");
    assert_false(val_as_bool(val_path(modules, "evidence", "own", NULL), true));
    assert_true(val_str_len(val_path(modules, "evidence", "source", NULL)) > 100);
    assert_non_null(strstr(val_get_str(val_get(modules, "isolat"), "missing", ""), "no module"));
    assert_non_null(strstr(val_get_str(val_get(modules, "../x"), "missing", ""), "plain name"));
    assert_true(val_count(val_get(made(), "module_names")) > 2);
    assert_string_equal(val_as_str(val_path(made(), "protocols", "ec2", NULL), ""), "ec2");
    assert_string_equal(val_as_str(val_path(made(), "protocols", "sqs", NULL), ""), "json");
}

static void memory_may_end_anywhere(void **state) {
    struct val *got = NULL;
    struct err e;
    bool ok = false;
    long n = 0;
    (void)state;
    made();
    // Every allocation at first, then in strides: there are thousands, one like the other.
    for (; !ok && n < 1000000; n += n < 400 ? 1 : 211) {
        allocations_left = n;
        ok = make(&got, &e);
        allocations_left = -1;
        if (!ok) assert_true(err_is(&e, ERR_MEMORY));
    }
    assert_true(ok && val_equal(got, made()));
    val_unref(got);
}

int main(void) {
    struct err e;
    model = model_open(NULL, &e);
    if (!model) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_have_what_the_model_says),
        cmocka_unit_test(shapes_are_there_to_the_last),
        cmocka_unit_test(modules_are_found_as_require_finds_them),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    model_free(model);
    return failed;
}
