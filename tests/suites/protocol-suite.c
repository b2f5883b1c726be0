// protocol-suite.c - runs protocol test files of botocore's layout.
//
// Usage: protocol-suite FILE.json ...
// Each case brings its own shapes, which become a model text, so that the program's own
// model and codec run. Form bodies are compared as sorted pairs, JSON structurally.
// Cases that botocore itself skips (botocore-ignores.json beside or above the file) are
// skipped. Failures go to stderr; the last line is "N passed, N failed, N skipped".
#include <stdarg.h>

#include "base/file.h"
#include "base/json.h"
#include "codec/codec.h"
#include "codec/form.h"
#include "codec/json_codec.h"
#include "codec/xml_codec.h"
#include "model_text.h"
#include "protocol_values.h"

struct tally {
    int passed, failed, skipped;
};

static bool fails(struct running *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fails(struct running *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(r->why, sizeof r->why, format, args);
    va_end(args);
    return false;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// "a=1&b=2" with its pairs in order; written again, so that escapes do not matter.
static struct buf sorted_form(const char *body, size_t len) {
    struct form f;
    struct buf out = BUF_EMPTY;
    char *lines[4000];
    size_t count = 0;
    if (!form_parse(&f, body, len, NULL)) buf_add_str(&out, "(no form)");
    for (size_t i = 0; i < f.count && count < 4000; i++) {
        struct buf line = BUF_EMPTY;
        buf_printf(&line, "%s=%s\n", f.pairs[i].name, f.pairs[i].value);
        lines[count++] = buf_take(&line);
    }
    qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++) {
        buf_add_str(&out, lines[i]);
        free(lines[i]);
    }
    form_free(&f);
    return out;
}

static bool compare_forms(struct running *r, const char *expected, const struct buf *got) {
    struct buf a = sorted_form(expected, strlen(expected));
    struct buf b = sorted_form(buf_str(got), got->len);
    bool equal = strcmp(buf_str(&a), buf_str(&b)) == 0;
    if (!equal) fails(r, "expected\n%sgot\n%s", buf_str(&a), buf_str(&b));
    buf_free(&a);
    buf_free(&b);
    return equal;
}

static bool compare_json(struct running *r, const char *expected, const struct buf *got) {
    struct val *a = json_parse(expected, strlen(expected), "expected", NULL);
    struct val *b = json_parse(buf_str(got), got->len, "got", NULL);
    bool equal = a && b && val_equal(a, b);
    if (!equal) fails(r, "expected %s got %s", expected, buf_str(got));
    val_unref(a);
    val_unref(b);
    return equal;
}

static bool compare_header(struct running *r, const struct val *headers, const char *name,
                           const char *got) {
    const char *expected = val_get_str(headers, name, NULL);
    if (!expected || strncmp(expected, got, strlen(expected)) == 0) return true;
    return fails(r, "%s: expected %s, got %s", name, expected, got);
}

static bool compare_request(struct running *r, const struct wire_request *w) {
    const struct val *expected = val_get(r->test, "serialized");
    const struct val *headers = val_get(expected, "headers");
    const char *body = val_get_str(expected, "body", NULL);
    bool json = r->op->service->protocol == PROTOCOL_JSON;
    if (body && !(json ? compare_json(r, body, &w->body) : compare_forms(r, body, &w->body)))
        return false;
    return compare_header(r, headers, "Content-Type", w->content_type) &&
           compare_header(r, headers, "X-Amz-Target", w->target) &&
           compare_header(r, headers, "x-amzn-query-mode", w->query_mode ? "true" : "");
}

static bool run_input(struct running *r) {
    struct wire_request w = {0};
    struct err e;
    const struct shape *s =
        *r->op->input ? model_shape(r->model, r->op->service, r->op->input, &e) : NULL;
    const struct val *given = val_get(r->test, "params");
    struct val *params = s ? read_params(r, s, given) : val_ref(given);
    bool ok = codec_encode_request(r->model, r->op, params, &w, &e) ? compare_request(r, &w)
                                                                    : fails(r, "%s", e.message);
    val_unref(params);
    buf_free(&w.body);
    return ok;
}

// The exception shape that `code` names, by its own code or by its name.
static const struct shape *error_shape(struct running *r, const char *code) {
    const struct val *shapes = val_get(r->suite, "shapes");
    for (size_t i = 0; i < val_count(shapes); i++) {
        const char *name = val_key_at(shapes, i);
        const struct shape *s = model_shape(r->model, r->op->service, name, NULL);
        bool own = s && *s->error_code && strcmp(s->error_code, code) == 0;
        if (s && s->error && (own || strcmp(name, code) == 0)) return s;
    }
    return NULL;
}

static struct val *error_members(struct running *r, const struct shape *s, const char *body,
                                 size_t len) {
    struct err e;
    struct codec c = {.model = r->model, .service = r->op->service, .e = &e};
    if (r->op->service->protocol == PROTOCOL_JSON) {
        struct val *document = json_parse(body, len, "body", &e);
        struct val *v = document ? json_read(&c, s, document) : NULL;
        val_unref(document);
        return v;
    }
    struct xml x;
    struct val *v = NULL;
    if (xml_parse(&x, body, len, "body", &e)) {
        const struct xml_element *errors = xml_child(x.root, "Errors");
        const struct xml_element *error = xml_child(errors ? errors : x.root, "Error");
        v = xml_read(&c, s, error ? error : x.root);
    }
    xml_free(&x);
    return v;
}

static bool compare_error(struct running *r, const struct err *e, const char *body, size_t len) {
    const char *code = val_get_str(r->test, "errorCode", NULL);
    const char *message = val_get_str(r->test, "errorMessage", NULL);
    const struct val *members = val_get(r->test, "error");
    if (code && strcmp(code, e->code) != 0)
        return fails(r, "expected the code %s, got %s (%s)", code, e->code, e->message);
    if (message && strcmp(message, e->message) != 0)
        return fails(r, "expected the message %s, got %s", message, e->message);
    const struct shape *s = members ? error_shape(r, e->code) : NULL;
    if (!s) return true;
    struct val *got = error_members(r, s, body, len);
    bool equal = got && same(r, s, members, got);
    val_unref(got);
    return equal ? true : fails(r, "the error's members differ");
}

static bool compare_result(struct running *r, const struct val *got) {
    const struct val *expected = val_get(r->test, "result");
    const struct shape *s =
        *r->op->output ? model_shape(r->model, r->op->service, r->op->output, NULL) : NULL;
    if (same(r, s, expected, got)) return true;
    struct buf a = BUF_EMPTY, b = BUF_EMPTY;
    json_print(&a, expected);
    json_print(&b, got);
    fails(r, "expected %s, got %s", buf_str(&a), buf_str(&b));
    buf_free(&a);
    buf_free(&b);
    return false;
}

static bool run_output(struct running *r) {
    const struct val *response = val_get(r->test, "response");
    const struct val *given = val_get(response, "body");
    // A case without a body stands for an empty document.
    const char *none = r->op->service->protocol == PROTOCOL_JSON ? "" : "<EmptyResponse/>";
    const char *body = val_as_str(given, none);
    size_t len = given ? val_str_len(given) : strlen(none);
    struct val *result = NULL;
    struct err e;
    char request_id[96];
    bool decoded = codec_decode_response(
        r->model, r->op, (int)val_as_int(val_get(response, "status_code"), 200), body, len,
        val_as_str(val_path(response, "headers", "x-amzn-query-error", NULL), NULL), &result,
        request_id, &e);
    bool ok = decoded                      ? compare_result(r, result)
              : val_get(r->test, "result") ? fails(r, "%s: %s", e.code, e.message)
                                           : compare_error(r, &e, body, len);
    val_unref(result);
    return ok;
}

static bool run_case(struct running *r) {
    struct buf text = BUF_EMPTY;
    struct err e;
    const struct val *given = val_get(r->test, "given");
    bool ok = model_text(&text, val_get(r->suite, "metadata"), val_get(r->suite, "shapes"), given);
    r->model = ok ? model_from_text(buf_str(&text), text.len, &e) : NULL;
    buf_free(&text);
    if (!r->model) return fails(r, "the model: %s", e.message);
    r->op = model_operation(r->model, "suite", val_get_str(given, "name", "OperationName"), &e);
    ok = !r->op                         ? fails(r, "the model: %s", e.message)
         : val_get(r->test, "response") ? run_output(r)
                                        : run_input(r);
    model_free(r->model);
    return ok;
}

static bool lists_name(const struct val *list, const char *name) {
    for (size_t i = 0; i < val_count(list); i++)
        if (strcmp(val_as_str(val_at(list, i), ""), name) == 0) return true;
    return false;
}

static bool is_ignored(const struct val *ignores, const char *protocol, const struct running *r) {
    const char *way = val_get(r->test, "response") ? "output" : "input";
    const char *id = val_get_str(r->test, "id", ""),
               *suite = val_get_str(r->suite, "description", "");
    const struct val *lists[] = {val_path(ignores, "general", way, NULL),
                                 val_path(ignores, "protocols", protocol, way, NULL)};
    for (size_t i = 0; i < 2; i++)
        if (lists_name(val_get(lists[i], "cases"), id) ||
            lists_name(val_get(lists[i], "suites"), suite))
            return true;
    return false;
}

static struct val *read_json(const char *path, struct err *e) {
    struct buf text = BUF_EMPTY;
    struct val *v = file_read(path, JSON_MAX_BYTES, &text, e)
                        ? json_parse(buf_str(&text), text.len, path, e)
                        : NULL;
    buf_free(&text);
    return v;
}

// Beside the file or in one of the two folders above it.
static struct val *find_ignores(const char *path) {
    static const char *const names[] = {"", "../", "../../"};
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) : 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char tried[4096];
        snprintf(tried, sizeof tried, "%.*s/%sbotocore-ignores.json", folder, slash ? path : ".",
                 names[i]);
        struct val *v = read_json(tried, NULL);
        if (v) return v;
    }
    return val_map();
}

static void run_suite(const char *path, const char *protocol, const struct val *suite,
                      const struct val *ignores, struct tally *tally) {
    const struct val *cases = val_get(suite, "cases");
    for (size_t i = 0; i < val_count(cases); i++) {
        struct running r = {.suite = suite, .test = val_at(cases, i)};
        if (is_ignored(ignores, protocol, &r)) {
            tally->skipped++;
        } else if (run_case(&r)) {
            tally->passed++;
        } else {
            tally->failed++;
            fprintf(stderr, "FAILED %s: %s #%zu %s: %s\n", path,
                    val_get_str(suite, "description", ""), i, val_get_str(r.test, "id", ""), r.why);
        }
    }
}

static bool run_file(const char *path, struct tally *tally) {
    struct err e;
    struct val *suites = read_json(path, &e);
    if (val_type(suites) != VAL_LIST) {
        fprintf(stderr, "%s: %s\n", path, suites ? "no list of suites" : e.message);
        val_unref(suites);
        return false;
    }
    const char *slash = strrchr(path, '/');
    char protocol[64];
    snprintf(protocol, sizeof protocol, "%s", slash ? slash + 1 : path);
    if (text_ends(protocol, ".json")) protocol[strlen(protocol) - 5] = '\0';
    struct val *ignores = find_ignores(path);
    for (size_t i = 0; i < val_count(suites); i++)
        run_suite(path, protocol, val_at(suites, i), ignores, tally);
    val_unref(ignores);
    val_unref(suites);
    return true;
}

int main(int argc, char **argv) {
    struct tally tally = {0};
    bool ok = argc > 1;
    if (!ok) fprintf(stderr, "usage: protocol-suite FILE.json ...\n");
    for (int i = 1; i < argc; i++) ok = run_file(argv[i], &tally) && ok;
    printf("%d passed, %d failed", tally.passed, tally.failed);
    if (tally.skipped) printf(", %d skipped", tally.skipped);
    putchar('\n');
    return ok && !tally.failed ? 0 : 1;
}
