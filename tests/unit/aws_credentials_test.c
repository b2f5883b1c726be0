// aws_credentials_test.c - which keys are taken, through which roles, and what is said
// when there are none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/credentials.h"
#include "aws/resolver.h"
#include "aws_files.h"

static struct credential_lookup lookup;
static const struct source_tools tools;  // what is planned here needs none
static bool lookup_ok;
static int lookups_ended;

static void on_end(struct credential_lookup *l, bool ok) {
    (void)l;
    lookup_ok = ok;
    lookups_ended++;
}

// Plans, loads the base's keys into lookup.found. False with `e` when there is no plan.
static bool resolve(const char *profile, struct credential_plan *plan, struct err *e) {
    struct config c;
    struct aws_options o = {.profile = profile};
    credentials_wipe(&lookup.found);
    if (!config_load(&c, &o, e)) return false;
    bool ok = credentials_plan(&c, plan, e);
    if (ok) {
        lookup = (struct credential_lookup){.config = &c,
                                            .profile = plan->base_profile,
                                            .environment = plan->environment,
                                            .tools = &tools,
                                            .end = on_end};
        lookups_ended = 0;
        plan->base->load(&lookup);
        assert_int_equal(lookups_ended, 1);
        *e = lookup.err;
    }
    config_free(&c);
    return ok;
}

static void gives(const char *profile, const char *key, const char *source) {
    struct credential_plan plan;
    struct err e;
    if (!resolve(profile, &plan, &e)) fail_msg("%s", e.message);
    if (!lookup_ok) fail_msg("%s", e.message);
    assert_string_equal(lookup.found.access_key, key);
    assert_string_equal(lookup.found.source, source);
    credential_plan_free(&plan);
}

static void refuses(const char *profile, const char *code, const char *words) {
    struct credential_plan plan;
    struct err e;
    if (resolve(profile, &plan, &e)) fail_msg("a plan came out");
    assert_string_equal(e.code, code);
    if (strstr(e.message, words) == NULL) fail_msg("%s", e.message);
}

static void the_environment_comes_before_a_profile_but_for_the_flag(void **state) {
    (void)state;
    aws_files_set(NULL, "[default]\naws_access_key_id=D\naws_secret_access_key=s\n"
                        "[p]\naws_access_key_id=P\naws_secret_access_key=s\n");
    gives(NULL, "D", "profile default");
    gives("p", "P", "profile p");
    setenv("AWS_PROFILE", "p", 1);
    gives(NULL, "P", "profile p");
    setenv("AWS_ACCESS_KEY_ID", "E", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    gives(NULL, "E", "environment");  // as botocore: AWS_PROFILE does not put it aside
    gives("p", "P", "profile p");
}

static void tokens_are_taken(void **state) {
    (void)state;
    struct credential_plan plan;
    struct err e;
    aws_files_set(NULL, "[default]\naws_access_key_id=D\naws_secret_access_key=s\n"
                        "aws_session_token=from-file\n");
    assert_true(resolve(NULL, &plan, &e));
    assert_string_equal(lookup.found.session_token, "from-file");
    credential_plan_free(&plan);
    setenv("AWS_ACCESS_KEY_ID", "E", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    assert_true(resolve(NULL, &plan, &e));
    assert_null(lookup.found.session_token);  // never of another source
    credential_plan_free(&plan);
    setenv("AWS_SESSION_TOKEN", "from-env", 1);
    assert_true(resolve(NULL, &plan, &e));
    assert_string_equal(lookup.found.session_token, "from-env");
    credential_plan_free(&plan);
}

static void half_a_pair_is_an_error_and_no_key_is_shown(void **state) {
    (void)state;
    struct credential_plan plan;
    struct err e;
    aws_files_set(NULL, "[default]\naws_secret_access_key=very-secret\n");
    assert_true(resolve(NULL, &plan, &e));
    assert_false(lookup_ok);
    assert_string_equal(e.code, ERR_CREDENTIALS);
    assert_non_null(strstr(e.message, "aws_access_key_id"));
    assert_null(strstr(e.message, "very-secret"));
    credential_plan_free(&plan);
    setenv("AWS_ACCESS_KEY_ID", "E", 1);
    assert_true(resolve(NULL, &plan, &e));
    assert_false(lookup_ok);
    assert_non_null(strstr(e.message, "AWS_SECRET_ACCESS_KEY"));
    credential_plan_free(&plan);
    setenv("AWS_SECRET_ACCESS_KEY", "very secret\n", 1);
    assert_true(resolve(NULL, &plan, &e));
    assert_false(lookup_ok);
    assert_null(strstr(e.message, "very"));
    credential_plan_free(&plan);
}

static void nothing_says_what_was_looked_at(void **state) {
    (void)state;
    aws_files_set("[profile other]\nregion=r\n", NULL);
    refuses(NULL, ERR_CREDENTIALS, "AWS_ACCESS_KEY_ID");
    refuses(NULL, ERR_CREDENTIALS, "not there");
    refuses(NULL, ERR_CREDENTIALS, "--profile NAME");
    refuses("missing", ERR_USAGE, "no profile \"missing\"");
    setenv("AWS_ACCESS_KEY_ID", "E", 1);
    refuses("other", ERR_CREDENTIALS, "not looked at: --profile was given");
    aws_files_set("[default]\nsso_session = s\n", NULL);
    refuses(NULL, ERR_CREDENTIALS, "sso_account_id");
    aws_files_set("[default]\nsource_profile = s\n", NULL);
    refuses(NULL, ERR_CREDENTIALS, "no role_arn");
}

static void a_role_takes_its_keys_from_the_source_profile(void **state) {
    (void)state;
    struct credential_plan plan;
    struct err e;
    aws_files_set("[profile a]\nrole_arn=arn:a\nsource_profile=b\nexternal_id=x\n"
                  "role_session_name=me\nduration_seconds=3600\n"
                  "[profile b]\nrole_arn=arn:b\nsource_profile=c\n",
                  "[c]\naws_access_key_id=C\naws_secret_access_key=s\n");
    assert_true(resolve("a", &plan, &e));
    assert_int_equal(plan.role_count, 2);
    assert_string_equal(plan.roles[0].arn, "arn:a");
    assert_string_equal(plan.roles[0].external_id, "x");
    assert_string_equal(plan.roles[0].session_name, "me");
    assert_int_equal(plan.roles[0].duration_seconds, 3600);
    assert_string_equal(plan.roles[1].arn, "arn:b");
    assert_null(plan.roles[1].external_id);
    assert_string_equal(lookup.found.access_key, "C");
    credential_plan_free(&plan);
}

static void keys_beside_a_role_serve_as_its_source(void **state) {
    (void)state;
    struct credential_plan plan;
    struct err e;
    aws_files_set("[profile a]\nrole_arn=arn:a\nsource_profile=a\n"
                  "[profile top]\nrole_arn=arn:top\nsource_profile=a\n",
                  "[a]\naws_access_key_id=A\naws_secret_access_key=s\n");
    assert_true(resolve("a", &plan, &e));
    assert_int_equal(plan.role_count, 1);
    assert_string_equal(lookup.found.access_key, "A");
    credential_plan_free(&plan);
    assert_true(resolve("top", &plan, &e));
    assert_int_equal(plan.role_count, 1);  // a source with keys gives them, not its role
    credential_plan_free(&plan);
}

static void a_role_may_take_the_environment(void **state) {
    (void)state;
    struct credential_plan plan;
    struct err e;
    aws_files_set("[profile a]\nrole_arn=arn:a\ncredential_source=Environment\n"
                  "[profile b]\nrole_arn=arn:b\ncredential_source=Moon\n",
                  NULL);
    refuses("a", ERR_CREDENTIALS, "AWS_ACCESS_KEY_ID");
    refuses("b", ERR_USAGE, "Moon");
    setenv("AWS_ACCESS_KEY_ID", "E", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    assert_true(resolve("a", &plan, &e));
    assert_int_equal(plan.role_count, 1);
    assert_string_equal(lookup.found.access_key, "E");
    credential_plan_free(&plan);
}

static void role_chains_that_contradict_themselves_are_refused(void **state) {
    (void)state;
    aws_files_set(
        "[profile a]\nrole_arn=arn:a\nsource_profile=b\n"
        "[profile b]\nrole_arn=arn:b\nsource_profile=a\n"
        "[profile self]\nrole_arn=arn:s\nsource_profile=self\n"
        "[profile none]\nrole_arn=arn:n\n"
        "[profile both]\nrole_arn=arn:n\nsource_profile=a\ncredential_source=Environment\n"
        "[profile gone]\nrole_arn=arn:n\nsource_profile=nobody\n"
        "[profile long]\nrole_arn=arn:n\nsource_profile=a\nduration_seconds=60\n"
        "[profile empty]\nregion=r\n"
        "[profile e]\nrole_arn=arn:n\nsource_profile=empty\n",
        NULL);
    refuses("a", ERR_USAGE, "circle");
    refuses("self", ERR_USAGE, "circle");
    refuses("none", ERR_USAGE, "none of source_profile");
    refuses("both", ERR_USAGE, "both of source_profile");
    refuses("gone", ERR_USAGE, "nobody");
    refuses("long", ERR_USAGE, "duration_seconds");
    refuses("e", ERR_CREDENTIALS, "profile empty");
}

static void chains_are_bounded(void **state) {
    (void)state;
    char text[2048] = "";
    for (int i = 0; i < 12; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "[profile p%d]\nrole_arn=arn:x\nsource_profile=p%d\n", i, i + 1);
    snprintf(text + strlen(text), sizeof text - strlen(text),
             "[profile p12]\naws_access_key_id=A\naws_secret_access_key=s\n");
    aws_files_set(text, NULL);
    refuses("p0", ERR_USAGE, "more than 8 roles");
    gives("p12", "A", "profile p12");
}

static void keys_are_replaced_before_they_end(void **state) {
    (void)state;
    const int64_t minute = (int64_t)60 * 1000000;
    int64_t hour = 60 * minute;
    assert_int_equal(resolver_freshness(0, 0, 1), KEYS_FRESH);
    assert_int_equal(resolver_freshness(0, hour, hour - 16 * minute), KEYS_FRESH);
    assert_int_equal(resolver_freshness(0, hour, hour - 15 * minute), KEYS_AGING);
    assert_int_equal(resolver_freshness(0, hour, hour - 10 * minute), KEYS_SPENT);
    assert_int_equal(resolver_freshness(0, hour, hour + minute), KEYS_SPENT);
    // A role of fifteen minutes is not fetched anew for every call.
    assert_int_equal(resolver_freshness(0, 15 * minute, minute), KEYS_FRESH);
    assert_int_equal(resolver_freshness(0, 15 * minute, 8 * minute), KEYS_AGING);
    assert_int_equal(resolver_freshness(0, 15 * minute, 11 * minute), KEYS_SPENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_comes_before_a_profile_but_for_the_flag),
        cmocka_unit_test(tokens_are_taken),
        cmocka_unit_test(half_a_pair_is_an_error_and_no_key_is_shown),
        cmocka_unit_test(nothing_says_what_was_looked_at),
        cmocka_unit_test(a_role_takes_its_keys_from_the_source_profile),
        cmocka_unit_test(keys_beside_a_role_serve_as_its_source),
        cmocka_unit_test(a_role_may_take_the_environment),
        cmocka_unit_test(role_chains_that_contradict_themselves_are_refused),
        cmocka_unit_test(chains_are_bounded),
        cmocka_unit_test(keys_are_replaced_before_they_end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    credentials_wipe(&lookup.found);
    aws_files_remove();
    return failed;
}
