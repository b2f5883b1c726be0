// codec_check_test.c - what parameters are refused, and what the user reads then.
#include "codec_test.h"

static void refused(const char *service, const char *name, const char *params,
                    const char *message) {
    struct err e = {0};
    struct val *v = json(params);
    assert_false(codec_check(the_model, operation(service, name), v, &e));
    assert_true(err_is(&e, ERR_PARAMS));
    if (!strstr(e.message, message)) print_error("got: %s\n", e.message);
    assert_non_null(strstr(e.message, message));
    assert_string_equal(e.operation, operation(service, name)->name);
    val_unref(v);
}

static void accepted(const char *service, const char *name, const char *params) {
    struct err e = {0};
    struct val *v = json(params);
    bool ok = codec_check(the_model, operation(service, name), v, &e);
    if (!ok) print_error("refused: %s\n", e.message);
    assert_true(ok);
    val_unref(v);
}

static void unknown_parameters_get_a_suggestion(void **state) {
    (void)state;
    refused("ec2", "DescribeInstances", "{\"Filtres\":[]}",
            "unknown parameter \"Filtres\"; did you mean Filters?");
    refused("ec2", "DescribeInstances", "{\"Filters\":[{\"Name\":\"x\",\"Valeus\":[\"y\"]}]}",
            "Filters[0]: unknown parameter \"Valeus\"; did you mean Values?");
    refused("sts", "GetCallerIdentity", "{\"X\":1}", "unknown parameter \"X\"");
    refused("ec2", "DescribeInstances", "{\"\\u001b[2J\":1}", "unknown parameter \"\\x1b[2J\"");
}

static void what_would_vanish_is_refused(void **state) {
    (void)state;
    const char *vanish = "would vanish from the request";
    refused("ec2", "ModifyNetworkInterfaceAttribute",
            "{\"NetworkInterfaceId\":\"eni-1\",\"Groups\":[]}", "Groups: an empty list");
    refused("ec2", "ModifyNetworkInterfaceAttribute",
            "{\"NetworkInterfaceId\":\"eni-1\",\"Groups\":{}}", vanish);
    refused("ec2", "DescribeInstances", "{\"Filters\":[{\"Name\":\"x\",\"Values\":[]}]}",
            "Filters[0].Values: an empty list");
    // On these wires an empty list is there.
    accepted("sqs", "ReceiveMessage", "{\"QueueUrl\":\"u\",\"AttributeNames\":[]}");
    accepted("sqs", "ReceiveMessage", "{\"QueueUrl\":\"u\",\"AttributeNames\":{}}");
    accepted("sts", "GetFederationToken", "{\"Name\":\"ab\",\"PolicyArns\":[]}");
}

static void types_are_checked_with_their_place(void **state) {
    (void)state;
    refused("ec2", "DescribeInstances", "{\"InstanceIds\":\"i-1\"}",
            "InstanceIds: must be a list, not a string \"i-1\"");
    refused("ec2", "DescribeInstances", "{\"InstanceIds\":[1]}",
            "InstanceIds[0]: must be a string, not an integer");
    refused("ec2", "DescribeInstances", "{\"InstanceIds\":[null]}", "InstanceIds[0]: must be");
    refused("ec2", "DescribeInstances", "{\"DryRun\":\"true\"}", "DryRun: must be true or false");
    refused("ec2", "DescribeInstances", "{\"DryRun\":1}", "DryRun: must be true or false");
    refused("ec2", "DescribeInstances", "{\"MaxResults\":1.5}", "MaxResults: must be an integer");
    refused("ec2", "DescribeInstances", "{\"MaxResults\":\"5\"}", "MaxResults: must be an integer");
    refused("ec2", "DescribeInstances", "{\"MaxResults\":2147483648}", "out of range");
    refused("ec2", "DescribeInstances", "{\"MaxResults\":1e300}", "must be an integer");
    refused("ec2", "DescribeSpotPriceHistory", "{\"StartTime\":\"yesterday\"}",
            "StartTime: must be a time");
    refused("ec2", "RunInstances", "{\"MinCount\":1,\"MaxCount\":1,\"Placement\":[\"x\"]}",
            "Placement: must be a table of named parameters");
    refused("ec2", "ModifyInstanceAttribute", "{}", "the required parameter InstanceId is missing");
    refused("sqs", "SendMessage",
            "{\"QueueUrl\":\"u\",\"MessageBody\":\"b\",\"MessageAttributes\":{\"a\":{}}}",
            "MessageAttributes[a]: the required parameter DataType is missing");
    refused("ec2", "DescribeInstances", "[1]", "must be a table of named parameters");
    refused("ec2", "DescribeInstances", "\"x\"", "must be a table of named parameters");
}

static void what_fits_is_accepted(void **state) {
    (void)state;
    accepted("ec2", "DescribeInstances", "{}");
    accepted("ec2", "DescribeInstances", "[]");
    accepted("ec2", "DescribeInstances", "{\"MaxResults\":5.0}");
    accepted("ec2", "DescribeSpotPriceHistory", "{\"StartTime\":1700000000}");
    accepted("ec2", "DescribeSpotPriceHistory", "{\"StartTime\":\"2024-01-01\"}");
    accepted("ec2", "DescribeSpotPriceHistory", "{\"StartTime\":\"1700000000\"}");
    // An enum's list of values grows with the service: unknown ones pass.
    accepted("ec2", "RunInstances",
             "{\"MinCount\":1,\"MaxCount\":1,\"InstanceType\":\"z99.huge\"}");
    struct err e;
    assert_true(codec_check(the_model, operation("ec2", "DescribeVpcs"), NULL, &e));
    assert_false(codec_check(the_model, operation("ec2", "TerminateInstances"), NULL, &e));
}

static void text_that_no_wire_carries_is_refused(void **state) {
    (void)state;
    struct err e;
    struct val *params = val_map();
    assert_true(val_set(params, "QueueUrl", val_cstr("u")) &&
                val_set(params, "MessageBody", val_string("\xff\xfe", 2)));
    assert_false(codec_check(the_model, operation("sqs", "SendMessage"), params, &e));
    assert_non_null(strstr(e.message, "MessageBody: the string is not valid UTF-8"));
    val_unref(params);
}

static void prepare_fills_tokens_and_encodes_user_data(void **state) {
    (void)state;
    struct err e;
    const struct operation *run = operation("ec2", "RunInstances");
    struct val *params = json("{\"MinCount\":1,\"MaxCount\":1,\"UserData\":\"#!/bin/sh\"}");
    struct val *ready = codec_prepare(the_model, run, params, &e);
    assert_string_equal(val_get_str(ready, "UserData", ""), "IyEvYmluL3No");
    assert_int_equal(strlen(val_get_str(ready, "ClientToken", "")), 36);
    assert_string_equal(val_get_str(params, "UserData", ""), "#!/bin/sh");
    assert_null(val_get(params, "ClientToken"));
    struct val *own = json("{\"MinCount\":1,\"MaxCount\":1,\"ClientToken\":\"mine\"}");
    struct val *kept = codec_prepare(the_model, run, own, &e);
    assert_string_equal(val_get_str(kept, "ClientToken", ""), "mine");
    // Only RunInstances: boto3 leaves the others' user data to the caller.
    const struct operation *spot = operation("ec2", "RequestSpotInstances");
    struct val *asked = json("{\"LaunchSpecification\":{\"UserData\":\"eA==\"}}");
    struct val *same = codec_prepare(the_model, spot, asked, &e);
    assert_string_equal(val_get_str(val_get(same, "LaunchSpecification"), "UserData", ""), "eA==");
    struct val *all[] = {params, ready, own, kept, asked, same};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) val_unref(all[i]);
}

#define X_SHA "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

static void redacted(const char *service, const char *name, bool output, const char *value,
                     const char *expected) {
    struct err e;
    struct val *v = json(value);
    struct val *r = codec_redact(the_model, operation(service, name), output, v, &e);
    assert_non_null(r);
    same_json(r, expected);
    val_unref(r);
    val_unref(v);
}

static void secrets_leave_as_their_digest(void **state) {
    (void)state;
    redacted("ec2", "RunInstances", false, "{\"ImageId\":\"ami-1\",\"UserData\":\"x\"}",
             "{\"ImageId\":\"ami-1\",\"UserData\":{\"sha256\":\"" X_SHA "\"}}");
    redacted("ec2", "CreateKeyPair", true, "{\"KeyMaterial\":\"x\",\"KeyName\":\"k\"}",
             "{\"KeyMaterial\":{\"sha256\":\"" X_SHA "\"},\"KeyName\":\"k\"}");
    redacted("ec2", "GetPasswordData", true, "{\"PasswordData\":\"x\"}",
             "{\"PasswordData\":{\"sha256\":\"" X_SHA "\"}}");
    redacted("ec2", "DescribeInstanceAttribute", true, "{\"UserData\":{\"Value\":\"x\"}}",
             "{\"UserData\":{\"Value\":{\"sha256\":\"" X_SHA "\"}}}");
    redacted("ec2", "DescribeInstanceAttribute", true, "{\"KernelId\":{\"Value\":\"x\"}}",
             "{\"KernelId\":{\"Value\":\"x\"}}");
    redacted("ec2", "ModifyInstanceAttribute", false,
             "{\"Attribute\":\"userData\",\"InstanceId\":\"i\",\"Value\":\"x\"}",
             "{\"Attribute\":\"userData\",\"InstanceId\":\"i\",\"Value\":{\"sha256\":\"" X_SHA
             "\"}}");
    redacted("ec2", "DescribeLaunchTemplateVersions", true,
             "{\"LaunchTemplateVersions\":[{\"LaunchTemplateData\":{\"UserData\":\"x\"}}]}",
             "{\"LaunchTemplateVersions\":[{\"LaunchTemplateData\":{\"UserData\":{\"sha256\":"
             "\"" X_SHA "\"}}}]}");
    redacted("sts", "AssumeRole", true,
             "{\"Credentials\":{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"x\","
             "\"SessionToken\":\"x\"}}",
             "{\"Credentials\":{\"AccessKeyId\":\"A\",\"SecretAccessKey\":{\"sha256\":\"" X_SHA
             "\"},\"SessionToken\":{\"sha256\":\"" X_SHA "\"}}}");
}

static void nothing_to_hide_is_no_copy(void **state) {
    (void)state;
    struct err e;
    struct val *v = json("{\"Vpcs\":[{\"VpcId\":\"vpc-1\",\"Tags\":[]}]}");
    struct val *r = codec_redact(the_model, operation("ec2", "DescribeVpcs"), true, v, &e);
    assert_ptr_equal(r, v);
    val_unref(r);
    val_unref(v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_parameters_get_a_suggestion),
        cmocka_unit_test(what_would_vanish_is_refused),
        cmocka_unit_test(types_are_checked_with_their_place),
        cmocka_unit_test(what_fits_is_accepted),
        cmocka_unit_test(text_that_no_wire_carries_is_refused),
        cmocka_unit_test(prepare_fills_tokens_and_encodes_user_data),
        cmocka_unit_test(secrets_leave_as_their_digest),
        cmocka_unit_test(nothing_to_hide_is_no_copy),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
