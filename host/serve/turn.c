// turn.c - from a signed request to an encoded answer.
#include "serve/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "codec/codec.h"
#include "codec/fault_write.h"

// Requests are signed for a name that several generations of a service may share.
static const char *service_name(const char *signed_for) {
    if (!*signed_for) return "ec2";
    return strcmp(signed_for, "elasticloadbalancing") == 0 ? "elbv2" : signed_for;
}

// Before the signature is known to be good, errors are still written in the service's way.
static void find_service(struct turn *t) {
    struct err ignored;
    struct model *m = t->options->model;
    t->service = model_service(m, service_name(t->found.service), &ignored);
    if (!t->service) t->service = model_service(m, "ec2", &ignored);
}

// The answer is this error; `name` is what the JSON protocols call it.
static void write_fault(struct turn *t, struct err *e, const char *name) {
    if (!e->status) e->status = err_is(e, ERR_MEMORY) ? 500 : 400;
    t->wait_ms = 0;
    t->status = e->status;
    buf_clear(&t->body);
    buf_clear(&t->query_error);
    codec_encode_fault(t->service, e, name, t->request_id, &t->body, &t->query_error);
}

static bool authenticate(struct turn *t) {
    struct err e = {0};
    bool ok = auth_check(&t->request, &t->options->keys, clock_now_us(), &t->found, &e);
    find_service(t);
    if (ok) return true;
    const char *name = auth_refusal(t->found.refusal, t->service->protocol, &e);
    write_fault(t, &e, name);
    return false;
}

static bool refuse_form(struct turn *t, bool too_large, size_t limit) {
    struct err e = {0};
    if (too_large) {
        err_set(&e, "RequestEntityTooLarge", "the request is larger than %zu bytes", limit);
        e.status = 413;
    } else if (strcmp(t->request.method, "POST") != 0) {
        err_set(&e, "InvalidRequest", "requests are POST here, not %.16s", t->request.method);
        e.status = 405;
    } else if (strcmp(t->request.path, "/") != 0) {
        err_set(&e, "InvalidRequest", "requests go to the path / here");
        e.status = 404;
    } else return false;
    write_fault(t, &e, "");
    return true;
}

static bool decode(struct turn *t) {
    struct err e = {0};
    bool json = t->service->protocol == PROTOCOL_JSON;
    const char *target = auth_header(&t->request, "x-amz-target");
    if (codec_decode_request(t->options->model, t->service, t->request.body, t->request.body_len,
                             target ? target : "", &t->op, &t->params, &e))
        return true;
    if (err_is(&e, ERR_INVALID))
        snprintf(e.code, sizeof e.code, json ? "SerializationException" : "InvalidParameterValue");
    write_fault(t, &e, "");
    return false;
}

// An answer that does not fit its shape is the server's fault.
static void write_answer(struct turn *t, const struct val *result) {
    const struct server_options *o = t->options;
    struct err e = {0}, why;
    t->status = 200;
    if (codec_encode_response(o->model, t->op, result, t->request_id, &t->body, &why) &&
        !t->body.failed)
        return;
    err_set(&e, "InternalError", "the answer does not fit its shape: %s", why.message);
    e.status = 500;
    write_fault(t, &e, "");
}

void turn_ask(struct turn *t, bool last) {
    const struct server_options *o = t->options;
    struct server_note note = {.wait_ms = 0};
    struct val *result = NULL;
    struct err e = {0};
    if (!o->answer(o->ctx, t->op, t->found.region, t->params, &note, &result, &e)) {
        write_fault(t, &e, note.shape);
        return;
    }
    t->wait_ms = last ? 0 : note.wait_ms;
    if (t->wait_ms <= 0) write_answer(t, result);
    val_unref(result);
}

void turn_take(struct turn *t, bool too_large, size_t limit) {
    if (!random_uuid(t->request_id)) snprintf(t->request_id, sizeof t->request_id, "none");
    find_service(t);
    if (refuse_form(t, too_large, limit) || !authenticate(t) || !decode(t)) return;
    turn_ask(t, false);
}

void turn_free(struct turn *t) {
    if (!t) return;
    val_unref(t->params);
    buf_free(&t->body);
    buf_free(&t->query_error);
    free(t);
}
