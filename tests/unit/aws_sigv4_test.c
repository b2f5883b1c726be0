// aws_sigv4_test.c - signatures are AWS's, also where signers usually differ.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/sigv4.h"

static const struct sigv4_keys KEYS = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                       NULL};
static const struct sigv4_header HOST = {"Host", "example.amazonaws.com"};

static struct sigv4_scope scope(void) {
    struct sigv4_scope s = {.region = "us-east-1", .service = "iam", .normalize = true};
    assert_true(clock_parse("20150830T123600Z", 16, &s.time_us));
    return s;
}

static void canonical_is(const struct sigv4_request *r, const struct sigv4_keys *k,
                         const struct sigv4_scope *s, const char *wanted) {
    struct sigv4_signed out;
    struct err e;
    assert_true(sigv4_sign(r, k, s, &out, &e));
    assert_string_equal(buf_str(&out.canonical_request), wanted);
    sigv4_signed_free(&out);
}

#define NO_BODY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// The worked example of AWS's own manual (ListUsers).
static void the_manuals_example(void **state) {
    (void)state;
    struct sigv4_header headers[] = {
        {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
        {"Host", "iam.amazonaws.com"}};
    struct sigv4_request r = {"GET", "/", "Action=ListUsers&Version=2010-05-08", headers, 2, "", 0};
    struct sigv4_scope s = scope();
    struct sigv4_signed out;
    struct err e;
    assert_true(sigv4_sign(&r, &KEYS, &s, &out, &e));
    assert_string_equal(out.signature,
                        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    assert_string_equal(out.date, "20150830T123600Z");
    assert_string_equal(
        buf_str(&out.authorization),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    sigv4_signed_free(&out);
}

static void headers_fold_join_and_sort(void **state) {
    (void)state;
    struct sigv4_header headers[] = {{"Zed", " a   b\n   c\t"},
                                     HOST,
                                     {"X-b", "2"},
                                     {"x-B", "1"},
                                     {"User-Agent", "u"},
                                     {"Expect", "e"},
                                     {"Connection", "c"},
                                     {"TE", "t"},
                                     {"Transfer-Encoding", "x"},
                                     {"Authorization", "old"}};
    struct sigv4_request r = {"POST", "/", "", headers, 10, "", 0};
    struct sigv4_scope s = scope();
    canonical_is(&r, &KEYS, &s,
                 "POST\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\nx-b:2,1\n"
                 "zed:a b c\n\nhost;x-amz-date;x-b;zed\n" NO_BODY);
}

static void paths_are_normalised_and_encoded_again(void **state) {
    (void)state;
    struct sigv4_request r = {"GET", "/a//./b/../c%20d/e f/", "", &HOST, 1, "", 0};
    struct sigv4_scope s = scope();
    canonical_is(&r, &KEYS, &s,
                 "GET\n/a/c%2520d/e%20f/\n\nhost:example.amazonaws.com\n"
                 "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n" NO_BODY);
    s.normalize = false;
    canonical_is(&r, &KEYS, &s,
                 "GET\n/a//./b/../c%2520d/e%20f/\n\nhost:example.amazonaws.com\n"
                 "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n" NO_BODY);
}

static void a_query_is_sorted_after_encoding(void **state) {
    (void)state;
    struct sigv4_request r = {"GET", "/", "b=2&a=2&a=1&%e1%88%b4=x&A=&c", &HOST, 1, "", 0};
    struct sigv4_scope s = scope();
    canonical_is(&r, &KEYS, &s,
                 "GET\n/\n%E1%88%B4=x&A=&a=1&a=2&b=2&c=\nhost:example.amazonaws.com\n"
                 "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n" NO_BODY);
}

static void a_token_is_signed_unless_it_is_to_be_left_out(void **state) {
    (void)state;
    struct sigv4_keys keys = KEYS;
    struct sigv4_request r = {"GET", "/", "", &HOST, 1, "", 0};
    struct sigv4_scope s = scope();
    keys.session_token = "token";
    canonical_is(&r, &keys, &s,
                 "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n"
                 "x-amz-security-token:token\n\nhost;x-amz-date;x-amz-security-token\n" NO_BODY);
    s.omit_session_token = true;
    canonical_is(&r, &keys, &s,
                 "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
                 "host;x-amz-date\n" NO_BODY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manuals_example),
        cmocka_unit_test(headers_fold_join_and_sort),
        cmocka_unit_test(paths_are_normalised_and_encoded_again),
        cmocka_unit_test(a_query_is_sorted_after_encoding),
        cmocka_unit_test(a_token_is_signed_unless_it_is_to_be_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
