// params.c - a playbook's parameters, of any operation: refused with a place, or sent whole.
//
// The input is "SERVICE OPERATION\n" and the parameters as JSON.
#include "request.h"

static void refused(const struct err *e) {
    MUST(e->code[0] && e->message[0] && utf8_valid(e->message, strlen(e->message)));
}

static void secrets_are_hidden(const struct operation *op, const struct val *params) {
    struct err e;
    struct val *once = codec_redact(fuzz_model(), op, false, params, &e);
    MUST(once);
    val_unref(once);
}

static void one(const struct operation *op, const struct val *params) {
    struct err e = {0};
    struct val *prepared;
    if (!codec_check(fuzz_model(), op, params, &e)) {
        refused(&e);
        return;
    }
    prepared = codec_prepare(fuzz_model(), op, params, &e);
    MUST(prepared);
    secrets_are_hidden(op, prepared);
    request_arrives(op, prepared);
    val_unref(prepared);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e = {0};
    char *service = fuzz_field(&data, &size, ' '), *name = fuzz_field(&data, &size, '\n');
    const struct operation *op = model_operation(fuzz_model(), service, name, &e);
    if (!op) refused(&e);
    struct val *params = json_parse((const char *)data, size, "params", &e);
    if (!params) refused(&e);
    if (op && params) one(op, params);
    val_unref(params);
    free(service);
    free(name);
    return 0;
}
