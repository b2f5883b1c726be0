// wrap_test.c - a long line on a narrow terminal can be read.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "prompt/wrap.h"

static void expect_wrapped(const char *text, size_t width, size_t hang, const char *wanted) {
    struct buf out = BUF_EMPTY;
    wrap_line(&out, text, strlen(text), width, hang);
    assert_string_equal(buf_str(&out), wanted);
    buf_free(&out);
}

static void words_stay_whole(void **state) {
    (void)state;
    expect_wrapped("  - one two three", 10, 2, "  - one\n    two\n    three");
    expect_wrapped("subnet-0f6d3326393d93b18 is", 12, 2, "subnet-0f6d3326393d93b18\n  is");
}

static void what_fits_is_not_touched(void **state) {
    (void)state;
    expect_wrapped("a  b   c", 8, 2, "a  b   c");
    expect_wrapped("", 8, 2, "");
    expect_wrapped("   ", 8, 2, "   ");
    expect_wrapped("no terminal, no width: as it is", 0, 2, "no terminal, no width: as it is");
}

static void characters_count_and_not_bytes(void **state) {
    (void)state;
    expect_wrapped("\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xa4\xc3\xa4", 6, 1,
                   "\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xa4\xc3\xa4");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_stay_whole),
                                       cmocka_unit_test(what_fits_is_not_touched),
                                       cmocka_unit_test(characters_count_and_not_bytes)};
    return cmocka_run_group_tests_name("wrap", tests, NULL, NULL);
}
