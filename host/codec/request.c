// request.c - whole requests, both ways, and what boto3 adds to parameters.
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "codec/codec.h"
#include "codec/custom.h"
#include "codec/form.h"
#include "codec/json_codec.h"

static bool encode_json(const struct codec *c, const struct operation *op, const struct val *params,
                        struct wire_request *out) {
    const struct service *s = c->service;
    out->content_type = strcmp(s->json_version, "1.1") == 0 ? "application/x-amz-json-1.1"
                                                            : "application/x-amz-json-1.0";
    out->query_mode = s->query_compatible;
    snprintf(out->target, sizeof out->target, "%s.%s", s->target_prefix, op->name);
    if (!*op->input) {
        buf_add_str(&out->body, "{}");
        return out->body.failed ? err_memory(c->e) : true;
    }
    const struct shape *shape = model_shape(c->model, s, op->input, c->e);
    return shape && json_write(c, shape, params, false, &out->body);
}

bool codec_encode_request(struct model *m, const struct operation *op, const struct val *params,
                          struct wire_request *out, struct err *e) {
    struct codec c = {.model = m, .service = op->service, .e = e};
    out->target[0] = '\0';
    out->query_mode = false;
    if (op->service->protocol == PROTOCOL_JSON) return encode_json(&c, op, params, out);
    out->content_type = "application/x-www-form-urlencoded; charset=utf-8";
    return form_write(&c, op, params, &out->body);
}

static bool fill_tokens(struct model *m, const struct operation *op, struct val *params,
                        struct err *e) {
    if (!*op->client_token) return true;
    const struct shape *shape = model_shape(m, op->service, op->input, e);
    if (!shape) return false;
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct member *member = &shape->members[i];
        char token[37];
        if (!member->idempotency_token || val_get(params, member->name)) continue;
        if (!random_uuid(token))
            return err_set(e, ERR_SYSTEM, "no random numbers for %s", member->name);
        if (!val_set(params, member->name, val_cstr(token))) return err_memory(e);
    }
    return true;
}

struct val *codec_prepare(struct model *m, const struct operation *op, const struct val *params,
                          struct err *e) {
    // A list can only be Lua's empty table here; codec_check refuses any other.
    struct val *copy = val_type(params) == VAL_MAP ? val_copy(params) : val_map();
    if (copy && custom_params(op, copy)) {
        if (fill_tokens(m, op, copy, e)) return copy;
    } else {
        err_memory(e);
    }
    val_unref(copy);
    return NULL;
}

static bool decode_json(const struct codec *c, const char *body, size_t len, const char *target,
                        const struct operation **op, struct val **params) {
    const char *dot = target ? strrchr(target, '.') : NULL;
    bool ours = dot && (size_t)(dot - target) == strlen(c->service->target_prefix) &&
                text_starts(target, c->service->target_prefix);
    *op = ours ? model_operation(c->model, c->service->name, dot + 1, NULL) : NULL;
    if (!*op || strcmp((*op)->name, dot + 1) != 0)
        return err_set(c->e, "UnknownOperationException", "no operation %.80s",
                       target ? target : "is named: X-Amz-Target is missing");
    struct val *document = len ? json_parse(body, len, "the request", c->e) : val_map();
    if (!document) return false;
    if (*(*op)->input) {
        const struct shape *shape = model_shape(c->model, c->service, (*op)->input, c->e);
        *params = shape ? json_read(c, shape, document) : NULL;
    } else if (!(*params = val_map())) {
        err_memory(c->e);
    }
    val_unref(document);
    return *params != NULL;
}

static bool find_action(const struct codec *c, const struct form *f, const struct operation **op) {
    struct pair *action = form_find(f, "Action"), *version = form_find(f, "Version");
    if (!action) return err_set(c->e, "MissingAction", "the request names no Action");
    action->used = true;
    *op = model_operation(c->model, c->service->name, action->value, NULL);
    if (!*op || strcmp((*op)->name, action->value) != 0)
        return err_set(c->e, "InvalidAction", "the action %.80s is not valid for this service",
                       action->value);
    if (!version || strcmp(version->value, c->service->api_version) != 0)
        return err_set(c->e, "NoSuchVersion", "the Version must be %s", c->service->api_version);
    version->used = true;
    return true;
}

static bool all_used(const struct form *f, struct err *e) {
    for (size_t i = 0; i < f->count; i++)
        if (!f->pairs[i].used)
            return err_set(e, "UnknownParameter", "the parameter %.80s is not recognized",
                           f->pairs[i].name);
    return true;
}

static bool read_form(const struct codec *c, struct form *f, const struct operation **op,
                      struct val **params) {
    if (!find_action(c, f, op)) return false;
    if (*(*op)->input) {
        const struct shape *shape = model_shape(c->model, c->service, (*op)->input, c->e);
        *params = shape ? form_read(c, f, shape) : NULL;
    } else if (!(*params = val_map())) {
        err_memory(c->e);
    }
    return *params && all_used(f, c->e);
}

bool codec_decode_request(struct model *m, const struct service *s, const char *body, size_t len,
                          const char *target, const struct operation **op, struct val **params,
                          struct err *e) {
    struct codec c = {.model = m, .service = s, .e = e, .strict = true};
    struct form form;
    *op = NULL;
    *params = NULL;
    bool ok;
    if (s->protocol == PROTOCOL_JSON) {
        ok = decode_json(&c, body, len, target, op, params);
    } else {
        ok = form_parse(&form, body, len, e);
        if (!ok && err_is(e, ERR_INVALID)) snprintf(e->code, sizeof e->code, "MalformedQueryString");
        ok = ok && read_form(&c, &form, op, params);
        form_free(&form);
    }
    if (ok) return true;
    val_unref(*params);
    *params = NULL;
    return false;
}
