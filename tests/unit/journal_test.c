// journal_test.c - what is written verifies, and nothing else does.
#include "journal_fixture.h"

#include <math.h>

#include "base/hash.h"

// --- the format --------------------------------------------------------------

static void test_lines_are_as_designed(void **state) {
    struct fixture *f = *state;
    size_t len;
    add_some(f);
    char *text = scratch_read(f->file, &len);
    char *second = strchr(text, '\n') + 1;
    assert_memory_equal(text, "{\"v\":1,\"seq\":0,\"t\":\"", 20);
    assert_memory_equal(second, "{\"v\":1,\"seq\":1,\"t\":\"", 20);
    assert_non_null(
        strstr(text, "Z\",\"run\":\"20261124T021530Z-test-0001\",\"kind\":\"run.start\""));
    char *hash = strstr(text, ",\"hash\":\""), expected[SHA256_HEX];
    assert_memory_equal(hash - 66, "\"0000000000000000", 17);
    assert_true(sha256_hex(text, (size_t)(hash - text), expected));
    assert_memory_equal(hash + 9, expected, 64);
    assert_memory_equal(hash + 73, "\"}\n", 3);
    // The next line's prev is this hash.
    char *prev = strstr(second, ",\"prev\":\"");
    assert_memory_equal(prev + 9, expected, 64);
    free(text);
}

static void test_head_and_numbers(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    assert_int_equal(journal_next_seq(f->journal), 0);
    add_some(f);
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    assert_int_equal(report.lines, 3);
    assert_string_equal(report.head, journal_head(f->journal));
    assert_string_equal(report.run, "20261124T021530Z-test-0001");
    assert_int_equal(journal_next_seq(f->journal), 3);
    assert_true(journal_sync(f->journal, NULL));
}

static void test_modes_are_private(void **state) {
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(stat(f->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(f->dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void test_a_run_is_created_once(void **state) {
    struct fixture *f = *state;
    struct err e;
    assert_null(journal_create(f->dir, "20261124T021530Z-test-0001", &e));
    assert_null(journal_create(scratch_path(&f->scratch, "other"), "../../etc", &e));
    assert_false(scratch_exists(scratch_path(&f->scratch, "other")));
}

static void refused(struct fixture *f, const char *kind, struct val *members) {
    struct err e = {0};
    size_t before, after;
    free(scratch_read(f->file, &before));
    assert_false(journal_append(f->journal, kind, members, &e));
    assert_string_equal(e.code, ERR_INVALID);
    assert_false(journal_lost(f->journal));
    free(scratch_read(f->file, &after));
    assert_int_equal(before, after);
}

static void test_names_of_the_envelope_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const names[] = {"v",    "seq",  "t",   "run", "kind", "prev",
                                        "hash", "side", "a b", "",    "x\"y", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct val *members = val_map();
        assert_true(val_set(members, names[i], val_int(1)));
        refused(f, "log", members);
    }
    refused(f, "log\",\"x\":\"", NULL);
    refused(f, "", NULL);
    refused(f, "log", val_list());
    add_some(f);
}

static struct val *nested(int depth) {
    struct val *v = val_int(1);
    for (int i = 0; i < depth; i++) {
        struct val *list = val_list();
        assert_true(val_append(list, v));
        v = list;
    }
    return v;
}

static struct val *one(const char *key, struct val *value) {
    struct val *members = val_map();
    assert_true(val_set(members, key, value));
    return members;
}

static void test_what_would_not_read_back_is_refused(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct val *keys = val_map();
    for (int i = 0; i < 30000; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%05d", i);
        assert_true(val_set(keys, key, val_bool(true)));
    }
    refused(f, "log", one("value", keys));
    refused(f, "log", one("value", nested(VAL_MAX_DEPTH)));
    char *long_text = calloc(1, 5 * 1024 * 1024 + 1);
    memset(long_text, 'x', 5 * 1024 * 1024);
    refused(f, "log", one("value", val_cstr(long_text)));
    free(long_text);
    struct err e;
    assert_true(journal_append(f->journal, "log", one("value", nested(VAL_MAX_DEPTH - 1)), &e));
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
}

static void test_hostile_strings_verify(void **state) {
    struct fixture *f = *state;
    struct err e;
    struct val *value = val_map();
    assert_true(
        val_set_n(value, "\xff", 1, val_int(1)) && val_set_n(value, "\xfe", 1, val_int(2)) &&
        val_set_n(value, "a\0b", 3, val_string("x\0y\n\x7f\x1b[2J", 9)) &&
        val_set(value, "nan", val_double(NAN)) &&
        val_set(value, "surrogate", val_cstr("\xed\xa0\x80")) &&
        val_set(value, "fake", val_cstr("\"},\"prev\":\"\",\"hash\":\"\"}\n{")) &&
        val_set(value, "min", val_int(INT64_MIN)) && val_set(value, "tiny", val_double(5e-324)));
    assert_true(journal_append(f->journal, "log", one("value", value), &e));
    struct val *line = last_line(f->file);
    const struct val *back = val_get(line, "value");
    assert_int_equal(val_as_int(val_get(back, "\\xff"), 0), 1);
    assert_int_equal(val_as_int(val_get(back, "\\xfe"), 0), 2);
    assert_string_equal(val_get_str(back, "a\\x00b", ""), "x\\x00y\n\x7f\x1b[2J");
    assert_true(val_as_int(val_get(back, "min"), 0) == INT64_MIN);
    assert_true(val_as_double(val_get(back, "tiny"), 0) == 5e-324);
    val_unref(line);
}

// --- tampering ---------------------------------------------------------------

static void test_cut_at_every_byte(void **state) {
    struct fixture *f = *state;
    size_t len;
    struct journal_report report;
    add_some(f);
    char *text = scratch_read(f->file, &len), *copy = strdup(scratch_path(&f->scratch, "copy"));
    size_t last_newline = 0;
    int64_t lines = 0;
    for (size_t cut = 0; cut <= len; cut++) {
        if (cut > 0 && text[cut - 1] == '\n') {
            last_newline = cut;
            lines++;
        }
        scratch_write(copy, text, cut);
        enum journal_state expected =
            cut == last_newline ? JOURNAL_VERIFIED : JOURNAL_INCOMPLETE_TAIL;
        if (state_of(copy, &report) != expected) fail_msg("cut at %zu: %s", cut, report.why);
        assert_int_equal(report.lines, lines);
        assert_int_equal(report.good_bytes, last_newline);
    }
    free(copy);
    free(text);
}

static void test_every_flipped_bit_shows(void **state) {
    struct fixture *f = *state;
    size_t len;
    struct journal_report report;
    add_some(f);
    char *text = scratch_read(f->file, &len), *copy = strdup(scratch_path(&f->scratch, "copy"));
    for (size_t i = 0; i < len * 8; i++) {
        text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
        scratch_write(copy, text, len);
        if (state_of(copy, &report) != JOURNAL_TAMPERED) fail_msg("bit %zu of %zu", i, len * 8);
        text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
    }
    free(copy);
    free(text);
}

static void test_a_flipped_newline_before_a_crash_shows(void **state) {
    struct fixture *f = *state;
    size_t len;
    struct journal_report report;
    add_some(f);
    char *text = scratch_read(f->file, &len);
    char *third = strchr(strchr(text, '\n') + 1, '\n') + 1;
    third[-1] = ' ';
    scratch_write(f->file, text, (size_t)(third - text) + 40);
    assert_int_equal(state_of(f->file, &report), JOURNAL_TAMPERED);
    free(text);
}

// Writes the file's lines in this order ("013": without the third); gives what that makes.
static enum journal_state reordered(struct fixture *f, const char *order) {
    size_t len;
    struct journal_report report;
    char *text = scratch_read(f->file, &len), *lines[8], *at = text;
    for (int i = 0; at < text + len; i++) {
        lines[i] = at;
        at = strchr(at, '\n') + 1;
    }
    const char *copy = scratch_path(&f->scratch, "copy");
    FILE *out = fopen(copy, "wb");
    for (; *order != '\0'; order++) {
        const char *line = lines[*order - '0'];
        fwrite(line, 1, (size_t)(strchr(line, '\n') + 1 - line), out);
    }
    fclose(out);
    free(text);
    return state_of(copy, &report);
}

static void test_lines_moved_about_show(void **state) {
    struct fixture *f = *state;
    add_some(f);
    add(f, "run.end", "{\"exit\":0}");
    assert_int_equal(reordered(f, "0123"), JOURNAL_VERIFIED);
    assert_int_equal(reordered(f, "123"), JOURNAL_TAMPERED);
    assert_int_equal(reordered(f, "023"), JOURNAL_TAMPERED);
    assert_int_equal(reordered(f, "013"), JOURNAL_TAMPERED);
    assert_int_equal(reordered(f, "0213"), JOURNAL_TAMPERED);
    assert_int_equal(reordered(f, "0132"), JOURNAL_TAMPERED);
    assert_int_equal(reordered(f, "00123"), JOURNAL_TAMPERED);
    assert_int_equal(reordered(f, "01233"), JOURNAL_TAMPERED);
    assert_int_equal(reordered(f, "012"), JOURNAL_VERIFIED);  // the head hash tells
}

static void test_no_journal(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e;
    assert_false(journal_verify(scratch_path(&f->scratch, "none"), &report, NULL, NULL, &e));
    assert_string_equal(e.code, ERR_USAGE);
    assert_false(journal_verify(f->dir, &report, NULL, NULL, &e));
    const char *fifo = scratch_path(&f->scratch, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_false(journal_verify(fifo, &report, NULL, NULL, &e));
    const char *junk = scratch_path(&f->scratch, "junk");
    static char zeros[8 * 1024 * 1024];
    scratch_write(junk, zeros, sizeof zeros);
    assert_int_equal(state_of(junk, &report), JOURNAL_TAMPERED);
}

static void test_hostile_tail_is_cheap(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct buf tail = BUF_EMPTY;
    char block[75];
    memcpy(block, ",\"hash\":\"", 9);
    memset(block + 9, '0', 64);
    memcpy(block + 73, "\"}", 2);
    for (int i = 0; i < 50000; i++) buf_add(&tail, block, sizeof block);
    const char *file = scratch_path(&f->scratch, "tail");
    scratch_write(file, tail.data, tail.len);
    assert_int_equal(state_of(file, &report), JOURNAL_TAMPERED);
    buf_free(&tail);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_lines_are_as_designed),
        TEST(test_head_and_numbers),
        TEST(test_modes_are_private),
        TEST(test_a_run_is_created_once),
        TEST(test_names_of_the_envelope_are_refused),
        TEST(test_what_would_not_read_back_is_refused),
        TEST(test_hostile_strings_verify),
        TEST(test_cut_at_every_byte),
        TEST(test_every_flipped_bit_shows),
        TEST(test_a_flipped_newline_before_a_crash_shows),
        TEST(test_lines_moved_about_show),
        TEST(test_no_journal),
        TEST(test_hostile_tail_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
