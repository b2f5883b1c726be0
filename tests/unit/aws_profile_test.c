// aws_profile_test.c - the shared AWS files are read as AWS's own tools read them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/profile.h"
#include "aws_files.h"

static struct profiles *load(const char *config, const char *credentials) {
    struct err e;
    aws_files_set(config, credentials);
    struct profiles *p = profiles_load(&e);
    if (p == NULL) fail_msg("%s", e.message);
    return p;
}

static void check(const char *config, const char *credentials, const char *profile, const char *key,
                  const char *wanted) {
    struct profiles *p = load(config, credentials);
    const char *got = profiles_get(p, profile, key);
    if (wanted == NULL)
        assert_null(got);
    else if (got == NULL)
        fail_msg("%s is not there", key);
    else
        assert_string_equal(got, wanted);
    profiles_free(p);
}

static void a_comment_needs_white_space_before(void **state) {
    (void)state;
    check("[default]\nregion = a#b\n", NULL, "default", "region", "a#b");
    check("[default]\nregion = a;b\n", NULL, "default", "region", "a;b");
    check("[default]\nregion = a # b\n", NULL, "default", "region", "a");
    check("[default]\nregion = a\t; b\n", NULL, "default", "region", "a");
    check("# x\n; y\n[default] # z\n  \nregion=a\n", NULL, "default", "region", "a");
    check("[default]\nregion = # all of it\n", NULL, "default", "region", "");
}

static void profile_default_replaces_default(void **state) {
    (void)state;
    const char *weak_last = "[profile default]\nregion=strong\n[default]\nregion=weak\noutput=x\n";
    const char *weak_first = "[default]\nregion=weak\noutput=x\n[profile default]\nregion=strong\n";
    check(weak_last, NULL, "default", "region", "strong");
    check(weak_last, NULL, "default", "output", NULL);
    check(weak_first, NULL, "default", "region", "strong");
    check(weak_first, NULL, "default", "output", NULL);
}

static void the_credentials_file_wins_key_by_key(void **state) {
    (void)state;
    const char *config = "[profile p]\naws_access_key_id = old\nregion = r\n";
    const char *credentials = "[p]\naws_access_key_id = new\n";
    check(config, credentials, "p", "aws_access_key_id", "new");
    check(config, credentials, "p", "region", "r");
}

static void a_bare_section_of_the_config_is_no_profile(void **state) {
    (void)state;
    struct err e;
    struct profiles *p = load("[web]\nregion = r\n[profile wep]\nregion = q\n", NULL);
    assert_false(profiles_has(p, "web"));
    assert_false(profiles_missing(p, "web", &e));
    assert_non_null(strstr(e.message, "write [profile web]"));
    assert_false(profiles_missing(p, "wepp", &e));
    assert_non_null(strstr(e.message, "did you mean \"wep\"?"));
    profiles_free(p);
}

static void keys_are_case_insensitive_and_names_are_not(void **state) {
    (void)state;
    check(NULL, "[default]\nAWS_Access_Key_ID = K\n", "default", "aws_access_key_id", "K");
    check("[profile Prod]\nregion = r\n", NULL, "prod", "region", NULL);
    check("[profile Prod]\nregion = r\n", NULL, "Prod", "region", "r");
}

static void nested_values_are_literal(void **state) {
    (void)state;
    struct profiles *p = load("[profile a]\nservices = local\nregion = r1\ns3 =\n"
                              "  region = not-this # one\n"
                              "[services local]\nec2 =\n"
                              "  endpoint_url = http://127.0.0.1:1/x?a=b # literal\nSTS = \n"
                              "\tEndpoint_URL=http://sts\n",
                              NULL);
    assert_string_equal(profiles_get(p, "a", "region"), "r1");
    assert_true(profiles_has_services(p, "local"));
    assert_false(profiles_has_services(p, "other"));
    assert_string_equal(profiles_services_get(p, "local", "ec2", "endpoint_url"),
                        "http://127.0.0.1:1/x?a=b # literal");
    assert_string_equal(profiles_services_get(p, "local", "sts", "endpoint_url"), "http://sts");
    assert_null(profiles_services_get(p, "local", "sqs", "endpoint_url"));
    profiles_free(p);
}

static void the_last_of_two_equal_keys_counts(void **state) {
    (void)state;
    check("[default]\nregion = a\nregion = b\n[default]\noutput = c\n", NULL, "default", "region",
          "b");
    check("[default]\nregion = a\n[default]\noutput = c\n", NULL, "default", "output", "c");
}

static void line_ends_and_a_byte_order_mark_do_not_matter(void **state) {
    (void)state;
    check("\xef\xbb\xbf[default]\r\nregion = a \r\ns3 =\r\n  a = b\r\noutput = c\r\n", NULL,
          "default", "region", "a");
    check("[default]\r\ns3 =\r\n  a = b\r\noutput = c", NULL, "default", "output", "c");
}

static void long_lines_and_names_stay_whole(void **state) {
    (void)state;
    char token[5001];
    char text[6000];
    memset(token, 'x', 5000);
    token[5000] = '\0';
    const char *name = "AWSAdministratorAccess-of-the-whole-organisation-123456789012-prod";
    snprintf(text, sizeof text, "[profile %s-1]\naws_session_token = %s\n[profile %s-2]\nb=c\n",
             name, token, name);
    char first[128];
    snprintf(first, sizeof first, "%s-1", name);
    check(text, NULL, first, "aws_session_token", token);
    check(text, NULL, first, "b", NULL);
}

static void a_quoted_name_may_hold_blanks(void **state) {
    (void)state;
    check("[profile \"my team\"]\nregion = r\n", NULL, "my team", "region", "r");
    check("[ profile\ttabbed ]\nregion = r\n", NULL, "tabbed", "region", "r");
}

static void no_file_is_an_empty_file(void **state) {
    (void)state;
    struct profiles *p = load(NULL, NULL);
    assert_false(profiles_has(p, "default"));
    profiles_free(p);
}

static void malformed_files_are_refused_with_their_line(void **state) {
    (void)state;
    struct err e;
    aws_files_set("[default]\nregion = a\nnonsense\n", NULL);
    assert_null(profiles_load(&e));
    assert_string_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.message, "config:3:"));
    aws_files_set("[default\nregion = a\n", NULL);
    assert_null(profiles_load(&e));
    aws_files_set("", NULL);
    aws_files_write("config", "AWS_CONFIG_FILE", "[default]\nregion = a\0b\n", 24);
    assert_null(profiles_load(&e));
    assert_non_null(strstr(e.message, "NUL"));
}

static void a_line_without_end_is_refused(void **state) {
    (void)state;
    struct err e;
    size_t len = 200000;
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, 'a', len);
    memcpy(text, "[default]\nk=", 12);
    text[len] = '\0';
    aws_files_set(text, NULL);
    assert_null(profiles_load(&e));
    assert_non_null(strstr(e.message, "config:2:"));
    free(text);
}

static void secrets_can_be_forgotten(void **state) {
    (void)state;
    struct profiles *p = load("[default]\nregion = r\n",
                              "[default]\naws_access_key_id = A\naws_secret_access_key = S\n"
                              "aws_session_token = T\n");
    profiles_forget_secrets(p);
    assert_null(profiles_get(p, "default", "aws_secret_access_key"));
    assert_null(profiles_get(p, "default", "aws_session_token"));
    assert_string_equal(profiles_get(p, "default", "region"), "r");
    profiles_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_comment_needs_white_space_before),
        cmocka_unit_test(profile_default_replaces_default),
        cmocka_unit_test(the_credentials_file_wins_key_by_key),
        cmocka_unit_test(a_bare_section_of_the_config_is_no_profile),
        cmocka_unit_test(keys_are_case_insensitive_and_names_are_not),
        cmocka_unit_test(nested_values_are_literal),
        cmocka_unit_test(the_last_of_two_equal_keys_counts),
        cmocka_unit_test(line_ends_and_a_byte_order_mark_do_not_matter),
        cmocka_unit_test(long_lines_and_names_stay_whole),
        cmocka_unit_test(a_quoted_name_may_hold_blanks),
        cmocka_unit_test(no_file_is_an_empty_file),
        cmocka_unit_test(malformed_files_are_refused_with_their_line),
        cmocka_unit_test(a_line_without_end_is_refused),
        cmocka_unit_test(secrets_can_be_forgotten),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    aws_files_remove();
    return failed;
}
