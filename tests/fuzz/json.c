// json.c - json_parse, json_print: what is read prints, and reads back equal.
#include "fuzz.h"

static void reads_back(const struct val *v, void (*print)(struct buf *, const struct val *)) {
    struct buf text = BUF_EMPTY;
    struct err e;
    print(&text, v);
    MUST(!text.failed && utf8_valid(text.data, text.len));
    struct val *again = json_parse(text.data, text.len, "print", &e);
    MUST(again);
    fuzz_same(v, again);
    val_unref(again);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e = {0};
    struct val *v = json_parse((const char *)data, size, "input", &e);
    if (!v) {
        MUST(e.code[0] && fuzz_harmless(e.message));
        return 0;
    }
    MUST(utf8_valid((const char *)data, size));
    reads_back(v, json_print);
    reads_back(v, json_print_pretty);
    val_unref(v);
    return 0;
}
