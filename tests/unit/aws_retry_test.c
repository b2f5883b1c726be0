// aws_retry_test.c - every row of the retry table.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/retry.h"

#define MINUTE ((int64_t)60 * 1000000)

static struct retry_attempt answered(int status, const char *code) {
    return (struct retry_attempt){.fate = FATE_ANSWERED,
                                  .status = status,
                                  .code = code,
                                  .attempt = 1,
                                  .max_attempts = 3,
                                  .retry_after_ms = -1,
                                  .random = 0.5,
                                  .quota = RETRY_QUOTA};
}

static struct retry_attempt failed(enum retry_fate fate) {
    struct retry_attempt a = answered(0, "");
    a.fate = fate;
    return a;
}

static void throttling_is_repeated_for_everything(void **state) {
    (void)state;
    static const char *const codes[] = {"Throttling",
                                        "ThrottlingException",
                                        "ThrottledException",
                                        "RequestThrottled",
                                        "RequestThrottledException",
                                        "RequestLimitExceeded",
                                        "TooManyRequestsException",
                                        "BandwidthLimitExceeded",
                                        "SlowDown",
                                        "EC2ThrottledException"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct retry_attempt a = answered(503, codes[i]);  // the code counts, not the 503
        struct retry_decision d = retry_decide(&a);
        assert_int_equal(d.reason, RETRY_THROTTLED);
        assert_false(d.unknown);
        assert_int_equal(d.cost, 5);
        assert_int_equal(d.delay_ms, 500);
    }
}

static void a_refused_connection_is_repeated_for_everything(void **state) {
    (void)state;
    struct retry_attempt a = failed(FATE_NOT_SENT);
    struct retry_decision d = retry_decide(&a);
    assert_int_equal(d.reason, RETRY_CONNECTION);
    assert_false(d.unknown);
    a.timed_out = true;
    assert_int_equal(retry_decide(&a).cost, 10);
    a.fate = FATE_HOPELESS;
    assert_int_equal(retry_decide(&a).reason, RETRY_NO);
}

static void an_unknown_fate_is_repeated_only_when_repeatable(void **state) {
    (void)state;
    struct retry_attempt rows[] = {failed(FATE_UNKNOWN),
                                   answered(500, "InternalError"),
                                   answered(502, ""),
                                   answered(503, "Unavailable"),
                                   answered(504, ""),
                                   answered(400, "RequestTimeout"),
                                   answered(400, "RequestTimeoutException"),
                                   answered(400, "PriorRequestNotComplete")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct retry_decision d = retry_decide(&rows[i]);
        assert_int_equal(d.reason, RETRY_NO);
        assert_true(d.unknown);
        assert_int_equal(d.cost, 0);
        rows[i].repeatable = true;
        d = retry_decide(&rows[i]);
        assert_int_equal(d.reason, RETRY_TRANSIENT);
        assert_true(d.unknown);
    }
}

static void a_plain_error_is_final(void **state) {
    (void)state;
    static const char *const codes[] = {"UnauthorizedOperation", "InvalidParameterValue",
                                        "InvalidGroup.NotFound", "DryRunOperation", ""};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct retry_attempt a = answered(400, codes[i]);
        a.repeatable = true;
        struct retry_decision d = retry_decide(&a);
        assert_int_equal(d.reason, RETRY_NO);
        assert_false(d.unknown);
    }
}

static void attempts_and_quota_run_out(void **state) {
    (void)state;
    struct retry_attempt a = answered(503, "RequestLimitExceeded");
    a.attempt = 3;
    assert_int_equal(retry_decide(&a).reason, RETRY_NO);
    a.attempt = 2;
    assert_int_equal(retry_decide(&a).reason, RETRY_THROTTLED);
    a.quota = 4;
    assert_int_equal(retry_decide(&a).reason, RETRY_NO);
    a.quota = 5;
    assert_int_equal(retry_decide(&a).reason, RETRY_THROTTLED);
    a = failed(FATE_UNKNOWN);
    a.repeatable = true;
    a.timed_out = true;
    a.quota = 9;
    assert_int_equal(retry_decide(&a).reason, RETRY_NO);
    a.quota = 10;
    assert_int_equal(retry_decide(&a).cost, 10);
}

static void delays_double_up_to_twenty_seconds(void **state) {
    (void)state;
    static const int64_t wanted[] = {1000, 2000, 4000, 8000, 16000, 20000, 20000};
    struct retry_attempt a = answered(503, "SlowDown");
    a.max_attempts = 20;
    for (int n = 1; n <= 7; n++) {
        a.attempt = n;
        a.random = 1.0;
        assert_int_equal(retry_decide(&a).delay_ms, wanted[n - 1]);
        a.random = 0.0;
        assert_int_equal(retry_decide(&a).delay_ms, 0);
    }
}

static void a_server_may_ask_for_five_seconds_more(void **state) {
    (void)state;
    struct retry_attempt a = answered(503, "SlowDown");
    a.retry_after_ms = 2000;
    assert_int_equal(retry_decide(&a).delay_ms, 2000);
    a.retry_after_ms = 100;
    assert_int_equal(retry_decide(&a).delay_ms, 500);
    a.retry_after_ms = 3600 * 1000;
    assert_int_equal(retry_decide(&a).delay_ms, 5500);
}

static void skew_is_corrected_once(void **state) {
    (void)state;
    static const char *const codes[] = {"AuthFailure",          "InvalidSignatureException",
                                        "RequestExpired",       "RequestInTheFuture",
                                        "RequestTimeTooSkewed", "SignatureDoesNotMatch"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct retry_attempt a = answered(403, codes[i]);
        assert_int_equal(retry_decide(&a).reason, RETRY_NO);
        a.skew_us = 4 * MINUTE;
        assert_int_equal(retry_decide(&a).reason, RETRY_NO);
        a.skew_us = 4 * MINUTE + 1;
        assert_int_equal(retry_decide(&a).reason, RETRY_SKEW);
        a.skew_us = -5 * MINUTE;
        a.attempt = 3;  // the attempts are for other failures
        assert_int_equal(retry_decide(&a).reason, RETRY_SKEW);
        assert_int_equal(retry_decide(&a).cost, 0);
        a.skew_corrected = true;
        assert_int_equal(retry_decide(&a).reason, RETRY_NO);
    }
}

static void what_was_just_created_may_be_late(void **state) {
    (void)state;
    struct retry_attempt a = answered(400, "InvalidGroup.NotFound");
    a.just_created = true;
    assert_int_equal(retry_decide(&a).reason, RETRY_JUST_CREATED);
    assert_int_equal(retry_decide(&a).delay_ms, 500);
    a.attempt = 5;
    a.waited_ms = 8000;
    assert_int_equal(retry_decide(&a).reason, RETRY_JUST_CREATED);
    a.waited_ms = 8001;
    assert_int_equal(retry_decide(&a).reason, RETRY_NO);
    a = answered(400, "InvalidGroup.Duplicate");
    a.just_created = true;
    assert_int_equal(retry_decide(&a).reason, RETRY_NO);
}

static bool repeatable(const char *service, const char *name, bool mutates, bool dry_run,
                       const char *token, const char *set) {
    struct service s = {.name = service};
    struct operation op = {
        .service = &s, .name = name, .mutates = mutates, .dry_run = dry_run, .client_token = token};
    struct val *params = val_map();
    if (set != NULL && strcmp(set, "DryRun") == 0)
        val_set(params, "DryRun", val_bool(true));
    else if (set != NULL)
        val_set(params, set, val_cstr("x"));
    bool yes = retry_is_repeatable(&op, params);
    val_unref(params);
    return yes;
}

static void what_may_be_sent_twice(void **state) {
    (void)state;
    assert_true(repeatable("ec2", "DescribeVpcs", false, true, "", NULL));
    assert_true(repeatable("ec2", "ModifyNetworkInterfaceAttribute", true, true, "", NULL));
    assert_true(repeatable("ec2", "CreateTags", true, true, "", NULL));
    assert_true(repeatable("ec2", "CreateSecurityGroup", true, true, "", "DryRun"));
    assert_true(repeatable("ec2", "CreateNetworkAcl", true, true, "ClientToken", "ClientToken"));
    assert_true(repeatable("sqs", "DeleteMessage", true, false, "", NULL));
    assert_false(repeatable("ec2", "CreateNetworkAcl", true, true, "ClientToken", NULL));
    assert_false(repeatable("ec2", "CreateSecurityGroup", true, true, "", NULL));
    assert_false(repeatable("ec2", "CreateSnapshots", true, true, "", NULL));
    assert_false(repeatable("ec2", "AuthorizeSecurityGroupIngress", true, true, "", NULL));
    assert_false(repeatable("ec2", "RevokeSecurityGroupEgress", true, true, "", NULL));
    assert_false(repeatable("ec2", "ReplaceNetworkAclAssociation", true, true, "", NULL));
    assert_false(repeatable("sqs", "SendMessage", true, false, "", NULL));
    assert_false(repeatable("sqs", "SendMessage", true, false, "", "DryRun"));  // it has none
    assert_false(repeatable("other", "CreateTags", true, false, "", NULL));
}

static void the_number_of_attempts_is_bounded(void **state) {
    (void)state;
    assert_int_equal(retry_max_attempts(NULL), 3);
    assert_int_equal(retry_max_attempts("5"), 5);
    assert_int_equal(retry_max_attempts("1"), 1);
    assert_int_equal(retry_max_attempts("0"), 3);
    assert_int_equal(retry_max_attempts("x"), 3);
    assert_int_equal(retry_max_attempts("4x"), 3);
    assert_int_equal(retry_max_attempts("99999999999999999999"), 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(throttling_is_repeated_for_everything),
        cmocka_unit_test(a_refused_connection_is_repeated_for_everything),
        cmocka_unit_test(an_unknown_fate_is_repeated_only_when_repeatable),
        cmocka_unit_test(a_plain_error_is_final),
        cmocka_unit_test(attempts_and_quota_run_out),
        cmocka_unit_test(delays_double_up_to_twenty_seconds),
        cmocka_unit_test(a_server_may_ask_for_five_seconds_more),
        cmocka_unit_test(skew_is_corrected_once),
        cmocka_unit_test(what_was_just_created_may_be_late),
        cmocka_unit_test(what_may_be_sent_twice),
        cmocka_unit_test(the_number_of_attempts_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
