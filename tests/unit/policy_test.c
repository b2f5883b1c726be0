// policy_test.c - policy.json: what is taken, what is refused with which words, what it forbids.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing.h"

#include "base/file.h"
#include "base/json.h"
#include "gate/policy_check.h"
#include "run/lease.h"
#include "run/own_machine.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char full[] =
    "{\"format_version\":1,\"accounts\":{\"111122223333\":{\"name\":\"prod\",\"profile\":\"p\","
    "\"role_arn\":\"arn:aws:iam::111122223333:role/ir\",\"external_id\":\"x\"}},"
    "\"regions\":[\"eu-west-1\"],\"protected\":{\"ids\":[\"i-0000000a\",\"sg-0000000c\"],"
    "\"tags\":{\"role\":[\"bastion\",\"forensics\"],\"keep\":[\"*\"]}},\"max_hit\":1,"
    "\"ticket_required\":true,\"ticket_pattern\":\"IR-[0-9]+\"}";

static struct model *model;

static int open_all(void **state) {
    struct err e;
    (void)state;
    model = model_open(NULL, &e);
    return model ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    model_free(model);
    return 0;
}

static struct policy *parse(const char *text) {
    struct err e = {0};
    struct policy *p = policy_parse(text, strlen(text), "p.json", &e);
    if (!p) print_error("%s\n", e.message);
    assert_non_null(p);
    return p;
}

static struct val *value(const char *text) {
    struct err e;
    struct val *v = json_parse(text, strlen(text), "test", &e);
    assert_non_null(v);
    return v;
}

static void test_all_members_are_read(void **state) {
    (void)state;
    struct policy *p = parse(full);
    assert_true(policy_allows_account(p, "111122223333"));
    assert_false(policy_allows_account(p, "999922223333"));
    assert_true(policy_allows_region(p, "eu-west-1"));
    assert_false(policy_allows_region(p, "eu-west-2"));
    assert_string_equal(val_get_str(policy_account(p, "111122223333"), "profile", ""), "p");
    assert_int_equal(policy_max_hit(p), 1);
    assert_true(policy_protects_id(p, "i-0000000a"));
    assert_false(policy_protects_id(p, "i-0000000"));
    struct val *tags = value("{\"role\":\"forensics\",\"other\":\"bastion\"}"),
               *any = value("{\"keep\":\"\"}"), *none = value("{\"role\":\"web\"}");
    assert_string_equal(policy_protecting_tag(p, tags), "role");
    assert_string_equal(policy_protecting_tag(p, any), "keep");
    assert_null(policy_protecting_tag(p, none));
    val_unref(tags);
    val_unref(any);
    val_unref(none);
    policy_free(p);
}

static void test_no_policy_allows_all(void **state) {
    struct err e;
    (void)state;
    assert_true(policy_allows_account(NULL, "1"));
    assert_true(policy_allows_region(NULL, "x"));
    assert_int_equal(policy_max_hit(NULL), -1);
    assert_true(policy_ticket(NULL, NULL, &e));
    assert_false(policy_protects_id(NULL, "i-1"));
}

static void test_tickets(void **state) {
    struct err e;
    (void)state;
    struct policy *p = parse(full), *loose = parse("{\"format_version\":1}");
    assert_false(policy_ticket(p, NULL, &e));
    assert_non_null(strstr(e.message, "--ticket"));
    assert_true(policy_ticket(p, "IR-42", &e));
    assert_false(policy_ticket(p, "xIR-42", &e));
    assert_false(policy_ticket(p, "IR-42 ", &e));
    assert_true(err_is(&e, ERR_USAGE));
    assert_true(policy_ticket(loose, NULL, &e));
    assert_true(policy_ticket(loose, "anything", &e));
    policy_free(p);
    policy_free(loose);
}

static void test_what_is_wrong_is_named(void **state) {
    static const struct {
        const char *text, *word;
    } cases[] = {
        {"{}", "format_version"},
        {"[]", "object"},
        {"{\"format_version\":2}", "must be 1"},
        {"{\"format_version\":1.5}", "must be 1"},
        {"{\"format_version\":1,\"region\":[\"eu-west-1\"]}", "did you mean \"regions\""},
        {"{\"format_version\":1,\"regions\":[]}", "regions must be a list"},
        {"{\"format_version\":1,\"regions\":[\"eu-west-1\",\"Europe\"]}", "regions[1]"},
        {"{\"format_version\":1,\"regions\":\"eu-west-1\"}", "must be a list"},
        {"{\"format_version\":1,\"accounts\":{}}", "with something in it"},
        {"{\"format_version\":1,\"accounts\":{\"12\":{}}}", "accounts.12 is no account id"},
        {"{\"format_version\":1,\"accounts\":{\"111122223333\":{\"naem\":\"x\"}}}",
         "accounts.111122223333.naem is no member of a policy; did you mean \"name\""},
        {"{\"format_version\":1,\"accounts\":{\"111122223333\":{\"role_arn\":\"ir\"}}}", "ARN of a role"},
        {"{\"format_version\":1,\"accounts\":{\"111122223333\":{\"external_id\":\"x\"}}}", "role_arn"},
        {"{\"format_version\":1,\"protected\":{\"id\":[\"i-1\"]}}", "did you mean \"ids\""},
        {"{\"format_version\":1,\"protected\":{\"ids\":[1]}}", "protected.ids[0]"},
        {"{\"format_version\":1,\"protected\":{\"tags\":{\"role\":\"bastion\"}}}", "protected.tags.role"},
        {"{\"format_version\":1,\"protected\":[]}", "protected must be an object"},
        {"{\"format_version\":1,\"max_hit\":-1}", "max_hit"},
        {"{\"format_version\":1,\"max_hit\":\"3\"}", "max_hit"},
        {"{\"format_version\":1,\"ticket_required\":\"yes\"}", "true or false"},
        {"{\"format_version\":1,\"ticket_pattern\":\"(\"}", "regular expression"},
        {"{\"format_version\":1,\"max_hit\":1,\"max_hit\":9}", "max_hit"},
        {"{\"format_version\":1} x", "p.json"},
        {"", "p.json"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        struct policy *p = policy_parse(cases[i].text, strlen(cases[i].text), "p.json", &e);
        if (p || !strstr(e.message, cases[i].word) || !err_is(&e, ERR_USAGE))
            fail_msg("%s: %s %s", cases[i].text, e.code, e.message);
        assert_non_null(strstr(e.message, "p.json"));
    }
}

// Every prefix of a good policy is refused, never read over its end.
static void test_every_truncation_is_refused(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof full - 1; n++) {
        struct err e = {0};
        char *text = malloc(n + 1);
        memcpy(text, full, n);
        assert_null(policy_parse(text, n, "p.json", &e));
        assert_true(err_is(&e, ERR_USAGE));
        free(text);
    }
}

// --- files -------------------------------------------------------------------------------

static void write_file(const char *path, const char *text, mode_t mode) {
    struct err e;
    assert_true(file_replace(path, text, strlen(text), &e));
    assert_int_equal(chmod(path, mode), 0);
}

static void test_files(void **state) {
    char folder[] = "/tmp/cordon-policy-XXXXXX", path[80], conf[80];
    struct err e = {0};
    struct policy *p;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(conf, sizeof conf, "%s/cordon", folder);
    snprintf(path, sizeof path, "%s/cordon/policy.json", folder);
    setenv("XDG_CONFIG_HOME", folder, 1);
    if (access("/etc/cordon/policy.json", F_OK) != 0) {
        assert_true(policy_load(NULL, &p, &e));
        assert_null(p);
    }
    assert_false(policy_load(path, &p, &e));  // named, and not there
    assert_true(err_is(&e, ERR_USAGE));
    assert_int_equal(mkdir(conf, 0700), 0);
    write_file(path, full, 0600);
    assert_true(policy_load(NULL, &p, &e));
    assert_string_equal(policy_path(p), path);
    policy_free(p);
    static const mode_t bad[] = {0602, 0620, 0666};
    for (size_t i = 0; i < COUNT(bad); i++) {
        chmod(path, bad[i]);
        assert_false(policy_load(NULL, &p, &e));
        assert_non_null(strstr(e.message, "chmod go-w"));
    }
    chmod(path, 0644);
    chmod(conf, 0777);
    assert_false(policy_load(NULL, &p, &e));
    assert_non_null(strstr(e.message, "everybody may write"));
    chmod(conf, 0700);
    write_file(path, "{\"format_version\":1", 0600);
    assert_false(policy_load(NULL, &p, &e));
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);  // there, and no file: refused, not passed over
    assert_false(policy_load(NULL, &p, &e));
    assert_true(err_is(&e, ERR_USAGE));
    rmdir(path);
    rmdir(conf);
    rmdir(folder);
}

// --- judging -------------------------------------------------------------------------------

struct fixture {
    struct policy *policy;
    struct plan plan;
    struct policy_scope scope;
    struct val *tags;
};

static struct planned_call *add_call(struct fixture *f, const char *operation, const char *params,
                                     const char *hits) {
    struct err e;
    char key[16];
    struct val *v = value(params);
    snprintf(key, sizeof key, "#%zu", f->plan.call_count);
    struct planned_call *c = plan_add_call(
        &f->plan, 0, key, model_operation(model, "ec2", operation, &e), v, WINDOW_NONE, &e);
    assert_non_null(c);
    if (hits) plan_put(&c->hits, value(hits));
    val_unref(v);
    return c;
}

static void begin(struct fixture *f, const char *policy, const char *tags) {
    struct err e;
    *f = (struct fixture){.policy = policy ? parse(policy) : NULL, .tags = value(tags)};
    assert_true(plan_init(&f->plan));
    assert_non_null(plan_add_step(&f->plan, "Cut off", NULL, &e));
    f->scope = (struct policy_scope){.policy = f->policy,
                                     .account = "111122223333",
                                     .region = "eu-west-1",
                                     .ticket = "IR-1",
                                     .max_hit = -1,
                                     .changes = true,
                                     .tags = f->tags};
}

static void end(struct fixture *f) {
    plan_free(&f->plan);
    policy_free(f->policy);
    val_unref(f->tags);
}

// The reasons, joined by '|'.
static void reasons(struct fixture *f, char out[2000], bool *ticket_alone) {
    struct val *list = policy_judge_plan(&f->scope, &f->plan, ticket_alone);
    assert_non_null(list);
    *out = '\0';
    for (size_t i = 0; i < val_count(list); i++) {
        strcat(out, val_as_str(val_at(list, i), ""));
        strcat(out, "|");
    }
    val_unref(list);
}

#define CUT "{\"NetworkInterfaceId\":\"eni-0000000b\",\"Groups\":[\"sg-0000000d\"]}"
#define CUT_HITS "{\"target\":[\"eni-0000000b\",\"i-0000000b\"],\"others\":[]}"
#define KNOWN "{\"eni-0000000b\":{},\"i-0000000b\":{}}"

static void test_what_is_allowed_passes(void **state) {
    struct fixture f;
    char text[2000];
    bool alone;
    (void)state;
    begin(&f, full, KNOWN);
    add_call(&f, "ModifyNetworkInterfaceAttribute", CUT, CUT_HITS);
    reasons(&f, text, &alone);
    assert_string_equal(text, "");
    end(&f);
}

static void test_all_reasons_at_once(void **state) {
    struct fixture f;
    char text[2000];
    bool alone;
    (void)state;
    begin(&f, full, "{\"eni-0000000b\":{},\"i-0000000b\":{\"role\":\"bastion\"}}");
    f.scope.account = "999900001111";
    f.scope.region = "us-east-1";
    f.scope.ticket = NULL;
    f.scope.max_hit = 5;
    add_call(&f, "ModifyNetworkInterfaceAttribute",
             "{\"NetworkInterfaceId\":\"eni-0000000b\",\"Groups\":[\"sg-0000000c\"]}",
             "{\"target\":[\"eni-0000000b\",\"i-0000000b\"],\"others\":[{\"id\":\"i-00000001\"},"
             "{\"id\":\"i-00000002\"}]}");
    reasons(&f, text, &alone);
    static const char *const words[] = {"account 999900001111", "Region us-east-1",
                                        "--max-hit 5 is more", "role=bastion",
                                        "touches sg-0000000c", "whose tags could not be read",
                                        "2 others would be hit", "--ticket"};
    for (size_t i = 0; i < COUNT(words); i++)
        if (!strstr(text, words[i])) fail_msg("no \"%s\" in %s", words[i], text);
    assert_false(alone);
    end(&f);
}

static void test_a_ticket_alone(void **state) {
    struct fixture f;
    char text[2000];
    bool alone;
    (void)state;
    begin(&f, full, KNOWN);
    f.scope.ticket = NULL;
    reasons(&f, text, &alone);
    assert_string_equal(text, "");  // a plan without calls changes nothing
    add_call(&f, "ModifyNetworkInterfaceAttribute", CUT, CUT_HITS);
    reasons(&f, text, &alone);
    assert_non_null(strstr(text, "--ticket"));
    assert_true(alone);
    f.scope.changes = false;
    reasons(&f, text, &alone);
    assert_string_equal(text, "");
    end(&f);
}

static void test_the_flag_only_lowers(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, full, KNOWN);
    assert_int_equal(policy_ceiling(&f.scope), 1);
    f.scope.max_hit = 0;
    assert_int_equal(policy_ceiling(&f.scope), 0);
    f.scope.max_hit = 7;
    assert_int_equal(policy_ceiling(&f.scope), 1);
    f.scope.policy = NULL;
    assert_int_equal(policy_ceiling(&f.scope), 7);
    end(&f);
}

static void test_others(void **state) {
    static const char hits[] = "{\"target\":[],\"others\":[{\"id\":\"i-00000001\"},{\"id\":\"i-0000000b\"}]}";
    struct fixture f;
    char text[2000];
    bool alone;
    (void)state;
    begin(&f, "{\"format_version\":1,\"max_hit\":1}", "{}");
    struct val *named = value("[{\"id\":\"i-0000000b\",\"name\":\"web\"}]");
    f.scope.named = named;
    // The same one twice is one, and whom the arguments name is no other.
    add_call(&f, "DeleteSecurityGroup", "{\"GroupId\":\"sg-0000000d\"}", hits);
    add_call(&f, "DeleteSecurityGroup", "{\"GroupId\":\"sg-0000000e\"}", hits);
    reasons(&f, text, &alone);
    assert_string_equal(text, "");
    // What is not known is not none.
    add_call(&f, "DeleteSecurityGroup", "{\"GroupId\":\"sg-0000000f\"}", NULL);
    reasons(&f, text, &alone);
    assert_non_null(strstr(text, "not known what DeleteSecurityGroup hits"));
    val_unref(named);
    end(&f);
}

static void test_the_gate_judges_each_call(void **state) {
    struct fixture f;
    struct err e;
    (void)state;
    begin(&f, full, KNOWN);
    struct val *created = value("[\"sg-0000000e\"]"), *others = val_map();
    struct planned_call *c = add_call(&f, "ModifyNetworkInterfaceAttribute", CUT, CUT_HITS);
    assert_true(policy_judge_call(&f.scope, c, c->op, c->params, created, others, &e));
    // What this run made has no tags that anybody could have read.
    struct planned_call *made = add_call(&f, "DeleteSecurityGroup", "{\"GroupId\":\"sg-0000000e\"}",
                                         "{\"target\":[\"sg-0000000e\"],\"others\":[{\"id\":\"i-1\"}]}");
    assert_false(policy_judge_call(&f.scope, made, made->op, made->params, created, others, &e));
    assert_non_null(strstr(e.message, "i-1"));  // but its other's
    struct val *tags = val_copy(f.tags);
    assert_true(val_set(tags, "i-1", val_map()));
    assert_true(val_set(tags, "i-2", val_map()));
    f.scope.tags = tags;
    assert_true(policy_judge_call(&f.scope, made, made->op, made->params, created, others, &e));
    // The ceiling is of the run, not of the call.
    struct planned_call *more = add_call(&f, "DeleteSecurityGroup", "{\"GroupId\":\"sg-0000000e\"}",
                                         "{\"target\":[],\"others\":[{\"id\":\"i-2\"}]}");
    assert_false(policy_judge_call(&f.scope, more, more->op, more->params, created, others, &e));
    assert_true(err_is(&e, ERR_POLICY));
    assert_non_null(strstr(e.message, "2 others"));
    val_unref(tags);
    val_unref(created);
    val_unref(others);
    end(&f);
}

static void test_this_machine(void **state) {
    struct fixture f;
    char text[2000];
    bool alone;
    (void)state;
    begin(&f, NULL, "{}");
    struct val *own = value("{\"i-0000000b\":\"this machine has its address 10.0.0.5\"}");
    f.scope.own = own;
    add_call(&f, "ModifyNetworkInterfaceAttribute", CUT, CUT_HITS);
    reasons(&f, text, &alone);
    assert_non_null(strstr(text, "10.0.0.5"));
    val_unref(own);
    end(&f);
    struct val *addresses = value("{\"10.0.0.5\":true,\"2001:db8::1\":true}"),
               *hit = value("{\"InstanceId\":\"10.0.0.5\",\"NetworkInterfaces\":[{\"Ipv6Addresses\":"
                            "[{\"Ipv6Address\":\"2001:db8::1\"}]}]}"),
               *miss = value("{\"PrivateIpAddress\":\"10.0.0.6\",\"Tags\":[{\"Value\":\"10.0.0.5\"}]}");
    assert_string_equal(own_address_of(addresses, hit), "2001:db8::1");
    assert_null(own_address_of(addresses, miss));
    val_unref(addresses);
    val_unref(hit);
    val_unref(miss);
    assert_string_equal(own_instance("arn:aws:sts::1:assumed-role/ir/i-0abc"), "i-0abc");
    assert_null(own_instance("arn:aws:sts::1:assumed-role/ir/alice"));
    assert_null(own_instance("arn:aws:iam::1:user/i-0abc"));
}

// --- leases ------------------------------------------------------------------------------------

#define NOW INT64_C(1795490000000000)
#define MINUTE (INT64_C(60) * 1000000)

static void test_leases_are_read_back(void **state) {
    char text[LEASE_TEXT_MAX + 1];
    struct lease_text t;
    (void)state;
    lease_write("20261124T021530Z-isolate-sg-7f3a", "al ice/h\xc3\xb6st", NOW + 15 * MINUTE, text);
    assert_true(lease_parse(text, NOW, &t));
    assert_string_equal(t.run, "20261124T021530Z-isolate-sg-7f3a");
    assert_string_equal(t.holder, "al-ice/h--st");
    assert_int_equal(t.until_us, NOW + 15 * MINUTE);
    char longest[400];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    lease_write("run", longest, NOW, text);
    assert_true(*text && strlen(text) <= LEASE_TEXT_MAX);
    lease_write(longest, "x", NOW, text);
    assert_string_equal(text, "");
}

static void test_what_is_no_lease(void **state) {
    static const char *const texts[] = {
        "", " ", "run", "run until 2026-11-24T02:30:30Z", "run  until 2026-11-24T02:30:30Z",
        "run a until ", "run a until tomorrow", "run a until 2099-01-01T00:00:00Z",
        "run\x1b[2J a until 2026-11-24T02:30:30Z", "run a b until 2026-11-24T02:30:30Z"};
    struct lease_text t;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        if (lease_parse(texts[i], NOW, &t)) fail_msg("taken for a lease: %s", texts[i]);
}

// --- memory ------------------------------------------------------------------------------------

static bool parse_once(struct err *e) {
    struct policy *p = policy_parse(full, sizeof full - 1, "p.json", e);
    bool ok = p != NULL;
    policy_free(p);
    return ok;
}

static struct fixture swept;

static bool judge_once(struct err *e) {
    bool alone;
    struct val *list = policy_judge_plan(&swept.scope, &swept.plan, &alone);
    if (!list) return err_memory(e);
    bool whole = val_count(list) == 0;
    val_unref(list);
    assert_true(whole);  // never a wrong reason
    struct val *others = val_map(), *created = val_list();
    const struct planned_call *c = swept.plan.calls[0];
    bool ok = others && created ? policy_judge_call(&swept.scope, c, c->op, c->params, created, others, e)
                                : err_memory(e);
    val_unref(others);
    val_unref(created);
    return ok;
}

static void test_memory(void **state) {
    (void)state;
    at_every_allocation(parse_once);
    begin(&swept, "{\"format_version\":1,\"protected\":{\"tags\":{\"role\":[\"bastion\"]}},\"max_hit\":1}",
          KNOWN);
    add_call(&swept, "ModifyNetworkInterfaceAttribute", CUT,
             "{\"target\":[\"eni-0000000b\",\"i-0000000b\"],\"others\":[{\"id\":\"i-0000000b\"}]}");
    at_every_allocation(judge_once);
    end(&swept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_members_are_read),
        cmocka_unit_test(test_no_policy_allows_all),
        cmocka_unit_test(test_tickets),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_what_is_allowed_passes),
        cmocka_unit_test(test_all_reasons_at_once),
        cmocka_unit_test(test_a_ticket_alone),
        cmocka_unit_test(test_the_flag_only_lowers),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_the_gate_judges_each_call),
        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_leases_are_read_back),
        cmocka_unit_test(test_what_is_no_lease),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
