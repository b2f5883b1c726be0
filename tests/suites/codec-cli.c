// codec-cli.c - the codec behind lines of JSON, for tests in other languages.
//
// Reads one request a line from stdin, answers one line each:
//   {"do":"encode","service":S,"operation":O,"params":P}  body, content_type, target, query_mode
//   {"do":"decode","service":S,"operation":O,"status":N,"body":B,"query_error":Q}  result
//   {"do":"decode_request","service":S,"body":B,"target":T}  operation, params
//   {"do":"encode_response","service":S,"operation":O,"result":R,"request_id":I}  body
// `encode` checks the parameters first. A failure answers {"error":{...}}.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "codec/codec.h"

static struct val *failure(const struct err *e) {
    struct val *out = val_map();
    val_set(out, "error", err_to_val(e));
    return out;
}

static struct val *bytes(const struct buf *b) {
    return val_string(buf_str(b), b->len);
}

static struct val *encode(struct model *m, const struct operation *op, const struct val *line) {
    struct err e;
    struct wire_request w = {0};
    const struct val *params = val_get(line, "params");
    struct val *out = val_map();
    if (!codec_check(m, op, params, &e) || !codec_encode_request(m, op, params, &w, &e)) {
        val_unref(out);
        out = failure(&e);
    } else {
        val_set(out, "body", bytes(&w.body));
        val_set(out, "content_type", val_cstr(w.content_type));
        val_set(out, "target", val_cstr(w.target));
        val_set(out, "query_mode", val_bool(w.query_mode));
    }
    buf_free(&w.body);
    return out;
}

static struct val *decode(struct model *m, const struct operation *op, const struct val *line) {
    struct err e;
    struct val *result, *out;
    char request_id[96];
    const struct val *body = val_get(line, "body");
    if (!codec_decode_response(m, op, (int)val_as_int(val_get(line, "status"), 200),
                               val_as_str(body, ""), val_str_len(body),
                               val_get_str(line, "query_error", NULL), &result, request_id, &e))
        return failure(&e);
    out = val_map();
    val_set(out, "result", result);
    val_set(out, "request_id", val_cstr(request_id));
    return out;
}

static struct val *decode_request(struct model *m, const struct service *s,
                                  const struct val *line) {
    struct err e;
    const struct operation *op;
    struct val *params, *out;
    const struct val *body = val_get(line, "body");
    if (!codec_decode_request(m, s, val_as_str(body, ""), val_str_len(body),
                              val_get_str(line, "target", NULL), &op, &params, &e))
        return failure(&e);
    out = val_map();
    val_set(out, "operation", val_cstr(op->name));
    val_set(out, "params", params);
    return out;
}

static struct val *encode_response(struct model *m, const struct operation *op,
                                   const struct val *line) {
    struct err e;
    struct buf body = BUF_EMPTY;
    struct val *out = val_map();
    if (codec_encode_response(m, op, val_get(line, "result"), val_get_str(line, "request_id", ""),
                              &body, &e)) {
        val_set(out, "body", bytes(&body));
    } else {
        val_unref(out);
        out = failure(&e);
    }
    buf_free(&body);
    return out;
}

static struct val *answer(struct model *m, const struct val *line) {
    struct err e;
    const char *what = val_get_str(line, "do", ""), *service = val_get_str(line, "service", "");
    if (strcmp(what, "decode_request") == 0) {
        const struct service *s = model_service(m, service, &e);
        return s ? decode_request(m, s, line) : failure(&e);
    }
    const struct operation *op =
        model_operation(m, service, val_get_str(line, "operation", ""), &e);
    if (!op) return failure(&e);
    if (strcmp(what, "encode") == 0) return encode(m, op, line);
    if (strcmp(what, "decode") == 0) return decode(m, op, line);
    return encode_response(m, op, line);
}

int main(void) {
    struct err e;
    struct model *m = model_open(NULL, &e);
    char *text = NULL;
    size_t cap = 0;
    ssize_t len;
    if (!m) {
        fprintf(stderr, "%s\n", e.message);
        return 1;
    }
    while ((len = getline(&text, &cap, stdin)) > 0) {
        struct buf out = BUF_EMPTY;
        struct val *line = json_parse(text, (size_t)len, "the line", &e);
        struct val *v = line ? answer(m, line) : failure(&e);
        json_print(&out, v);
        puts(buf_str(&out));
        fflush(stdout);
        buf_free(&out);
        val_unref(v);
        val_unref(line);
    }
    free(text);
    model_free(m);
    return 0;
}
