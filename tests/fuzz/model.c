// model.c - API models that a team drops in: a broken one is refused or does no harm.
#include "fuzz.h"

#include "codec/codec.h"

struct walk {
    struct model *model;
    const struct service *service;
    size_t left;  // shapes still to be looked at
};

static void named(const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++) MUST(texts[i]);
}

static void shapes(struct walk *w, const struct shape *s, int depth);

static void member(struct walk *w, const struct member *m, int depth) {
    struct err e = {0};
    const char *const texts[] = {m->name,       m->shape_name,    m->location_name,
                                 m->query_name, m->xml_namespace, m->xml_namespace_prefix};
    named(texts, 6);
    const struct shape *s = model_member_shape(w->model, w->service, m, &e);
    MUST(s || e.code[0]);
    if (s && w->left > 0 && depth < 8) {
        w->left--;
        MUST(model_member_shape(w->model, w->service, m, &e) == s);
        shapes(w, s, depth + 1);
    }
}

static void shapes(struct walk *w, const struct shape *s, int depth) {
    MUST(s->name && s->error_code && (s->member_count == 0 || s->members));
    for (size_t i = 0; i < s->member_count; i++) {
        const struct member *found = shape_member(s, s->members[i].name);
        MUST(found && strcmp(found->name, s->members[i].name) == 0);
        member(w, &s->members[i], depth);
    }
    if (s->kind == SHAPE_LIST) member(w, &s->item, depth);
    if (s->kind == SHAPE_MAP) member(w, &s->value, depth);
}

static void one_operation(void *ctx, const struct operation *op) {
    struct walk *w = ctx;
    struct err e = {0};
    const char *const texts[] = {
        op->name,           op->method,     op->input,       op->output,     op->client_token,
        op->result_wrapper, op->page_input, op->page_output, op->page_limit, op->page_results};
    named(texts, 10);
    MUST(model_operation(w->model, op->service->name, op->method, &e) == op);
    const char *const names[] = {op->input, op->output};
    for (int i = 0; i < 2; i++) {
        const struct shape *s = *names[i] ? model_shape(w->model, w->service, names[i], &e) : NULL;
        if (s) shapes(w, s, 0);
    }
    struct val *none = val_map();
    struct wire_request request = {0};
    if (codec_check(w->model, op, none, &e)) codec_encode_request(w->model, op, none, &request, &e);
    buf_free(&request.body);
    val_unref(none);
}

static void one_service(void *ctx, const struct service *s) {
    struct model *m = ctx;
    struct walk w = {m, s, 300};
    struct err e = {0};
    const char *const texts[] = {s->name,         s->endpoint_prefix, s->signing_name,
                                 s->api_version,  s->target_prefix,   s->json_version,
                                 s->xml_namespace};
    named(texts, 7);
    MUST(model_service(m, s->name, &e) == s);
    model_each_operation(m, s, one_operation, &w);
    MUST(model_operation(m, s->name, "no such thing", &e) == NULL && e.code[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e = {0};
    struct model *m = model_from_text((const char *)data, size, &e);
    MUST(m || (e.code[0] && fuzz_harmless(e.message)));
    if (m) model_each_service(m, one_service, m);
    model_free(m);
    return 0;
}
