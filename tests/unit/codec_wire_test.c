// codec_wire_test.c - what leaves, what comes back, and what others send instead.
#include "codec_test.h"

static struct buf sent(const char *service, const char *name, const char *params) {
    struct err e = {0};
    struct wire_request w = {0};
    struct val *v = json(params);
    if (!codec_encode_request(the_model, operation(service, name), v, &w, &e))
        print_error("got: %s\n", e.message);
    val_unref(v);
    return w.body;
}

static void sends(const char *name, const char *params, const char *expected) {
    struct buf body = sent("ec2", name, params);
    char whole[600];
    snprintf(whole, sizeof whole, "Action=%s&Version=2016-11-15%s", name, expected);
    assert_string_equal(buf_str(&body), whole);
    buf_free(&body);
}

static void ec2_names_are_those_of_aws(void **state) {
    (void)state;
    sends("RevokeSecurityGroupIngress",
          "{\"IpPermissions\":[{\"UserIdGroupPairs\":[{\"GroupId\":\"sg-1\"}]}]}",
          "&IpPermissions.1.Groups.1.GroupId=sg-1");
    sends("ModifyInstanceAttribute", "{\"Groups\":[\"sg-1\",\"sg-2\"]}",
          "&GroupId.1=sg-1&GroupId.2=sg-2");
    sends("ModifyNetworkInterfaceAttribute", "{\"Groups\":[\"sg-1\"]}", "&SecurityGroupId.1=sg-1");
    sends("CreateTags", "{\"Resources\":[\"i-1\"],\"Tags\":[{\"Key\":\"a b\",\"Value\":\"\"}]}",
          "&ResourceId.1=i-1&Tag.1.Key=a+b&Tag.1.Value=");
    sends("CreateNetworkAclEntry", "{\"IcmpTypeCode\":{\"Type\":-1}}", "&Icmp.Type=-1");
    sends("CreateSecurityGroup", "{\"Description\":\"x\"}", "&GroupDescription=x");
    sends("DescribeVpcs", "{\"DryRun\":true,\"Filters\":[{\"Name\":\"n\",\"Values\":[\"v\"]}]}",
          "&DryRun=true&Filter.1.Name=n&Filter.1.Value.1=v");
    sends("RunInstances", "{\"MaxCount\":1.0,\"TagSpecifications\":[{\"Tags\":[{\"Key\":\"k\"}]}]}",
          "&MaxCount=1&TagSpecification.1.Tag.1.Key=k");
    sends("DescribeSpotPriceHistory", "{\"StartTime\":\"2024-01-01T01:00:00.5+01:00\"}",
          "&StartTime=2024-01-01T00%3A00%3A00.500000Z");
}

static void sqs_goes_as_json_with_its_target(void **state) {
    (void)state;
    struct err e;
    struct wire_request w = {0};
    struct val *v = json("{\"QueueUrl\":\"u\",\"MessageBody\":\"b\",\"MessageAttributes\":"
                         "{\"a\":{\"DataType\":\"Binary\",\"BinaryValue\":\"x\"}}}");
    assert_true(codec_encode_request(the_model, operation("sqs", "send_message"), v, &w, &e));
    assert_string_equal(w.target, "AmazonSQS.SendMessage");
    assert_string_equal(w.content_type, "application/x-amz-json-1.0");
    assert_true(w.query_mode);
    assert_string_equal(buf_str(&w.body),
                        "{\"MessageAttributes\":{\"a\":{\"BinaryValue\":\"eA==\",\"DataType\":"
                        "\"Binary\"}},\"MessageBody\":\"b\",\"QueueUrl\":\"u\"}");
    val_unref(v);
    buf_free(&w.body);
}

static void answers(const char *service, const char *name, const char *body, const char *expected) {
    struct err e = {0};
    struct val *v;
    char id[96];
    if (!codec_decode_response(the_model, operation(service, name), 200, body, strlen(body), NULL,
                               &v, id, &e)) {
        print_error("got: %s\n", e.message);
        fail();
    }
    same_json(v, expected);
    val_unref(v);
}

#define VPCS(members) "<DescribeVpcsResponse>" members "</DescribeVpcsResponse>"

static void results_are_boto3s(void **state) {
    (void)state;
    answers("ec2", "DescribeVpcs",
            VPCS("<requestId>r</requestId><vpcSet><item><vpcId>vpc-1</vpcId><isDefault>true"
                 "</isDefault><unknown>x</unknown><tagSet/></item></vpcSet>"),
            "{\"Vpcs\":[{\"IsDefault\":true,\"Tags\":[],\"VpcId\":\"vpc-1\"}]}");
    answers("ec2", "DescribeVpcs", VPCS("<vpcSet/>"), "{\"Vpcs\":[]}");
    answers("ec2", "DescribeVpcs", VPCS(""), "{}");
    answers("ec2", "DescribeVpcs",
            VPCS("<n:vpcSet xmlns:n='u'><n:item><n:vpcId>a<!-- c -->&amp;b"
                 "</n:vpcId></n:item></n:vpcSet>"),
            "{\"Vpcs\":[{\"VpcId\":\"a&b\"}]}");
    answers("ec2", "DescribeSnapshots",
            "<DescribeSnapshotsResponse><snapshotSet><item><startTime>2024-01-01T00:00:00.120Z"
            "</startTime><volumeSize>8</volumeSize></item></snapshotSet>"
            "</DescribeSnapshotsResponse>",
            "{\"Snapshots\":[{\"StartTime\":\"2024-01-01T00:00:00.120000+00:00\",\"VolumeSize\":8"
            "}]}");
    answers("sqs", "ReceiveMessage", "{\"Messages\":[{\"Body\":\"b\",\"Other\":1}]}",
            "{\"Messages\":[{\"Body\":\"b\"}]}");
    answers("sqs", "ReceiveMessage", "{}", "{}");
    answers("sqs", "ReceiveMessage", "{\"Messages\":null}", "{}");
    answers("sqs", "DeleteMessage", "", "{}");
    answers("sts", "GetCallerIdentity",
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account>"
            "</GetCallerIdentityResult></GetCallerIdentityResponse>",
            "{\"Account\":\"1\"}");
}

static void console_output_is_text(void **state) {
    (void)state;
    // "a", an invalid byte, a cut three-byte character, "b"
    answers("ec2", "GetConsoleOutput",
            "<GetConsoleOutputResponse><output>Yf/igmI=</output></GetConsoleOutputResponse>",
            "{\"Output\":\"a\xef\xbf\xbd\xef\xbf\xbd"
            "b\"}");
    answers("ec2", "GetConsoleOutput",
            "<GetConsoleOutputResponse><output>no base64!</output></GetConsoleOutputResponse>",
            "{\"Output\":\"no base64!\"}");
    answers("ec2", "GetConsoleOutput",
            "<GetConsoleOutputResponse><output/></GetConsoleOutputResponse>", "{\"Output\":\"\"}");
}

static struct err fault(const char *service, const char *name, int status, const char *body,
                        const char *query_error) {
    struct err e = {0};
    struct val *v = val_nil();
    assert_false(codec_decode_response(the_model, operation(service, name), status, body,
                                       strlen(body), query_error, &v, NULL, &e));
    assert_null(v);
    assert_int_equal(e.status, status);
    assert_string_equal(e.operation, operation(service, name)->name);
    return e;
}

static void failures_carry_code_message_and_id(void **state) {
    (void)state;
    struct err e = fault("ec2", "DescribeVpcs", 403,
                         "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You "
                         "are not</Message></Error></Errors><RequestID>id-1</RequestID></Response>",
                         NULL);
    assert_string_equal(e.code, "UnauthorizedOperation");
    assert_string_equal(e.message, "You are not");
    assert_string_equal(e.request_id, "id-1");
    e = fault("sts", "GetCallerIdentity", 403,
              "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>"
              "no</Message></Error><RequestId>id-2</RequestId></ErrorResponse>",
              NULL);
    assert_string_equal(e.code, "InvalidClientTokenId");
    assert_string_equal(e.request_id, "id-2");
    const char *body = "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist:x\",\"message\":\"no\"}";
    e = fault("sqs", "SendMessage", 400, body, NULL);
    assert_string_equal(e.code, "QueueDoesNotExist");
    assert_string_equal(e.message, "no");
    e = fault("sqs", "SendMessage", 400, body, "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert_string_equal(e.code, "AWS.SimpleQueueService.NonExistentQueue");
    e = fault("sqs", "SendMessage", 400, body, ";Sender");
    assert_string_equal(e.code, "QueueDoesNotExist");
    e = fault("sqs", "SendMessage", 400, "{\"message\":\"hm\"}", NULL);
    assert_string_equal(e.code, "400");
    // An error that comes with 200 is one.
    e = fault("ec2", "DescribeVpcs", 200,
              "<Response><Errors><Error><Code>X</Code></Error></Errors></Response>", NULL);
    assert_string_equal(e.code, "X");
}

static void what_a_proxy_says_is_told(void **state) {
    (void)state;
    struct err e = fault("ec2", "DescribeVpcs", 503, "<html><body>Try \x1b[2J later</body>", NULL);
    assert_string_equal(e.code, "503");
    assert_non_null(strstr(e.message, "HTTP 503 Service Unavailable with an HTML page"));
    assert_non_null(strstr(e.message, "\\x1b[2J"));
    e = fault("ec2", "DescribeVpcs", 502, "", NULL);
    assert_string_equal(e.code, "502");
    assert_non_null(strstr(e.message, "HTTP 502 Bad Gateway with nothing"));
    e = fault("sqs", "SendMessage", 500, "oops", NULL);
    assert_string_equal(e.code, "500");
    assert_non_null(strstr(e.message, "with text, not with an answer of AWS: oops"));
    e = fault("ec2", "DescribeVpcs", 301, "<?xml version='1.0'?><a/>", NULL);
    assert_string_equal(e.code, "301");
}

static void no_other_page_passes_for_a_result(void **state) {
    (void)state;
    static const char *const pages[] = {"",
                                        "<html><body>Log in</body></html>",
                                        "<!DOCTYPE html><html/>",
                                        "{}",
                                        "hello",
                                        "<a><b/></a>",
                                        "<DescribeVpcsResponse><vpcSet>"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct err e = fault("ec2", "DescribeVpcs", 200, pages[i], NULL);
        assert_string_equal(e.code, ERR_INVALID);
    }
    static const char *const texts[] = {
        "<html>", "[]", "{\"Messages\":{}}", "1", "null", "{\"Messages\":[1]}", "{} x"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err e = fault("sqs", "ReceiveMessage", 200, texts[i], NULL);
        assert_string_equal(e.code, ERR_INVALID);
    }
    struct err e = fault("sts", "GetCallerIdentity", 200, "<XResponse/>", NULL);
    assert_non_null(strstr(e.message, "without <GetCallerIdentityResult>"));
    e = fault("ec2", "DescribeVolumes", 200,
              "<XResponse><volumeSet><item/><item><size>big</size></item></volumeSet></XResponse>",
              NULL);
    assert_non_null(strstr(e.message, "Volumes[1].Size: \"big\" is not an integer"));
}

static void bad_request(const char *service, const char *body, const char *target,
                        const char *code) {
    struct err e = {0};
    const struct operation *op;
    struct val *params;
    const struct service *s = model_service(the_model, service, &e);
    assert_false(codec_decode_request(the_model, s, body, strlen(body), target, &op, &params, &e));
    assert_null(params);
    if (strcmp(e.code, code) != 0) print_error("got: %s %s\n", e.code, e.message);
    assert_string_equal(e.code, code);
}

#define V "&Version=2016-11-15"

static void the_server_refuses_what_it_cannot_read(void **state) {
    (void)state;
    bad_request("ec2", "", NULL, "MissingAction");
    bad_request("ec2", "Action=Nothing" V, NULL, "InvalidAction");
    bad_request("ec2", "Action=describe_vpcs" V, NULL, "InvalidAction");
    bad_request("ec2", "Action=DescribeVpcs", NULL, "NoSuchVersion");
    bad_request("ec2", "Action=DescribeVpcs" V "&Filters.1.Name=a", NULL, "UnknownParameter");
    bad_request("ec2", "Action=DescribeVpcs" V "&VpcId.0=a", NULL, "UnknownParameter");
    bad_request("ec2", "Action=DescribeVpcs" V "&VpcId.1=a&VpcId.1=b", NULL, "MalformedQueryString");
    bad_request("ec2", "Action=DescribeVpcs" V "&MaxResults=x", NULL, ERR_INVALID);
    bad_request("ec2", "Action=DescribeVpcs" V "&X=%4", NULL, "MalformedQueryString");
    bad_request("ec2", "Action=DescribeVpcs" V "&%00=1", NULL, "MalformedQueryString");
    bad_request("sqs", "{}", NULL, "UnknownOperationException");
    bad_request("sqs", "{}", "AmazonSQS.Nothing", "UnknownOperationException");
    bad_request("sqs", "{}", "Other.SendMessage", "UnknownOperationException");
    bad_request("sqs", "{", "AmazonSQS.SendMessage", ERR_INVALID);
    bad_request("sqs", "{\"Entries\":{}}", "AmazonSQS.SendMessageBatch", ERR_INVALID);
}

static void lists_of_a_form_are_in_the_order_of_their_numbers(void **state) {
    (void)state;
    struct err e;
    const struct operation *op;
    struct val *params;
    const char *body = "Action=DescribeVpcs" V "&VpcId.10=c&VpcId.2=b&VpcId.1=a";
    const struct service *s = model_service(the_model, "ec2", &e);
    assert_true(codec_decode_request(the_model, s, body, strlen(body), NULL, &op, &params, &e));
    same_json(params, "{\"VpcIds\":[\"a\",\"b\",\"c\"]}");
    val_unref(params);
}

static bool digests_fit(const char *name, const char *params, const char *result) {
    struct err e = {0};
    struct val *p = json(params), *r = json(result);
    bool ok = codec_check_digests(operation("sqs", name), p, r, &e);
    if (!ok) assert_string_equal(e.code, "ChecksumMismatch");
    val_unref(p);
    val_unref(r);
    return ok;
}

#define MD5_OF_B "92eb5ffee6ae2fec3ad71c777531578f"

static void a_body_that_changed_on_the_way_is_told(void **state) {
    (void)state;
    assert_true(digests_fit("ReceiveMessage", "{}",
                            "{\"Messages\":[{\"Body\":\"b\",\"MD5OfBody\":\"" MD5_OF_B "\"}]}"));
    assert_false(digests_fit("ReceiveMessage", "{}",
                             "{\"Messages\":[{\"Body\":\"c\",\"MD5OfBody\":\"" MD5_OF_B "\"}]}"));
    assert_true(digests_fit("ReceiveMessage", "{}", "{\"Messages\":[{\"Body\":\"b\"}]}"));
    assert_false(digests_fit("SendMessage", "{\"MessageBody\":\"c\"}",
                             "{\"MD5OfMessageBody\":\"" MD5_OF_B "\"}"));
    assert_false(digests_fit(
        "SendMessageBatch",
        "{\"Entries\":[{\"Id\":\"1\",\"MessageBody\":\"b\"},{\"Id\":\"2\",\"MessageBody\":\"c\"}]}",
        "{\"Successful\":[{\"Id\":\"1\",\"MD5OfMessageBody\":\"" MD5_OF_B
        "\"},{\"Id\":\"2\",\"MD5OfMessageBody\":\"" MD5_OF_B "\"}]}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ec2_names_are_those_of_aws),
        cmocka_unit_test(sqs_goes_as_json_with_its_target),
        cmocka_unit_test(results_are_boto3s),
        cmocka_unit_test(console_output_is_text),
        cmocka_unit_test(failures_carry_code_message_and_id),
        cmocka_unit_test(what_a_proxy_says_is_told),
        cmocka_unit_test(no_other_page_passes_for_a_result),
        cmocka_unit_test(the_server_refuses_what_it_cannot_read),
        cmocka_unit_test(lists_of_a_form_are_in_the_order_of_their_numbers),
        cmocka_unit_test(a_body_that_changed_on_the_way_is_told),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
