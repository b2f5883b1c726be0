// parse.c - service and operation lines.
#include "model/parse.h"

#include <string.h>

struct words {
    const struct lines *lines;
    struct arena *arena;
    struct span line, rest;
    struct err *e;
};

static bool bad(const struct words *w, const char *what, struct span word) {
    return lines_bad(w->lines, w->line.at, w->e, "%s \"%.*s\"", what,
                     (int)(word.len < 80 ? word.len : 80), word.at);
}

static bool put(const struct words *w, const char **out, struct span value) {
    if (!span_text(w->arena, value, out)) return bad(w, "this text is malformed:", value);
    return *out ? true : err_memory(w->e);
}

// The next word as text; `what` names it when it is missing.
static bool next(struct words *w, const char **out, const char *what) {
    struct span word;
    if (!span_cut(&w->rest, ' ', &word) || word.len == 0)
        return lines_bad(w->lines, w->line.at, w->e, "%s is missing", what);
    return put(w, out, word);
}

static struct words begin(const struct lines *t, struct span line, struct arena *a, struct err *e) {
    struct words w = {t, a, line, line, e};
    struct span kind;
    span_cut(&w.rest, ' ', &kind);
    return w;
}

static bool set_protocol(const struct words *w, struct service *s, struct span value) {
    static const char *const names[] = {"ec2", "query", "json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!span_is(value, names[i])) continue;
        s->protocol = (enum protocol)i;
        return true;
    }
    return bad(w, "the protocol must be ec2, query or json, not", value);
}

static bool service_word(const struct words *w, struct service *s, struct span word) {
    struct span value;
    if (span_is(word, "compatible")) return s->query_compatible = true;
    if (span_value(word, "protocol", &value)) return set_protocol(w, s, value);
    if (span_value(word, "version", &value)) return put(w, &s->api_version, value);
    if (span_value(word, "endpoint", &value)) return put(w, &s->endpoint_prefix, value);
    if (span_value(word, "signing", &value)) return put(w, &s->signing_name, value);
    if (span_value(word, "config", &value)) return put(w, &s->config_name, value);
    if (span_value(word, "target", &value)) return put(w, &s->target_prefix, value);
    if (span_value(word, "json", &value)) return put(w, &s->json_version, value);
    if (span_value(word, "ns", &value)) return put(w, &s->xml_namespace, value);
    return bad(w, "unknown word in a service line:", word);
}

bool parse_service(const struct lines *t, struct span line, struct arena *a, struct service *out,
                   struct err *e) {
    struct words w = begin(t, line, a, e);
    *out = (struct service){.endpoint_prefix = "",
                            .signing_name = "",
                            .config_name = "",
                            .api_version = "",
                            .target_prefix = "",
                            .json_version = "",
                            .xml_namespace = ""};
    struct span word;
    if (!next(&w, &out->name, "the service's name")) return false;
    while (span_cut(&w.rest, ' ', &word))
        if (!service_word(&w, out, word)) return false;
    if (!*out->endpoint_prefix) out->endpoint_prefix = out->name;
    if (!*out->signing_name) out->signing_name = out->endpoint_prefix;
    if (!*out->config_name) out->config_name = out->name;
    if (out->protocol == PROTOCOL_JSON && (!*out->target_prefix || !*out->json_version))
        return lines_bad(t, line.at, e, "a json service needs target= and json=");
    if (strlen(out->target_prefix) > 80 || strlen(out->json_version) > 8)
        return lines_bad(t, line.at, e, "target= or json= is too long");
    return true;
}

static bool set_page(const struct words *w, struct operation *op, struct span value) {
    struct span input, whole = value;
    if (!span_cut(&value, '>', &input) || value.len == 0)
        return bad(w, "page= is INPUT>OUTPUT, not", whole);
    return put(w, &op->page_input, input) && put(w, &op->page_output, value);
}

static bool operation_word(const struct words *w, struct operation *op, struct span word) {
    struct span value;
    if (span_is(word, "dryrun")) return op->dry_run = true;
    if (span_is(word, "credentials")) return op->credential_output = true;
    if (span_value(word, "in", &value)) return put(w, &op->input, value);
    if (span_value(word, "out", &value)) return put(w, &op->output, value);
    if (span_value(word, "wrapper", &value)) return put(w, &op->result_wrapper, value);
    if (span_value(word, "token", &value)) return put(w, &op->client_token, value);
    if (span_value(word, "page", &value)) return set_page(w, op, value);
    if (span_value(word, "limit", &value)) return put(w, &op->page_limit, value);
    if (span_value(word, "results", &value)) return put(w, &op->page_results, value);
    return bad(w, "unknown word in an operation line:", word);
}

// "read" or "mutate" must be said: nothing may pass as a read by omission.
static bool set_effect(struct words *w, struct operation *op) {
    struct span word;
    if (!span_cut(&w->rest, ' ', &word))
        return lines_bad(w->lines, w->line.at, w->e, "\"read\" or \"mutate\" is missing");
    op->mutates = span_is(word, "mutate");
    return op->mutates || span_is(word, "read") ? true : bad(w, "read or mutate, not", word);
}

struct operation *parse_operation(const struct lines *t, struct span line, struct arena *a,
                                  const struct service *s, struct err *e) {
    struct words w = begin(t, line, a, e);
    struct operation *op = arena_alloc(a, sizeof *op);
    if (!op) {
        err_memory(e);
        return NULL;
    }
    *op = (struct operation){.service = s,
                             .input = "",
                             .output = "",
                             .result_wrapper = "",
                             .client_token = "",
                             .page_input = "",
                             .page_output = "",
                             .page_limit = "",
                             .page_results = ""};
    struct span word;
    if (!next(&w, &op->method, "the method's name") ||
        !next(&w, &op->name, "the operation's name") || !set_effect(&w, op))
        return NULL;
    while (span_cut(&w.rest, ' ', &word))
        if (!operation_word(&w, op, word)) return NULL;
    if (strlen(op->name) > 64) {
        lines_bad(t, line.at, e, "an operation's name has 64 bytes at most");
        return NULL;
    }
    return op;
}
