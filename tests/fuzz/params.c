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

static void count_one(void *ctx, const struct operation *op) {
    (void)op;
    ++*(size_t *)ctx;
}

struct names {
    const char **items;
    size_t count;
};

static void add_name(void *ctx, const struct operation *op) {
    struct names *n = ctx;
    n->items[n->count++] = op->method;
    n->items[n->count++] = op->name;
}

static void add_service(void *ctx, const struct service *s) {
    struct names *all = ctx;
    size_t count = 0;
    model_each_operation(fuzz_model(), s, count_one, &count);
    all->items = realloc(all->items, (all->count + 2 * count) * sizeof *all->items);
    MUST(all->items);
    model_each_operation(fuzz_model(), s, add_name, all);
}

// "Did you mean" looks at hundreds of names: of the unknown ones only a few are asked.
static bool worth_asking(const char *name) {
    static struct names all;
    if (!all.count) model_each_service(fuzz_model(), add_service, &all);
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.items[i], name) == 0) return true;
    return strlen(name) % 16 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e = {0};
    char *service = fuzz_field(&data, &size, ' '), *name = fuzz_field(&data, &size, '\n');
    bool asked = worth_asking(name);
    const struct operation *op = asked ? model_operation(fuzz_model(), service, name, &e) : NULL;
    if (asked && !op) refused(&e);
    struct val *params = json_parse((const char *)data, size, "params", &e);
    if (!params) refused(&e);
    if (op && params) one(op, params);
    val_unref(params);
    free(service);
    free(name);
    return 0;
}
