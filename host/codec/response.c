// response.c - whole responses, both ways.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "codec/codec.h"
#include "codec/custom.h"
#include "codec/fault.h"
#include "codec/json_codec.h"
#include "codec/xml_codec.h"

#define REQUEST_ID_SIZE 96

static bool name_operation(const struct operation *op, int status, struct err *e) {
    if (!e) return false;
    snprintf(e->operation, sizeof e->operation, "%s", op->name);
    e->status = status;
    return false;
}

// The output's shape, NULL when the operation gives none. False: the model is broken.
static bool output_shape(const struct codec *c, const struct operation *op,
                         const struct shape **shape) {
    *shape = NULL;
    if (!*op->output) return true;
    *shape = model_shape(c->model, c->service, op->output, c->e);
    return *shape != NULL;
}

static struct val *empty(struct err *e) {
    struct val *v = val_map();
    if (!v) err_memory(e);
    return v;
}

static struct val *read_json_body(const struct codec *c, const struct operation *op,
                                  const struct shape *shape, int status, const char *body,
                                  size_t len) {
    (void)op;
    if (!len) return empty(c->e);
    struct val *document = json_parse(body, len, "the answer", c->e);
    struct val *result = NULL;
    if (!document)
        err_prefix(c->e, "HTTP %d", status);
    else if (val_type(document) != VAL_MAP)
        fault_unexpected(status, body, len, ERR_INVALID, c->e);
    else
        result = shape ? json_read(c, shape, document) : empty(c->e);
    val_unref(document);
    return result;
}

static void copy_request_id(const struct xml_element *root, char *request_id) {
    const char *id = xml_child_text(root, "requestId");
    if (!*id) id = xml_child_text(xml_child(root, "ResponseMetadata"), "RequestId");
    if (!*id) id = xml_child_text(root, "RequestId");
    snprintf(request_id, REQUEST_ID_SIZE, "%s", id);
}

// Where the result's members lie: below the root, or in the wrapper of the query protocol.
static const struct xml_element *result_element(const struct operation *op,
                                                const struct xml_element *root) {
    return *op->result_wrapper ? xml_child(root, op->result_wrapper) : root;
}

static struct val *read_root(const struct codec *c, const struct operation *op,
                             const struct shape *shape, int status,
                             const struct xml_element *root) {
    if (fault_is_xml(root)) {
        fault_from_xml(root, status, c->e);
        return NULL;
    }
    const struct xml_element *result = result_element(op, root);
    // A login page of some network must not pass for an account without instances.
    if (!text_ends(root->name, "Response") || !result) {
        err_set(c->e, ERR_INVALID,
                "the endpoint answered HTTP %d with a document <%.40s>%s%s%s, not with that of "
                "%s; is something between here and AWS?",
                status, root->name, result ? "" : " without <", result ? "" : op->result_wrapper,
                result ? "" : ">", op->name);
        return NULL;
    }
    return shape ? xml_read(c, shape, result) : empty(c->e);
}

// Something else than a document of AWS: a page, a text, nothing.
static bool is_no_document(const char *body, size_t len) {
    if (len < 2 || body[0] != '<' || body[1] == '!') return true;
    return len >= 5 && strncasecmp(body, "<html", 5) == 0;
}

static struct val *read_xml_body(const struct codec *c, const struct operation *op,
                                 const struct shape *shape, int status, const char *body,
                                 size_t len, char *request_id) {
    struct xml x;
    struct val *result = NULL;
    if (!xml_parse(&x, body, len, "the answer", c->e)) {
        if (err_is(c->e, ERR_INVALID) && is_no_document(body, len))
            fault_unexpected(status, body, len, ERR_INVALID, c->e);
    } else {
        if (request_id) copy_request_id(x.root, request_id);
        result = read_root(c, op, shape, status, x.root);
    }
    xml_free(&x);
    return result;
}

bool codec_decode_response(struct model *m, const struct operation *op, int status,
                           const char *body, size_t len, const char *query_error,
                           struct val **result, char *request_id, struct err *e) {
    struct err unseen;  // so that what failed can always be told
    struct codec c = {.model = m, .service = op->service, .e = e ? e : &unseen};
    const struct shape *shape;
    *result = NULL;
    if (request_id) *request_id = '\0';
    if (!body) len = 0;
    if (status < 200 || status >= 300) {
        fault_read(op, status, body ? body : "", len, query_error, c.e);
        return name_operation(op, status, e);
    }
    if (!output_shape(&c, op, &shape)) return name_operation(op, status, e);
    struct val *v = op->service->protocol == PROTOCOL_JSON
                        ? read_json_body(&c, op, shape, status, body ? body : "", len)
                        : read_xml_body(&c, op, shape, status, body ? body : "", len, request_id);
    if (v && !custom_result(op, v)) {
        val_unref(v);
        v = NULL;
        err_memory(c.e);
    }
    *result = v;
    return v ? true : name_operation(op, status, e);
}

static void write_element(struct buf *out, const char *name, const char *text) {
    buf_printf(out, "<%s>", name);
    xml_escape(out, text, strlen(text));
    buf_printf(out, "</%s>", name);
}

static bool write_members(const struct codec *c, const struct shape *shape, const struct val *v,
                          struct buf *body) {
    return !shape || xml_write(c, shape, v, body);
}

static bool write_xml_response(const struct codec *c, const struct operation *op,
                               const struct shape *shape, const struct val *result,
                               const char *request_id, struct buf *body) {
    buf_printf(body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%sResponse xmlns=\"", op->name);
    xml_escape(body, c->service->xml_namespace, strlen(c->service->xml_namespace));
    buf_add_str(body, "\">");
    bool query = c->service->protocol == PROTOCOL_QUERY;
    if (!query) write_element(body, "requestId", request_id);
    if (*op->result_wrapper) buf_printf(body, "<%s>", op->result_wrapper);
    if (!write_members(c, shape, result, body)) return false;
    if (*op->result_wrapper) buf_printf(body, "</%s>", op->result_wrapper);
    if (query) {
        buf_add_str(body, "<ResponseMetadata>");
        write_element(body, "RequestId", request_id);
        buf_add_str(body, "</ResponseMetadata>");
    }
    buf_printf(body, "</%sResponse>\n", op->name);
    return body->failed ? err_memory(c->e) : true;
}

bool codec_encode_response(struct model *m, const struct operation *op, const struct val *result,
                           const char *request_id, struct buf *body, struct err *e) {
    struct codec c = {.model = m, .service = op->service, .e = e};
    const struct shape *shape;
    if (!output_shape(&c, op, &shape)) return false;
    struct val *sent = custom_sent(op, result);
    if (!sent) return err_memory(e);
    bool ok;
    if (op->service->protocol != PROTOCOL_JSON) {
        ok = write_xml_response(&c, op, shape, sent, request_id ? request_id : "", body);
    } else if (shape) {
        ok = json_write(&c, shape, sent, true, body);
    } else {
        buf_add_str(body, "{}");
        ok = body->failed ? err_memory(e) : true;
    }
    val_unref(sent);
    return ok;
}
