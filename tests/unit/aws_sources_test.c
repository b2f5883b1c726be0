// aws_sources_test.c - the small parts of the sources of keys: splitting a command line,
// documents, the order in which sources count, request budgets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/argv_split.h"
#include "aws/credential_sources.h"
#include "aws/key_document.h"
#include "aws/pace.h"
#include "aws_files.h"
#include "base/json.h"

// --- command lines ------------------------------------------------------------------------

static void splits(const char *line, const char *joined) {
    struct err e;
    char **words = argv_split(line, &e);
    struct buf text = BUF_EMPTY;
    if (words == NULL) fail_msg("%s: %s", line, e.message);
    for (char **w = words; *w != NULL; w++) buf_printf(&text, "<%s>", *w);
    assert_string_equal(buf_str(&text), joined);
    buf_free(&text);
    argv_free(words);
}

static void refuses_line(const char *line, const char *words) {
    struct err e;
    assert_null(argv_split(line, &e));
    assert_string_equal(e.code, ERR_USAGE);
    if (strstr(e.message, words) == NULL) fail_msg("%s", e.message);
}

static void a_command_line_splits_as_shlex_does(void **state) {
    (void)state;
    splits("/bin/x  a\tb", "</bin/x><a><b>");
    splits("x 'a b' \"c d\"", "<x><a b><c d>");
    splits("x a'b c'd", "<x><ab cd>");
    splits("x '' \"\"", "<x><><>");
    splits("x a\\ b \\'", "<x><a b><'>");
    splits("x \"a\\\"b\\\\c\\d\"", "<x><a\"b\\c\\d>");
    splits("x 'a\\b'", "<x><a\\b>");
    splits("x $HOME | y; z # w *", "<x><$HOME><|><y;><z><#><w><*>");  // nothing is expanded
    refuses_line("x 'a", "quote");
    refuses_line("x \"a", "quote");
    refuses_line("x a\\", "backslash");
    refuses_line("   ", "no word");
    char many[ARGV_MAX_WORDS * 2 + 3];
    for (size_t i = 0; i < sizeof many - 1; i++) many[i] = i % 2 == 0 ? 'a' : ' ';
    many[sizeof many - 1] = '\0';
    refuses_line(many, "words");
}

// --- documents ----------------------------------------------------------------------------

static const struct key_document names = {.id = "AccessKeyId",
                                          .secret = "SecretAccessKey",
                                          .token = "Token",
                                          .expires = "Expiration",
                                          .account = "AccountId",
                                          .token_needed = true,
                                          .expires_needed = true};

static bool take(const char *json, struct credentials *c, struct err *e) {
    struct val *v = json_parse(json, strlen(json), "test", e);
    bool ok = key_document_take(&names, v, "the test", c, e);
    val_unref(v);
    return ok;
}

static void refuses_document(const char *json, const char *words) {
    struct credentials c = {0};
    struct err e;
    assert_false(take(json, &c, &e));
    assert_string_equal(e.code, ERR_CREDENTIALS);
    if (strstr(e.message, words) == NULL) fail_msg("%s", e.message);
    assert_null(strstr(e.message, "s3cret"));
    credentials_wipe(&c);
}

static void a_document_is_read_strictly(void **state) {
    (void)state;
    struct credentials c = {0};
    struct err e;
    assert_true(take("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"T\","
                     "\"Expiration\":\"2009-02-13T23:31:30Z\",\"AccountId\":\"123456789012\"}",
                     &c, &e));
    assert_string_equal(c.secret_key, "s3cret");
    assert_true(c.expires_us == (int64_t)1234567890 * 1000000);
    assert_string_equal(c.account, "123456789012");
    credentials_wipe(&c);
    refuses_document("[]", "no object");
    refuses_document("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s3cret\"}", "Token");
    refuses_document("{\"AccessKeyId\":\"A\",\"Token\":\"T\"}", "SecretAccessKey");
    refuses_document("{\"AccessKeyId\":7,\"SecretAccessKey\":\"s3cret\",\"Token\":\"T\"}",
                     "AccessKeyId");
    refuses_document("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"T\"}",
                     "Expiration");
    refuses_document("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"T\","
                     "\"Expiration\":\"soon\"}",
                     "Expiration");
    refuses_document("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s3cret\\r\\nX: y\","
                     "\"Token\":\"T\",\"Expiration\":\"2009-02-13T23:31:30Z\"}",
                     "SecretAccessKey");
}

static void an_instant_may_end_in_utc(void **state) {
    (void)state;
    int64_t us;
    assert_true(key_document_instant("2009-02-13T23:31:30UTC", &us));
    assert_true(us == (int64_t)1234567890 * 1000000);
    assert_false(key_document_instant("UTC", &us));
    assert_false(key_document_instant("", &us));
}

// --- the order ------------------------------------------------------------------------------

static void chooses(const char *profile, const char *source) {
    struct config c;
    struct credential_plan plan;
    struct err e;
    struct aws_options o = {.profile = profile};
    if (!config_load(&c, &o, &e) || !credentials_plan(&c, &plan, &e)) fail_msg("%s", e.message);
    assert_string_equal(plan.base->name, source);
    credential_plan_free(&plan);
    config_free(&c);
}

#define SSO "sso_account_id=1\nsso_role_name=r\n"
#define PROCESS "credential_process=/bin/x\n"
#define KEYS "aws_access_key_id=A\naws_secret_access_key=s\n"

static void sources_count_in_botocores_order(void **state) {
    (void)state;
    aws_files_set("[default]\nrole_arn=r\nweb_identity_token_file=/t\n" SSO PROCESS KEYS
                  "[profile sso]\nlogin_session=l\n" SSO PROCESS KEYS
                  "[profile shared]\nlogin_session=l\n" PROCESS
                  "[profile login]\nlogin_session=l\n" PROCESS KEYS
                  "[profile process]\n" PROCESS KEYS "[profile static]\n" KEYS
                  "[profile empty]\nregion=r\n",
                  "[shared]\n" KEYS);
    chooses(NULL, "web identity");
    chooses("sso", "SSO");
    chooses("shared", "static keys");
    chooses("login", "login session");
    chooses("process", "credential_process");
    chooses("static", "static keys (config file)");
    unsetenv("AWS_EC2_METADATA_DISABLED");
    chooses("empty", "instance metadata");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/x", 1);
    chooses("empty", "container");
    chooses("static", "static keys (config file)");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/t", 1);
    setenv("AWS_PROFILE", "static", 1);
    chooses(NULL, "web identity");                   // the variables count beside AWS_PROFILE
    chooses("static", "static keys (config file)");  // but not beside --profile
    setenv("AWS_ACCESS_KEY_ID", "A", 1);
    chooses(NULL, "environment");
}

static void a_source_profile_takes_nothing_of_the_machine(void **state) {
    (void)state;
    struct config c;
    struct credential_plan plan;
    struct err e;
    struct aws_options o = {.profile = NULL};
    aws_files_set("[default]\nrole_arn=r\nsource_profile=b\n[profile b]\nregion=r\n"
                  "[profile m]\nrole_arn=r\ncredential_source=Ec2InstanceMetadata\n",
                  NULL);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/x", 1);
    assert_true(config_load(&c, &o, &e));
    assert_false(credentials_plan(&c, &plan, &e));
    assert_string_equal(e.code, ERR_CREDENTIALS);
    config_free(&c);
    o.profile = "m";
    assert_true(config_load(&c, &o, &e));
    assert_false(credentials_plan(&c, &plan, &e));
    assert_non_null(strstr(e.message, "AWS_EC2_METADATA_DISABLED"));
    config_free(&c);
}

// --- request budgets ------------------------------------------------------------------------

static const struct service EC2 = {.name = "ec2", .config_name = "ec2"};
static const struct service SQS = {.name = "sqs", .config_name = "sqs"};

static void classes_follow_the_call(void **state) {
    (void)state;
    struct operation describe = {.service = &EC2, .name = "DescribeInstances"};
    struct operation create = {.service = &EC2, .name = "CreateTags", .mutates = true};
    struct operation get = {.service = &EC2, .name = "GetConsoleOutput"};
    struct operation queue = {.service = &SQS, .name = "ReceiveMessage", .mutates = true};
    struct val *none = val_map(), *some = val_map();
    assert_true(val_set(some, "InstanceIds", val_list()));
    assert_true(val_set(none, "DryRun", val_bool(true)));
    assert_int_equal(pace_class_of(&describe, none), PACE_UNFILTERED);
    assert_int_equal(pace_class_of(&describe, some), PACE_READ);
    assert_int_equal(pace_class_of(&get, none), PACE_READ);
    assert_int_equal(pace_class_of(&create, some), PACE_MUTATE);
    assert_int_equal(pace_class_of(&queue, some), PACE_NONE);
    val_unref(none);
    val_unref(some);
}

static void a_small_run_never_waits_and_a_large_one_is_spread(void **state) {
    (void)state;
    struct pace p = {0};
    for (int i = 0; i < 45; i++) assert_int_equal(pace_take(&p, PACE_MUTATE, 1000), 0);
    int64_t first = pace_take(&p, PACE_MUTATE, 1000), second = pace_take(&p, PACE_MUTATE, 1000);
    assert_in_range(first, 200, 240);  // 4.5 a second
    assert_in_range(second - first, 200, 240);
    assert_int_equal(pace_take(&p, PACE_READ, 1000), 0);  // a bucket of its own
    assert_int_equal(pace_take(&p, PACE_MUTATE, 1000 + 60000), 0);
    for (int i = 0; i < 1000; i++) assert_int_equal(pace_take(&p, PACE_NONE, 1000), 0);
    // A clock that stands or runs backwards neither fills nor drains.
    struct pace q = {0};
    for (int i = 0; i < 90; i++) assert_int_equal(pace_take(&q, PACE_READ, 5000), 0);
    assert_true(pace_take(&q, PACE_READ, 4000) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_line_splits_as_shlex_does),
        cmocka_unit_test(a_document_is_read_strictly),
        cmocka_unit_test(an_instant_may_end_in_utc),
        cmocka_unit_test(sources_count_in_botocores_order),
        cmocka_unit_test(a_source_profile_takes_nothing_of_the_machine),
        cmocka_unit_test(classes_follow_the_call),
        cmocka_unit_test(a_small_run_never_waits_and_a_large_one_is_spread),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    aws_files_remove();
    return failed;
}
