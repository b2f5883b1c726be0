// fault.c - error bodies.
#include "codec/fault.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"

static const char *reason(int status) {
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {{300, "Multiple Choices"},
                   {301, "Moved Permanently"},
                   {302, "Found"},
                   {303, "See Other"},
                   {304, "Not Modified"},
                   {307, "Temporary Redirect"},
                   {308, "Permanent Redirect"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {407, "Proxy Authentication Required"},
                   {408, "Request Timeout"},
                   {411, "Length Required"},
                   {413, "Request Entity Too Large"},
                   {429, "Too Many Requests"},
                   {500, "Internal Server Error"},
                   {501, "Not Implemented"},
                   {502, "Bad Gateway"},
                   {503, "Service Unavailable"},
                   {504, "Gateway Timeout"}};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status) return reasons[i].reason;
    return "";
}

// Copies at most size-1 bytes, never half a character.
static void copy_text(char *out, size_t size, const char *text, size_t len) {
    size_t used = 0;
    while (used < len && text[used]) {
        size_t n = utf8_char(text + used, len - used);
        if (!n) n = 1;
        if (used + n >= size) break;
        used += n;
    }
    memcpy(out, text, used);
    out[used] = '\0';
}

static void fill(struct err *e, const char *code, const char *message, size_t message_len,
                 const char *request_id, int status) {
    if (!e) return;
    *e = (struct err){.status = status};
    copy_text(e->code, sizeof e->code, code, strlen(code));
    copy_text(e->message, sizeof e->message, message, message_len);
    copy_text(e->request_id, sizeof e->request_id, request_id, strlen(request_id));
}

static const char *kind_of(const char *body, size_t len) {
    while (len && strchr(" \t\r\n", *body) && *body) body++, len--;
    if (!len) return "nothing";
    if (len >= 5 && (strncasecmp(body, "<html", 5) == 0 || strncasecmp(body, "<!doc", 5) == 0))
        return "an HTML page";
    if (*body == '<') return "XML";
    return *body == '{' ? "JSON" : "text";
}

bool fault_unexpected(int status, const char *body, size_t len, const char *code, struct err *e) {
    struct buf message = BUF_EMPTY;
    buf_printf(&message, "the endpoint answered HTTP %d%s%s with %s, not with an answer of AWS",
               status, *reason(status) ? " " : "", reason(status), kind_of(body, len));
    if (len) buf_add_str(&message, ": ");
    if (len) text_escape(&message, body, len < 400 ? len : 400, 120);
    fill(e, code, buf_str(&message), message.len, "", status);
    buf_free(&message);
    return false;
}

// ec2: Response/Errors/Error and RequestID; query: ErrorResponse/Error and RequestId.
static const struct xml_element *error_element(const struct xml_element *root) {
    const struct xml_element *errors = xml_child(root, "Errors");
    const struct xml_element *error = xml_child(errors ? errors : root, "Error");
    return error && xml_child(error, "Code") ? error : NULL;
}

bool fault_is_xml(const struct xml_element *root) {
    bool named = strcmp(root->name, "Response") == 0 || strcmp(root->name, "ErrorResponse") == 0;
    return named && error_element(root);
}

bool fault_from_xml(const struct xml_element *root, int status, struct err *e) {
    const struct xml_element *error = error_element(root);
    const char *id = xml_child_text(root, "RequestID");
    if (!*id) id = xml_child_text(root, "RequestId");
    if (!*id) id = xml_child_text(root, "requestId");
    const struct xml_element *message = xml_child(error, "Message");
    char number[16];
    snprintf(number, sizeof number, "%d", status);
    const char *code = xml_child_text(error, "Code");
    fill(e, *code ? code : number, message ? message->text : "", message ? message->text_len : 0,
         id, status);
    return false;
}

static bool read_xml(int status, const char *body, size_t len, struct err *e) {
    char number[16];
    snprintf(number, sizeof number, "%d", status);
    struct xml x;
    bool usable = xml_parse(&x, body, len, "the answer", NULL) && error_element(x.root);
    if (usable)
        fault_from_xml(x.root, status, e);
    else
        fault_unexpected(status, body, len, number, e);
    xml_free(&x);
    return false;
}

// "com.amazonaws.sqs#QueueDoesNotExist:http://..." is QueueDoesNotExist.
static void cut_type(char *code) {
    char *colon = strchr(code, ':');
    if (colon) *colon = '\0';
    const char *hash = strrchr(code, '#');
    if (hash) memmove(code, hash + 1, strlen(hash + 1) + 1);
}

// "Code;Sender"; the code wins over the body's.
static void apply_query_error(const char *header, char *code, size_t size) {
    const char *end = header ? strchr(header, ';') : NULL;
    if (!end || end == header || strchr(end + 1, ';')) return;
    copy_text(code, size, header, (size_t)(end - header));
}

static bool read_json(int status, const char *body, size_t len, const char *query_error,
                      struct err *e) {
    char code[96];
    snprintf(code, sizeof code, "%d", status);
    struct val *v = json_parse(body, len, "the answer", NULL);
    const struct val *message = val_get(v, "message");
    if (!message) message = val_get(v, "Message");
    const char *type = val_get_str(v, "__type", "");
    if (*type) copy_text(code, sizeof code, type, strlen(type));
    if (*type) cut_type(code);
    if (!*code) snprintf(code, sizeof code, "%d", status);
    apply_query_error(query_error, code, sizeof code);
    if (val_type(v) != VAL_MAP || (!*type && !message && !query_error))
        fault_unexpected(status, body, len, code, e);
    else
        fill(e, code, val_as_str(message, ""), val_str_len(message), "", status);
    val_unref(v);
    return false;
}

bool fault_read(const struct operation *op, int status, const char *body, size_t len,
                const char *query_error, struct err *e) {
    bool json = op->service->protocol == PROTOCOL_JSON;
    if (json)
        read_json(status, body, len, query_error, e);
    else
        read_xml(status, body, len, e);
    return false;
}
