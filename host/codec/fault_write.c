// fault_write.c - error bodies of the three protocols.
#include "codec/fault_write.h"

#include <string.h>

#include "base/json.h"

static void add_text(struct buf *out, const char *text) {
    for (; *text; text++) {
        if (*text == '<') buf_add_str(out, "&lt;");
        else if (*text == '>') buf_add_str(out, "&gt;");
        else if (*text == '&') buf_add_str(out, "&amp;");
        else if ((unsigned char)*text >= 0x20) buf_add_char(out, *text);
    }
}

static void add_element(struct buf *out, const char *name, const char *text) {
    buf_printf(out, "<%s>", name);
    add_text(out, text);
    buf_printf(out, "</%s>", name);
}

static const char *whose(const struct err *fault) {
    return fault->status >= 500 ? "Receiver" : "Sender";
}

static void ec2_fault(const struct err *fault, const char *request_id, struct buf *body) {
    buf_add_str(body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>");
    add_element(body, "Code", fault->code);
    add_element(body, "Message", fault->message);
    buf_add_str(body, "</Error></Errors>");
    add_element(body, "RequestID", request_id);
    buf_add_str(body, "</Response>");
}

static void query_fault(const struct service *s, const struct err *fault, const char *request_id,
                        struct buf *body) {
    buf_printf(body, "<ErrorResponse xmlns=\"%s\"><Error>", s->xml_namespace);
    add_element(body, "Type", whose(fault));
    add_element(body, "Code", fault->code);
    add_element(body, "Message", fault->message);
    buf_add_str(body, "</Error>");
    add_element(body, "RequestId", request_id);
    buf_add_str(body, "</ErrorResponse>");
}

static void json_fault(const struct service *s, const struct err *fault, const char *name,
                       struct buf *body) {
    struct buf type = BUF_EMPTY;
    buf_printf(&type, "com.amazonaws.%s#%s", s->name, *name ? name : fault->code);
    buf_add_str(body, "{\"__type\":");
    json_print_string(body, buf_str(&type), type.len);
    buf_add_str(body, ",\"message\":");
    json_print_string(body, fault->message, strlen(fault->message));
    buf_add_char(body, '}');
    buf_free(&type);
}

void codec_encode_fault(const struct service *s, const struct err *fault, const char *name,
                        const char *request_id, struct buf *body, struct buf *query_error) {
    switch (s->protocol) {
    case PROTOCOL_EC2: ec2_fault(fault, request_id, body); return;
    case PROTOCOL_QUERY: query_fault(s, fault, request_id, body); return;
    case PROTOCOL_JSON: break;
    }
    json_fault(s, fault, name, body);
    if (query_error && s->query_compatible)
        buf_printf(query_error, "%s;%s", fault->code, whose(fault));
}
