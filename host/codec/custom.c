// custom.c - boto3's customisations.
#include "codec/custom.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/text.h"

static bool is_operation(const struct operation *op, const char *service, const char *name) {
    return strcmp(op->service->name, service) == 0 && strcmp(op->name, name) == 0;
}

static bool is_console_output(const struct operation *op) {
    return is_operation(op, "ec2", "GetConsoleOutput");
}

// The bytes that begin a character and could still have become one: Python's decoder
// replaces such a run by a single U+FFFD.
static size_t broken_run(const char *bytes, size_t len) {
    const unsigned char *s = (const unsigned char *)bytes;
    size_t wanted = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 1, n = 1;
    if (wanted == 1 || s[0] > 0xf4) return 1;
    unsigned char low = 0x80, high = 0xbf;
    if (s[0] == 0xe0) low = 0xa0;
    if (s[0] == 0xed) high = 0x9f;
    if (s[0] == 0xf0) low = 0x90;
    if (s[0] == 0xf4) high = 0x8f;
    for (; n < wanted && n < len && s[n] >= low && s[n] <= high; n++) low = 0x80, high = 0xbf;
    return n;
}

static void add_repaired(struct buf *out, const char *bytes, size_t len) {
    for (size_t i = 0; i < len;) {
        size_t n = utf8_char(bytes + i, len - i);
        if (n)
            buf_add(out, bytes + i, n);
        else
            buf_add_str(out, "\xef\xbf\xbd");
        i += n ? n : broken_run(bytes + i, len - i);
    }
}

// A text that is not base64 stays as it is, as in boto3.
static bool decode_output(struct val *result) {
    const struct val *output = val_get(result, "Output");
    if (val_type(output) != VAL_STRING) return true;
    struct buf raw = BUF_EMPTY, text = BUF_EMPTY;
    bool decoded = base64_decode(&raw, val_as_str(output, ""), val_str_len(output)), ok = true;
    if (decoded) {
        add_repaired(&text, buf_str(&raw), raw.len);
        ok = !text.failed && val_set(result, "Output", val_string(buf_str(&text), text.len));
    }
    ok = ok && !raw.failed;
    buf_free(&raw);
    buf_free(&text);
    return ok;
}

bool custom_result(const struct operation *op, struct val *result) {
    return is_console_output(op) ? decode_output(result) : true;
}

static bool encode_member(struct val *map, const char *name) {
    const struct val *raw = val_get(map, name);
    if (val_type(raw) != VAL_STRING) return true;
    struct buf text = BUF_EMPTY;
    base64_encode(&text, val_as_str(raw, ""), val_str_len(raw));
    bool ok = !text.failed && val_set(map, name, val_string(buf_str(&text), text.len));
    buf_free(&text);
    return ok;
}

struct val *custom_sent(const struct operation *op, const struct val *result) {
    if (!result) return val_map();
    if (!is_console_output(op)) return val_ref(result);
    struct val *sent = val_copy(result);
    if (sent && encode_member(sent, "Output")) return sent;
    val_unref(sent);
    return NULL;
}

bool custom_params(const struct operation *op, struct val *params) {
    return is_operation(op, "ec2", "RunInstances") ? encode_member(params, "UserData") : true;
}
