// codec_hostile_test.c - documents that are meant to do harm.
#include "codec/xml.h"
#include "codec_test.h"

static void unusable(const char *text, size_t len, const char *message) {
    struct xml x;
    struct err e = {0};
    assert_false(xml_parse(&x, text, len, "it", &e));
    if (!strstr(e.message, message)) print_error("got: %s\n", e.message);
    assert_non_null(strstr(e.message, message));
    xml_free(&x);
}

static void hostile_xml_ends_the_parse(void **state) {
    (void)state;
    static const char bomb[] = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;&b;\">]>"
                               "<a>&c;</a>";
    unusable(bomb, sizeof bomb - 1, "DOCTYPE");
    static const char outside[] = "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>";
    unusable(outside, sizeof outside - 1, "DOCTYPE");
    unusable("<a>&b;</a>", 10, "undefined entity");
    unusable("<a>\0</a>", 8, "not well-formed");
    unusable("<a>\xff</a>", 8, "not well-formed");
    unusable("<a></b>", 7, "mismatched tag");
    unusable("<a/><b/>", 8, "junk after document");
    struct buf deep = BUF_EMPTY;
    for (int i = 0; i < 100000; i++) buf_add_str(&deep, "<a>");
    unusable(buf_str(&deep), deep.len, "nested too deep");
    buf_free(&deep);
}

static void recursion_in_an_answer_is_bounded(void **state) {
    (void)state;
    static const char text[] = "operation do_it DoIt read in=A out=A\n"
                               "service x protocol=json version=1 target=T json=1.0\n"
                               "shape A structure B:A,l\n";
    struct err e;
    struct model *m = model_from_text(text, strlen(text), &e);
    const struct operation *op = model_operation(m, "x", "DoIt", &e);
    struct val *deep = val_map();
    for (int i = 0; i < 100; i++) {
        struct val *outer = val_map();
        assert_true(val_set(outer, "B", deep));
        deep = outer;
    }
    assert_false(codec_check(m, op, deep, &e));
    assert_non_null(strstr(e.message, "nested more than 64 deep"));
    struct wire_request w = {0};
    assert_false(codec_encode_request(m, op, deep, &w, &e));
    buf_free(&w.body);
    struct val *redacted = codec_redact(m, op, false, deep, &e);
    assert_non_null(redacted);
    val_unref(redacted);
    val_unref(deep);
    model_free(m);
}

// Bytes of a good answer are cut, swapped and overwritten: no crash, no leak.
static void twisted(const struct operation *op, const char *good, size_t len) {
    unsigned seed = 11;
    for (int round = 0; round < 4000; round++) {
        char text[800];
        memcpy(text, good, len);
        for (int i = 0; i < 1 + round % 4; i++) {
            seed = seed * 1103515245 + 12345;
            text[seed / 65536 % len] = "<>/&;\"{}[],:0\xff"[seed / 7 % 14];
        }
        struct err e;
        struct val *v;
        size_t cut = round % 3 ? len : seed / 65536 % len;
        if (codec_decode_response(the_model, op, round % 2 ? 200 : 400, text, cut, NULL, &v, NULL,
                                  &e))
            val_unref(v);
    }
}

static void twisted_answers_never_crash(void **state) {
    (void)state;
    static const char xml[] =
        "<DescribeInstancesResponse><reservationSet><item><groupSet/><instancesSet><item>"
        "<instanceId>i-1</instanceId><launchTime>2024-01-01T00:00:00.000Z</launchTime>"
        "<instanceState><code>16</code></instanceState><ebsOptimized>true</ebsOptimized></item>"
        "</instancesSet></item></reservationSet></DescribeInstancesResponse>";
    static const char text[] =
        "{\"Messages\":[{\"Body\":\"b\",\"MessageAttributes\":{\"a\":{\"BinaryValue\":\"eA==\"}}}"
        "],\"__type\":\"a#b\",\"message\":\"m\"}";
    twisted(operation("ec2", "DescribeInstances"), xml, sizeof xml - 1);
    twisted(operation("sqs", "ReceiveMessage"), text, sizeof text - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_xml_ends_the_parse),
        cmocka_unit_test(recursion_in_an_answer_is_bounded),
        cmocka_unit_test(twisted_answers_never_crash),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
