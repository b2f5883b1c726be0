// plan_read_test.c - a plan out of its value: the same plan; hostile values; memory that runs out.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing.h"

#include "base/json.h"
#include "plan/plan.h"

static struct model *model;
static struct val *good;

#define CALL                                                                                       \
    "{\"key\":\"1:1.1#1\",\"service\":\"ec2\",\"operation\":\"create_security_group\",\"params\":" \
    "{\"GroupName\":\"g\",\"Description\":\"d\",\"VpcId\":\"vpc-1\"},\"permission\":\"proven\","   \
    "\"result\":{\"GroupId\":\"sg-(planned-1)\"},\"before\":{\"absent\":true},\"inverse\":"        \
    "{\"class\":\"inverted\"}}"
#define WINDOW_CALL                                                                                \
    "{\"key\":\"2:#1\",\"service\":\"ec2\",\"operation\":\"modify_network_interface_attribute\","  \
    "\"params\":{\"NetworkInterfaceId\":\"eni-1\",\"Groups\":[\"sg-(planned-1)\"]},\"window\":"    \
    "\"open\",\"permission\":\"predicted\"}"
#define GOOD                                                                                       \
    "[{\"title\":\"Prepare\",\"optional\":true,\"on_failure\":\"warn\",\"hazards\":{\"asg\":"      \
    "\"it is in a group\"},\"notes\":[{\"text\":\"a\"},{\"text\":\"b\",\"verify\":true}],"         \
    "\"calls\":[" CALL "]},{\"title\":\"Cut\",\"settle\":2.5,\"calls\":[" WINDOW_CALL "]}]"

static struct val *parse(const char *text) {
    struct err e;
    struct val *v = json_parse(text, strlen(text), "test", &e);
    if (!v) fail_msg("%s", e.message);
    return v;
}

static int open_all(void **state) {
    struct err e;
    (void)state;
    model = model_open(NULL, &e);
    good = parse(GOOD);
    return model ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    val_unref(good);
    model_free(model);
    return 0;
}

static void a_plan_reads_back_as_it_was_written(void **state) {
    struct plan first, second;
    struct err e;
    (void)state;
    assert_true(plan_init(&first) && plan_init(&second));
    if (!plan_from_val(&first, model, good, &e)) fail_msg("%s", e.message);
    struct val *once = plan_to_val(&first, model, &e);
    assert_true(plan_from_val(&second, model, once, &e));
    struct val *twice = plan_to_val(&second, model, &e);
    assert_true(val_equal(once, twice));
    assert_int_equal(second.step_count, 2);
    assert_int_equal(second.rehearsed_count, 2);
    assert_true(second.steps[0].optional && second.steps[0].warn);
    assert_true(second.steps[1].has_window && second.steps[1].settle == 2.5);
    assert_int_equal(second.calls[0]->proof, PROOF_PROVEN);
    assert_int_equal(second.calls[1]->window, WINDOW_OPENING);
    assert_string_equal(val_get_str(second.calls[0]->result, "GroupId", ""), "sg-(planned-1)");
    assert_ptr_equal(plan_find(&second, "2:#1"), second.calls[1]);
    val_unref(once);
    val_unref(twice);
    plan_free(&first);
    plan_free(&second);
}

static void a_secret_parameter_is_refused(void **state) {
    struct plan p, q;
    struct err e;
    (void)state;
    struct val *params = parse("{\"ImageId\":\"ami-1\",\"MinCount\":1,\"MaxCount\":1,\"UserData\":\"secret\"}");
    const struct operation *op = model_operation(model, "ec2", "run_instances", &e);
    assert_true(plan_init(&p) && plan_init(&q));
    assert_non_null(plan_add_step(&p, "Start", NULL, &e));
    assert_non_null(plan_add_call(&p, 0, "1:#1", op, params, WINDOW_NONE, &e));
    struct val *v = plan_to_val(&p, model, &e);
    assert_false(plan_from_val(&q, model, v, &e));
    assert_string_equal(e.code, ERR_REFUSED);
    assert_non_null(strstr(e.message, "step 1, call 1"));
    assert_non_null(strstr(e.message, "secret"));
    val_unref(v);
    val_unref(params);
    plan_free(&p);
    plan_free(&q);
}

static void hostile_values_are_refused_by_place(void **state) {
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"{\"a\":1}", "no list"},
        {"\"x\"", "no list"},
        {"[{\"calls\":[]}]", "step 1: it has no title"},
        {"[{\"title\":7}]", "step 1: it has no title"},
        {"[{\"title\":\"a\",\"hazards\":[1]}]", "hazards"},
        {"[{\"title\":\"a\",\"settle\":-1}]", "0 to 3600"},
        {"[{\"title\":\"a\",\"settle\":\"x\"}]", "0 to 3600"},
        {"[{\"title\":\"a\",\"calls\":[7]}]", "step 1, call 1: its key"},
        {"[{\"title\":\"a\",\"calls\":[{\"key\":\"2:#1\"}]}]", "its key is not one of this step"},
        {"[{\"title\":\"a\",\"calls\":[" CALL "," CALL "]}]", "call 2: its key is there twice"},
        {"[{\"title\":\"a\",\"calls\":[{\"key\":\"1:#1\",\"service\":\"ec2\",\"operation\":\"no\"}]}]",
         "step 1, call 1: "},
        {"[{\"title\":\"a\",\"calls\":[{\"key\":\"1:#1\",\"service\":\"ec2\",\"operation\":"
         "\"describe_vpcs\",\"params\":{}}]}]",
         "changes nothing"},
        {"[{\"title\":\"a\",\"calls\":[{\"key\":\"1:#1\",\"service\":\"ec2\",\"operation\":"
         "\"delete_security_group\",\"params\":{\"GroupId\":\"sg-1\"},\"window\":\"ajar\"}]}]",
         "part of the window"},
        {"[{\"title\":\"a\",\"calls\":[{\"key\":\"1:#1\",\"service\":\"ec2\",\"operation\":"
         "\"delete_security_group\",\"params\":[1]}]}]",
         "no parameters"},
        {"[{\"title\":\"a\",\"calls\":[{\"key\":\"1:#1\",\"service\":\"ec2\",\"operation\":"
         "\"delete_security_group\",\"params\":{\"Group\":\"sg-1\"}}]}]",
         "step 1, call 1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plan p;
        struct err e = {0};
        struct val *v = parse(cases[i].text);
        assert_true(plan_init(&p));
        bool ok = plan_from_val(&p, model, v, &e);
        if (ok || !strstr(e.message, cases[i].says))
            fail_msg("%s: %s", cases[i].text, ok ? "taken" : e.message);
        plan_free(&p);
        val_unref(v);
    }
}

static void a_plan_has_200_steps_at_most(void **state) {
    struct val *steps = val_list();
    struct plan p;
    struct err e;
    (void)state;
    for (int i = 0; i < 201; i++) val_append(steps, parse("{\"title\":\"a\"}"));
    assert_true(plan_init(&p));
    assert_false(plan_from_val(&p, model, steps, &e));
    plan_free(&p);
    val_unref(steps);
}

static bool attempt(struct err *e) {
    struct plan p;
    bool ok = (plan_init(&p) || err_memory(e)) && plan_from_val(&p, model, good, e);
    plan_free(&p);
    return ok;
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    at_every_allocation(attempt);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_reads_back_as_it_was_written),
        cmocka_unit_test(a_secret_parameter_is_refused),
        cmocka_unit_test(hostile_values_are_refused_by_place),
        cmocka_unit_test(a_plan_has_200_steps_at_most),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
