// request.c - requests as the server reads them, forms and JSON.
//
// The input is 'e', 's' or 'q' for the service, for 'q' a line with X-Amz-Target, the body.
#include "request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e = {0};
    const struct operation *op = NULL;
    struct val *params = NULL;
    uint8_t which = fuzz_byte(&data, &size);
    const char *name = which == 'q' ? "sqs" : which == 's' ? "sts" : "ec2";
    const struct service *s = model_service(fuzz_model(), name, &e);
    char *target = which == 'q' ? fuzz_field(&data, &size, '\n') : NULL;
    if (codec_decode_request(fuzz_model(), s, (const char *)data, size, target, &op, &params, &e)) {
        MUST(op && params && op->service == s);
        struct err refused = {0};
        if (codec_check(fuzz_model(), op, params, &refused))
            request_arrives(op, params);
        else
            MUST(refused.code[0] && refused.message[0]);
    } else {
        MUST(!params && e.code[0] && e.message[0]);
    }
    val_unref(params);
    free(target);
    return 0;
}
