// base_text_test.c - digests, instants, text, files, assets.
#include "scratch.h"

#include "base/asset.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

// --- hash --------------------------------------------------------------------

static void test_digests(void **state) {
    char hex[SHA256_HEX], md5[33], mac_hex[SHA256_HEX];
    unsigned char mac[SHA256_BYTES];
    (void)state;
    assert_true(sha256_hex("abc", 3, hex));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(sha256_hex("", 0, hex));
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_true(md5_hex("abc", 3, md5));
    assert_string_equal(md5, "900150983cd24fb0d6963f7d28e17f72");
    // RFC 4231, test case 2.
    assert_true(hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac));
    hex_encode(mac, sizeof mac, mac_hex);
    assert_string_equal(mac_hex,
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_a_digest_in_parts(void **state) {
    char hex[SHA256_HEX];
    (void)state;
    struct sha256_stream *s = sha256_new();
    for (int round = 0; round < 2; round++) {
        assert_true(sha256_add(s, "a", 1) && sha256_add(s, "", 0) && sha256_add(s, "bc", 2));
        assert_true(sha256_end_hex(s, hex));
        assert_memory_equal(hex, "ba7816bf", 8);
    }
    sha256_free(s);
    sha256_free(NULL);
}

static void test_base64(void **state) {
    static const char *const pairs[][2] = {
        {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
        {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe", "//4="}};
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zg===", "Z===", "=", "Zm9v=", "Zm9*", "Zg==Zg==", "Zg==x"};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct buf out = BUF_EMPTY, back = BUF_EMPTY;
        base64_encode(&out, pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(buf_str(&out), pairs[i][1]);
        assert_true(base64_decode(&back, pairs[i][1], strlen(pairs[i][1])));
        assert_string_equal(buf_str(&back), pairs[i][0]);
        buf_free(&out);
        buf_free(&back);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf out = BUF_EMPTY;
        if (base64_decode(&out, bad[i], strlen(bad[i]))) fail_msg("accepted: %s", bad[i]);
        buf_free(&out);
    }
    struct buf out = BUF_EMPTY;
    assert_true(base64_decode(&out, "Zm\n9 v\r\n", 8));
    assert_string_equal(buf_str(&out), "foo");
    buf_free(&out);
}

static void test_random(void **state) {
    char a[37], b[37];
    unsigned char many[1000] = {0};
    int zeros = 0;
    (void)state;
    assert_true(random_uuid(a) && random_uuid(b) && random_bytes(many, sizeof many));
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    for (size_t i = 0; i < sizeof many; i++) zeros += many[i] == 0;
    assert_true(zeros < 50);
}

// --- clock -------------------------------------------------------------------

#define T INT64_C(1369353600000000)  // 2013-05-24T00:00:00Z

static void test_instants_as_text(void **state) {
    char iso[CLOCK_ISO_SIZE], basic[CLOCK_BASIC_SIZE], python[CLOCK_PYTHON_SIZE];
    (void)state;
    clock_iso_us(T + 123456, iso);
    assert_string_equal(iso, "2013-05-24T00:00:00.123456Z");
    clock_basic(T, basic);
    assert_string_equal(basic, "20130524T000000Z");
    clock_python(T, python);
    assert_string_equal(python, "2013-05-24T00:00:00+00:00");
    clock_python(T + 1, python);
    assert_string_equal(python, "2013-05-24T00:00:00.000001+00:00");
    clock_iso_us(-1, iso);
    assert_string_equal(iso, "1969-12-31T23:59:59.999999Z");
    clock_iso_us(INT64_MAX, iso);
    clock_iso_us(INT64_MIN, iso);
    clock_basic(INT64_MIN, basic);
    clock_python(INT64_MAX, python);
    assert_true(clock_now_us() > T);
}

static void test_instants_are_read(void **state) {
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"2013-05-24T00:00:00Z", T},
        {"2013-05-24T00:00:00.5Z", T + 500000},
        {"2013-05-24T00:00:00.1234569Z", T + 123456},
        {"2013-05-24T02:00:00+02:00", T},
        {"2013-05-23T19:30:00-0430", T},
        {"20130524T000000Z", T},
        {"2013-05-24", T},
        {"Fri, 24 May 2013 00:00:00 GMT", T},
        {"1969-12-31T23:59:59Z", -1000000},
        {"2012-02-29T00:00:00Z", INT64_C(1330473600000000)},
    };
    static const char *const bad[] = {"",
                                      "now",
                                      "2013",
                                      "2013-13-01T00:00:00Z",
                                      "2013-02-30T00:00:00Z",
                                      "2013-02-29T00:00:00Z",
                                      "2013-04-31T00:00:00Z",
                                      "2013-00-01T00:00:00Z",
                                      "2013-05-24T25:00:00Z",
                                      "2013-05-24T00:00:00X",
                                      "2013-05-24T00:00:00Zx",
                                      "2013-05-24T00:00:00.Z",
                                      "2013-05-24T00:00:00+25:00",
                                      "Fri, 24 Mai 2013 00:00:00 GMT",
                                      "Fri, 24 May 2013 00:00:00 EST",
                                      "Fri, 24 May 2013",
                                      "2013-05-24T"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t us = 0;
        if (!clock_parse(good[i].text, strlen(good[i].text), &us)) fail_msg("%s", good[i].text);
        assert_true(us == good[i].us);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t us = 0;
        if (clock_parse(bad[i], strlen(bad[i]), &us)) fail_msg("accepted: %s", bad[i]);
    }
}

// --- text --------------------------------------------------------------------

static void test_utf8(void **state) {
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",
        "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xc3",         "\xe2\x82",         "\xf0\x9f\x98",     "a\xff"};
    (void)state;
    assert_true(utf8_valid("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10));
    assert_true(utf8_valid("", 0));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (utf8_valid(bad[i], strlen(bad[i]))) fail_msg("accepted number %zu", i);
    }
}

static void escapes(const char *text, size_t max, const char *expected) {
    struct buf out = BUF_EMPTY;
    text_escape(&out, text, strlen(text), max);
    assert_string_equal(buf_str(&out), expected);
    buf_free(&out);
}

static void test_escaping(void **state) {
    (void)state;
    escapes("plain \xc3\xa9 \xe4\xb8\xad", 0, "plain \xc3\xa9 \xe4\xb8\xad");
    escapes("\x1b[2J\r\n\t\x7f", 0, "\\x1b[2J\\x0d\\x0a\\x09\\x7f");
    escapes("\xc2\x9b\xff\xe2\x80\xae\xe2\x80\x8b\xef\xbb\xbf", 0,
            "\\x9b\\xff\\u{202e}\\u{200b}\\u{feff}");
    escapes("abcdef", 3, "abc...");
    escapes("abc", 3, "abc");
    escapes("ab\x1b", 3, "ab...");
    escapes("ab\xc3\xa9", 3, "ab...");
    escapes("ab\xc3\xa9", 4, "ab\xc3\xa9");
}

static void test_spelling(void **state) {
    static const char *const words[] = {"instance", "convert", "settle"};
    (void)state;
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("ABC", "abc"), 0);
    assert_string_equal(text_nearest("instnace", words, 3), "instance");
    assert_string_equal(text_nearest("Setle", words, 3), "settle");
    assert_null(text_nearest("zzzzzz", words, 3));
    assert_null(text_nearest("x", words, 0));
    assert_true(text_starts("abc", "") && text_starts("abc", "ab") && !text_starts("a", "ab"));
    assert_true(text_ends("a.lua", ".lua") && !text_ends("lua", ".lua"));
}

static void test_snake_case(void **state) {
    // As botocore.xform_name spells them.
    static const char *const pairs[][2] = {{"DescribeVpcs", "describe_vpcs"},
                                           {"DescribeVPCs", "describe_vpcs"},
                                           {"DescribeVPCEndpoints", "describe_vpc_endpoints"},
                                           {"DescribeACLs", "describe_acls"},
                                           {"GetEbsDefaultKmsKeyId", "get_ebs_default_kms_key_id"},
                                           {"AssignIpv6Addresses", "assign_ipv6_addresses"},
                                           {"ModifyVpcs2x", "modify_vpcs2x"},
                                           {"A", "a"},
                                           {"", ""}};
    struct buf out = BUF_EMPTY;
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        text_snake(&out, pairs[i][0]);
        assert_string_equal(buf_str(&out), pairs[i][1]);
    }
    buf_free(&out);
}

// --- files -------------------------------------------------------------------

static int with_folder(void **state) {
    struct scratch *s = calloc(1, sizeof *s);
    scratch_make(s);
    *state = s;
    return 0;
}

static int without_folder(void **state) {
    scratch_remove(*state);
    free(*state);
    return 0;
}

static void test_reading_files(void **state) {
    struct scratch *s = *state;
    struct buf out = BUF_EMPTY;
    struct err e;
    scratch_write(scratch_path(s, "f"), "0123456789", 10);
    assert_true(file_read(s->path, 10, &out, &e));
    assert_string_equal(buf_str(&out), "0123456789");
    assert_false(file_read(s->path, 9, &out, &e));
    assert_string_equal(e.code, ERR_USAGE);
    assert_false(file_read(s->dir, 100, &out, &e));
    assert_false(file_read("/dev/zero", 100, &out, &e));
    assert_false(file_read(scratch_path(s, "none"), 100, &out, &e));
    assert_string_equal(e.code, ERR_USAGE);
    assert_int_equal(mkfifo(scratch_path(s, "fifo"), 0600), 0);
    assert_false(file_read(s->path, 100, &out, &e));
    buf_free(&out);
}

static void test_replacing_files(void **state) {
    struct scratch *s = *state;
    struct stat st;
    struct err e;
    size_t len;
    scratch_write(scratch_path(s, "f"), "old and long", 12);
    assert_true(file_replace(s->path, "new", 3, &e));
    assert_int_equal(stat(s->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char *text = scratch_read(s->path, &len);
    assert_string_equal(text, "new");
    free(text);
    assert_false(file_replace(scratch_path(s, "no/f"), "x", 1, &e));
    assert_false(scratch_exists(s->path));
}

static void test_folders(void **state) {
    struct scratch *s = *state;
    struct stat st;
    struct err e;
    assert_true(file_make_dirs(scratch_path(s, "a/b//c/"), &e));
    assert_int_equal(stat(s->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_true(file_make_dirs(s->path, &e));
    assert_true(file_sync_dir(s->path, &e));
    scratch_write(scratch_path(s, "f"), "", 0);
    assert_false(file_make_dirs(s->path, &e));
    assert_false(file_make_dirs(scratch_path(s, "f/x"), &e));
    assert_false(file_make_dirs("", &e));
    assert_false(file_sync_dir(scratch_path(s, "none"), &e));
}

static void test_xdg_paths(void **state) {
    struct buf out = BUF_EMPTY;
    struct err e;
    (void)state;
    setenv("XDG_TEST", "/x", 1);
    setenv("HOME", "/h", 1);
    assert_true(file_xdg_path(&out, "XDG_TEST", ".t", "a/b", &e));
    assert_string_equal(buf_str(&out), "/x/a/b");
    buf_clear(&out);
    setenv("XDG_TEST", "relative", 1);
    assert_true(file_xdg_path(&out, "XDG_TEST", ".t", "a/b", &e));
    assert_string_equal(buf_str(&out), "/h/.t/a/b");
    unsetenv("HOME");
    assert_false(file_xdg_path(&out, "XDG_TEST", ".t", "a/b", &e));
    assert_string_equal(e.code, ERR_USAGE);
    buf_free(&out);
}

// --- assets ------------------------------------------------------------------

struct order {
    char last[256];
    size_t count;
    bool sorted;
};

static void note_name(void *ctx, const char *name) {
    struct order *o = ctx;
    if (strcmp(o->last, name) >= 0) o->sorted = false;
    snprintf(o->last, sizeof o->last, "%s", name);
    o->count++;
}

static void test_assets(void **state) {
    const char *bytes;
    size_t len;
    struct order o = {.sorted = true};
    (void)state;
    asset_each("", note_name, &o);
    assert_true(o.sorted);
    if (o.count > 0) assert_true(asset_find(o.last, &bytes, &len));
    assert_false(asset_find("stdlib/../Makefile", &bytes, &len));
    assert_false(asset_find("stdlib/none.lua", &bytes, &len));
    assert_false(asset_find("", &bytes, &len));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_a_digest_in_parts),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_instants_as_text),
        cmocka_unit_test(test_instants_are_read),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_escaping),
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_snake_case),
        cmocka_unit_test_setup_teardown(test_reading_files, with_folder, without_folder),
        cmocka_unit_test_setup_teardown(test_replacing_files, with_folder, without_folder),
        cmocka_unit_test_setup_teardown(test_folders, with_folder, without_folder),
        cmocka_unit_test(test_xdg_paths),
        cmocka_unit_test(test_assets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
