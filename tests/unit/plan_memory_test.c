// plan_memory_test.c - what a plan does when memory runs out, at every allocation.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing.h"

#include "base/json.h"
#include "plan/binding.h"
#include "plan/plan.h"
#include "plan/skeleton.h"

static struct model *model;
static const struct operation *op;
static struct val *options, *params, *planned, *real;

static struct val *parse(const char *text) {
    struct err e;
    struct val *v = json_parse(text, strlen(text), "test", &e);
    assert_non_null(v);
    return v;
}

static int open_all(void **state) {
    struct err e;
    (void)state;
    model = model_open(NULL, &e);
    op = model ? model_operation(model, "ec2", "CreateSecurityGroup", &e) : NULL;
    options = parse("{\"optional\":true,\"hazards\":{\"cuts\":\"it cuts\"}}");
    params = parse("{\"GroupName\":\"g\",\"Description\":\"d\",\"VpcId\":\"vpc-1\"}");
    planned = parse("{\"GroupId\":\"sg-(planned-1)\",\"Tags\":[{\"Key\":\"a\"}]}");
    real = parse("{\"GroupId\":\"sg-0123\",\"Tags\":[{\"Key\":\"a\"}]}");
    return op ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    struct val *all[] = {options, params, planned, real};
    for (size_t i = 0; i < 4; i++) val_unref(all[i]);
    model_free(model);
    return 0;
}

static bool fill(struct plan *p, struct err *e) {
    for (int step = 0; step < 20; step++) {
        if (!plan_add_step(p, "Cut it off", options, e)) return false;
        char key[16];
        snprintf(key, sizeof key, "#%d", step);
        struct planned_call *c = plan_add_call(p, (size_t)step, key, op, params, WINDOW_NONE, e);
        if (!c) return false;
        plan_put(&c->result, val_ref(planned));
        if (!plan_note(p, (size_t)step, "a note", step % 2)) return err_memory(e);
    }
    return plan_note(p, NO_STEP, "outside", false) || err_memory(e);
}

static bool plans(struct err *e) {
    struct plan p;
    bool ok = (plan_init(&p) || err_memory(e)) && fill(&p, e);
    struct val *v = ok ? plan_to_val(&p, model, e) : NULL;
    if (v) {
        assert_int_equal(val_count(v), 20);
        assert_non_null(plan_find(&p, "#19"));
    }
    val_unref(v);
    plan_free(&p);
    return v != NULL;
}

static bool bindings(struct err *e) {
    struct val *pairs = val_map(), *bound = NULL;
    bool ok = (pairs || err_memory(e)) && binding_learn(pairs, planned, real, e) &&
              (bound = binding_apply(pairs, planned, e));
    if (ok) assert_true(val_equal(bound, real) && !planned_id_in(bound));
    val_unref(bound);
    val_unref(pairs);
    return ok;
}

static bool skeletons(struct err *e) {
    struct skeleton_counters counters = {0};
    struct val *v = skeleton_answer(model, op, params, &counters, e);
    struct val *call = v ? call_value(op, params, planned) : NULL;
    bool ok = v && (call || err_memory(e));
    if (ok) assert_non_null(planned_id_in(v));
    val_unref(v);
    val_unref(call);
    skeleton_free(&counters);
    return ok;
}

static void test_plans(void **state) {
    (void)state;
    at_every_allocation(plans);
}

static void test_bindings(void **state) {
    (void)state;
    at_every_allocation(bindings);
}

static void test_skeletons(void **state) {
    (void)state;
    at_every_allocation(skeletons);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_bindings),
        cmocka_unit_test(test_skeletons),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
