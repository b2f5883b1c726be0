// wire.c - wire_read: a frame that is read is the only frame of its value.
#include "fuzz.h"

#include "base/wire.h"

// A well-formed body is rare among random bytes with a length in front, so the length is put
// there for the fuzzer unless the first byte says otherwise.
static void frame(struct buf *out, const uint8_t *data, size_t size) {
    bool raw = fuzz_byte(&data, &size) & 1;
    for (int i = 0; !raw && i < 4; i++) buf_add_char(out, (char)(size >> (8 * i) & 0xff));
    buf_add(out, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf in = BUF_EMPTY, out = BUF_EMPTY;
    struct val *v = NULL, *part = NULL;
    size_t used = 0, part_used = 0;
    struct err e = {0};
    frame(&in, data, size);
    int got = wire_read(in.data, in.len, &v, &used, &e);
    MUST(got == 1 ? v && used > 4 && used <= in.len : !v && used == 0);
    MUST(got >= 0 || (e.code[0] && fuzz_harmless(e.message)));
    if (got == 1) {
        MUST(wire_write(&out, v, &e));
        MUST(out.len == used && memcmp(out.data, in.data, used) == 0);
        MUST(wire_read(in.data, used - 1, &part, &part_used, &e) == 0);
    }
    val_unref(v);
    buf_free(&in);
    buf_free(&out);
    return 0;
}
