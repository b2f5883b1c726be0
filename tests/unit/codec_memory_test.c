// codec_memory_test.c - every allocation fails once: no crash, no leak, an honest error.
//
// The program's own allocator stands in for libc's, so that the n-th allocation can be
// refused. Sanitizers bring an allocator of their own; there the tests are skipped.
#include <errno.h>

#include <openssl/err.h>

#include "codec_test.h"

#ifndef CORDON_SANITIZED

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static long remaining = -1;  // allocations until one is refused; -1: none is
static long live;
static bool counting;

static bool refuse(void) {
    if (remaining < 0) return false;
    return remaining-- == 0;
}

void *malloc(size_t size) {
    void *p = refuse() ? NULL : __libc_malloc(size);
    if (!p) errno = ENOMEM;
    if (counting && p) live++;
    return p;
}

void *calloc(size_t count, size_t size) {
    void *p = refuse() ? NULL : __libc_calloc(count, size);
    if (!p) errno = ENOMEM;
    if (counting && p) live++;
    return p;
}

void *realloc(void *old, size_t size) {
    if (refuse()) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = __libc_realloc(old, size);
    if (counting && p && !old) live++;
    return p;
}

void free(void *p) {
    if (counting && p) live--;
    __libc_free(p);
}

typedef bool work(struct model *m, struct err *e);

static bool work_model(struct model *m, struct err *e) {
    (void)m;
    static const char text[] = "operation do_it DoIt read in=A out=A page=B>C\n"
                               "service x protocol=query version=1\n"
                               "shape A structure B:L,l C:S,ts=unix\n"
                               "shape L list member:A\n"
                               "shape S string =a =b\n";
    struct model *made = model_from_text(text, strlen(text), e);
    bool ok = made && model_operation(made, "x", "DoIt", e);
    model_free(made);
    return ok;
}

#ifndef ASSET_ROOT
static bool work_open(struct model *m, struct err *e) {
    (void)m;
    struct model *made = model_open(NULL, e);
    bool ok = made && model_operation(made, "sqs", "send_message", e);
    model_free(made);
    return ok;
}

#endif

static struct val *params_of(const char *text, struct err *e) {
    return json_parse(text, strlen(text), "test", e);
}

static bool work_request(struct model *m, struct err *e) {
    const struct operation *op = model_operation(m, "ec2", "RunInstances", e), *found;
    struct val *given = params_of("{\"MinCount\":1,\"MaxCount\":1,\"UserData\":\"x\",\"Placement\":"
                                  "{\"Tenancy\":\"default\"},\"SecurityGroupIds\":[\"a\",\"b\"]}",
                                  e);
    struct val *ready = given && op ? codec_prepare(m, op, given, e) : NULL, *back = NULL,
               *kept = NULL;
    struct wire_request w = {0};
    bool ok =
        ready && codec_check(m, op, ready, e) && codec_encode_request(m, op, ready, &w, e) &&
        (kept = codec_redact(m, op, false, ready, e)) &&
        codec_decode_request(m, op->service, buf_str(&w.body), w.body.len, NULL, &found, &back, e);
    struct val *all[] = {given, ready, back, kept};
    for (size_t i = 0; i < 4; i++) val_unref(all[i]);
    buf_free(&w.body);
    return ok;
}

static bool work_json(struct model *m, struct err *e) {
    const struct operation *op = model_operation(m, "sqs", "SendMessage", e), *found;
    struct val *given = params_of("{\"QueueUrl\":\"u\",\"MessageBody\":\"b\",\"MessageAttributes\":"
                                  "{\"a\":{\"DataType\":\"Binary\",\"BinaryValue\":\"x\"}}}",
                                  e);
    struct val *back = NULL;
    struct wire_request w = {0};
    bool ok = given && op && codec_encode_request(m, op, given, &w, e) &&
              codec_decode_request(m, op->service, buf_str(&w.body), w.body.len, w.target, &found,
                                   &back, e);
    val_unref(given);
    val_unref(back);
    buf_free(&w.body);
    return ok;
}

static bool work_response(struct model *m, struct err *e) {
    const struct operation *op = model_operation(m, "ec2", "DescribeVpcs", e);
    static const char body[] = "<DescribeVpcsResponse a='b'><vpcSet><item><vpcId>v</vpcId><tagSet>"
                               "<item><key>k</key></item></tagSet></item></vpcSet>"
                               "</DescribeVpcsResponse>";
    struct val *v = NULL;
    struct buf again = BUF_EMPTY;
    bool ok = op && codec_decode_response(m, op, 200, body, strlen(body), NULL, &v, NULL, e) &&
              codec_encode_response(m, op, v, "id", &again, e);
    val_unref(v);
    buf_free(&again);
    return ok;
}

static bool work_console(struct model *m, struct err *e) {
    const struct operation *op = model_operation(m, "ec2", "GetConsoleOutput", e);
    static const char body[] = "<GetConsoleOutputResponse><output>Yf/igmI=</output>"
                               "</GetConsoleOutputResponse>";
    struct val *v = NULL;
    struct buf again = BUF_EMPTY;
    bool ok = op && codec_decode_response(m, op, 200, body, strlen(body), NULL, &v, NULL, e) &&
              codec_encode_response(m, op, v, "id", &again, e);
    val_unref(v);
    buf_free(&again);
    return ok;
}

// Lets the n-th allocation fail, for n = 0, 1, 2, ... until the work is done without.
static void sweep(work *fn) {
    struct err e;
    ERR_clear_error();
    assert_true(fn(the_model, &e));  // what libraries allocate once
    for (long n = 0;; n++) {
        assert_true(n < 20000);
        e = (struct err){0};
        live = 0;
        counting = true;
        remaining = n;
        bool ok = fn(the_model, &e);
        bool reached = remaining < 0;
        remaining = -1;
        ERR_clear_error();  // OpenSSL keeps the place of its failure
        counting = false;
        if (ok && !reached) return;
        if (live != 0) print_error("allocation %ld: %ld blocks leak\n", n, live);
        assert_int_equal(live, 0);
        assert_true(ok || e.code[0] != '\0');
    }
}

static void models_survive(void **state) {
    (void)state;
    sweep(work_model);
#ifndef ASSET_ROOT  // a build that reads its assets with glob(3), which does not survive
    sweep(work_open);
#endif
}

static void requests_survive(void **state) {
    (void)state;
    sweep(work_request);
    sweep(work_json);
}

static void responses_survive(void **state) {
    (void)state;
    sweep(work_response);
    sweep(work_console);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_survive),
        cmocka_unit_test(requests_survive),
        cmocka_unit_test(responses_survive),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}

#else

static void not_with_sanitizers(void **state) {
    (void)state;
    skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(not_with_sanitizers)};
    return cmocka_run_group_tests(tests, open_model, close_model);
}

#endif
