// aws_endpoint_test.c - the Region and the endpoint are those that AWS's tools would take.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/endpoint.h"
#include "aws_files.h"

static const struct service EC2 = {.name = "ec2", .config_name = "ec2", .endpoint_prefix = "ec2"};
static const struct service SQS = {.name = "sqs", .config_name = "sqs", .endpoint_prefix = "sqs"};
static const struct service STS = {.name = "sts", .config_name = "sts", .endpoint_prefix = "sts"};

static struct config config;

static void use(const struct aws_options *o) {
    struct err e;
    config_free(&config);
    if (!config_load(&config, o, &e)) fail_msg("%s", e.message);
}

static void use_defaults(void) {
    use(&(struct aws_options){0});
}

static void gives(const struct service *s, const char *region, const char *url) {
    struct endpoint p;
    struct err e;
    if (!endpoint_resolve(&config, s, region, &p, &e)) fail_msg("%s", e.message);
    assert_string_equal(p.url, url);
}

static void refuses(const struct service *s, const char *region, const char *words) {
    struct endpoint p;
    struct err e;
    assert_false(endpoint_resolve(&config, s, region, &p, &e));
    if (strstr(e.message, words) == NULL) fail_msg("%s", e.message);
}

static void region_is(const char *wanted) {
    char region[REGION_SIZE];
    struct err e;
    if (!endpoint_region(&config, region, &e)) fail_msg("%s", e.message);
    assert_string_equal(region, wanted);
}

static void standard_endpoints_by_partition(void **state) {
    (void)state;
    aws_files_set(NULL, NULL);
    use_defaults();
    gives(&EC2, "eu-west-1", "https://ec2.eu-west-1.amazonaws.com/");
    gives(&STS, "us-east-1", "https://sts.us-east-1.amazonaws.com/");
    gives(&SQS, "mx-central-1", "https://sqs.mx-central-1.amazonaws.com/");
    gives(&EC2, "cn-north-1", "https://ec2.cn-north-1.amazonaws.com.cn/");
    gives(&EC2, "us-gov-west-1", "https://ec2.us-gov-west-1.amazonaws.com/");
    gives(&EC2, "us-iso-east-1", "https://ec2.us-iso-east-1.c2s.ic.gov/");
    gives(&EC2, "us-isob-east-1", "https://ec2.us-isob-east-1.sc2s.sgov.gov/");
    gives(&EC2, "eu-isoe-west-1", "https://ec2.eu-isoe-west-1.cloud.adc-e.uk/");
    gives(&EC2, "eusc-de-east-1", "https://ec2.eusc-de-east-1.amazonaws.eu/");
    setenv("AWS_USE_FIPS_ENDPOINT", "True", 1);
    gives(&EC2, "us-east-1", "https://ec2-fips.us-east-1.amazonaws.com/");
    gives(&SQS, "us-gov-west-1", "https://sqs.us-gov-west-1.amazonaws.com/");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    gives(&EC2, "us-east-1", "https://ec2-fips.us-east-1.api.aws/");
    gives(&STS, "us-gov-east-1", "https://sts-fips.us-gov-east-1.api.aws/");
    unsetenv("AWS_USE_FIPS_ENDPOINT");
    gives(&SQS, "cn-north-1", "https://sqs.cn-north-1.api.amazonwebservices.com.cn/");
}

static const struct service IAM = {.name = "iam", .config_name = "iam", .endpoint_prefix = "iam"};
static const struct service PORTAL = {.name = "sso", .endpoint_prefix = "portal.sso"};

static void global(const char *region, const char *url, const char *signing_region) {
    struct endpoint p;
    struct err e;
    if (!endpoint_resolve(&config, &IAM, region, &p, &e)) fail_msg("%s", e.message);
    assert_string_equal(p.url, url);
    assert_string_equal(p.signing_region, signing_region);
}

static void iam_is_one_for_a_partition(void **state) {
    (void)state;
    aws_files_set(NULL, NULL);
    use_defaults();
    global("eu-west-1", "https://iam.amazonaws.com/", "us-east-1");
    global("cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn/", "cn-north-1");
    global("us-gov-east-1", "https://iam.us-gov.amazonaws.com/", "us-gov-west-1");
    refuses(&IAM, "us-iso-east-1", "global");
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    global("eu-west-1", "https://iam-fips.amazonaws.com/", "us-east-1");
    global("us-gov-east-1", "https://iam.us-gov.amazonaws.com/", "us-gov-west-1");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    global("eu-west-1", "https://iam-fips.global.api.aws/", "us-east-1");
    gives(&PORTAL, "us-east-2", "https://portal.sso-fips.us-east-2.api.aws/");
    refuses(&EC2, "eu-isoe-west-1", "dualstack");
}

static void each_place_beats_those_after_it(void **state) {
    (void)state;
    aws_files_set("[default]\nservices = s\nendpoint_url = http://profile\n"
                  "[services s]\nec2 =\n  endpoint_url = http://section\n",
                  NULL);
    use_defaults();
    gives(&SQS, "r", "http://profile/");
    gives(&EC2, "r", "http://section/");
    setenv("AWS_ENDPOINT_URL", "http://all:81", 1);
    gives(&EC2, "r", "http://all:81/");
    setenv("AWS_ENDPOINT_URL_EC2", "http://only", 1);
    gives(&EC2, "r", "http://only/");
    gives(&STS, "r", "http://all:81/");
    use(&(struct aws_options){.endpoint_url = "https://flag/base"});
    gives(&EC2, "r", "https://flag/base");
}

// A service's name in configuration files is botocore's service id, not the client's name.
static void elbv2_is_configured_by_its_service_id(void **state) {
    (void)state;
    static const struct service ELBV2 = {.name = "elbv2", .config_name = "elastic_load_balancing_v2",
                                         .endpoint_prefix = "elasticloadbalancing"};
    aws_files_set("[default]\nservices = s\n"
                  "[services s]\nelastic_load_balancing_v2 =\n  endpoint_url = http://section\n",
                  NULL);
    use_defaults();
    gives(&ELBV2, "r", "http://section/");
    setenv("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", "http://only", 1);
    gives(&ELBV2, "r", "http://only/");
}

static void configured_endpoints_can_be_ignored_but_not_the_flag(void **state) {
    (void)state;
    aws_files_set("[default]\nendpoint_url = http://profile\n", NULL);
    setenv("AWS_ENDPOINT_URL", "http://all", 1);
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    use_defaults();
    gives(&EC2, "eu-west-1", "https://ec2.eu-west-1.amazonaws.com/");
    use(&(struct aws_options){.endpoint_url = "http://flag"});
    gives(&EC2, "r", "http://flag/");
    aws_files_set("[default]\nendpoint_url = http://p\nignore_configured_endpoint_urls = TRUE\n",
                  NULL);
    use_defaults();
    gives(&EC2, "eu-west-1", "https://ec2.eu-west-1.amazonaws.com/");
}

static void contradictions_are_refused(void **state) {
    (void)state;
    aws_files_set("[default]\nservices = none\n", NULL);
    use_defaults();
    refuses(&EC2, "eu-west-1", "[services none]");
    aws_files_set(NULL, NULL);
    setenv("AWS_ENDPOINT_URL", "http://all", 1);
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    use_defaults();
    refuses(&EC2, "eu-west-1", "FIPS");
    unsetenv("AWS_USE_FIPS_ENDPOINT");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    refuses(&EC2, "eu-west-1", "dualstack");
}

static void regions_in_order(void **state) {
    (void)state;
    aws_files_set("[default]\nregion = from-profile\n[profile p]\nregion = p-region\n", NULL);
    use_defaults();
    region_is("from-profile");
    setenv("AWS_DEFAULT_REGION", "second-1", 1);
    region_is("second-1");
    setenv("AWS_REGION", "first-1", 1);
    region_is("first-1");
    use(&(struct aws_options){.region = "flag-1"});
    region_is("flag-1");
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    use(&(struct aws_options){.profile = "p"});
    region_is("p-region");
}

static void a_region_that_is_no_name_is_refused(void **state) {
    (void)state;
    char region[REGION_SIZE];
    struct err e;
    static const char *const bad[] = {
        "evil.com/", "EU-WEST-1",
        "a b",       "a@b",
        "-a",        "a-",
        "a\nb",      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    aws_files_set(NULL, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        use(&(struct aws_options){.region = bad[i]});
        assert_false(endpoint_region(&config, region, &e));
        assert_string_equal(e.code, ERR_USAGE);
    }
    use_defaults();
    assert_false(endpoint_region(&config, region, &e));
    assert_non_null(strstr(e.message, "AWS_DEFAULT_REGION"));
    assert_non_null(strstr(e.message, "--region eu-west-1"));
}

static void endpoints_that_are_none_are_refused(void **state) {
    (void)state;
    struct endpoint p;
    struct err e;
    static const char *const bad[] = {
        "127.0.0.1:5000",      "ftp://x",        "http://",          "http://u:p@host",
        "http://host?x",       "http://host#x",  "http://ho st",     "http://host:0",
        "http://host:99999",   "http://host:1x", "http://[::1",      "http://host\\evil",
        "http://host\r\nX: y", "http:///path",   "http://host:12:3", "http://h\xc3\xb6st"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (endpoint_parse(bad[i], "a test", &p, &e)) fail_msg("accepted %s", bad[i]);
}

static void the_host_header_leaves_out_a_usual_port(void **state) {
    (void)state;
    struct endpoint p;
    struct err e;
    assert_true(endpoint_parse("HTTP://LocalHost:80", "a test", &p, &e));
    assert_string_equal(p.host, "localhost");
    assert_string_equal(p.path, "/");
    assert_true(endpoint_parse("https://h:443/a/b", "a test", &p, &e));
    assert_string_equal(p.host, "h");
    assert_string_equal(p.path, "/a/b");
    assert_true(endpoint_parse("https://h:80", "a test", &p, &e));
    assert_string_equal(p.host, "h:80");
}

static void only_loopback_is_loopback(void **state) {
    (void)state;
    static const char *const yes[] = {"http://127.0.0.1:5", "http://127.9.9.9", "http://[::1]:5",
                                      "http://localhost:5"};
    static const char *const no[] = {"http://127.0.0.1.evil.com", "http://localhost.evil.com",
                                     "http://10.0.0.1",           "http://[::2]",
                                     "http://[::ffff:10.0.0.1]",  "http://0.0.0.0"};
    struct err e;
    aws_files_set(NULL, NULL);
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        struct endpoint p;
        use(&(struct aws_options){.endpoint_url = yes[i], .loopback_only = true});
        if (!endpoint_resolve(&config, &EC2, "r", &p, &e)) fail_msg("%s", e.message);
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        use(&(struct aws_options){.endpoint_url = no[i], .loopback_only = true});
        refuses(&EC2, "eu-west-1", "loopback");
    }
    use(&(struct aws_options){.loopback_only = true});
    refuses(&EC2, "eu-west-1", "loopback");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_endpoints_by_partition),
        cmocka_unit_test(iam_is_one_for_a_partition),
        cmocka_unit_test(each_place_beats_those_after_it),
        cmocka_unit_test(elbv2_is_configured_by_its_service_id),
        cmocka_unit_test(configured_endpoints_can_be_ignored_but_not_the_flag),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(regions_in_order),
        cmocka_unit_test(a_region_that_is_no_name_is_refused),
        cmocka_unit_test(endpoints_that_are_none_are_refused),
        cmocka_unit_test(the_host_header_leaves_out_a_usual_port),
        cmocka_unit_test(only_loopback_is_loopback),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    config_free(&config);
    aws_files_remove();
    return failed;
}
