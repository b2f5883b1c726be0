// aws-cli.c - makes calls through the door, for tests/integration/aws_http.py and aws_keys.py.
//
// usage: aws-cli [--profile P] [--region R] [--endpoint-url U] [--permit N] [--repeat N]
//                [--parallel N] [--pause MS] [--just-created] [--timeout MS] [--verbose]
//                SERVICE OPERATION JSON
// Prints one line of JSON per reply, in the order of the replies. `--permit N` gives a
// permit that says yes N times. Text "{i}" in JSON becomes the number of the call.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/aws.h"
#include "base/json.h"
#include "codec/codec.h"

struct options {
    struct aws_options aws;
    int permits;  // -1: no permit
    int repeat;
    int parallel;
    int pause;  // ms between rounds
    bool just_created;
    const char *service;
    const char *operation;
    const char *json;
};

struct state {
    struct options o;
    struct aws *aws;
    struct model *model;
    const struct operation *op;
    int permits_left;
    int expected;
    bool done;
    int done_inside;  // replies that came from inside aws_start: must stay 0
    bool starting;
};

static void fail(const char *what, const struct err *e) {
    fprintf(stderr, "%s: %s: %s\n", what, e->code, e->message);
    exit(3);
}

static bool still(void *ctx, struct err *e) {
    struct state *s = ctx;
    if (s->permits_left-- > 0) return true;
    return err_set(e, ERR_REFUSED, "the permit was taken back");
}

static void print_reply(const struct state *s, const struct aws_reply *r) {
    struct val *line = val_map();
    val_set(line, "ok", val_bool(r->ok));
    val_set(line, "value", r->ok ? val_ref(r->value) : val_nil());
    val_set(line, "err", r->ok ? val_nil() : err_to_val(&r->err));
    val_set(line, "unknown", val_bool(r->unknown));
    val_set(line, "sent", val_bool(r->sent));
    val_set(line, "attempts", val_int(r->attempts));
    val_set(line, "request_id", val_cstr(r->request_id));
    val_set(line, "source", val_cstr(aws_credential_source(s->aws)));
    val_set(line, "ms", val_int((r->answered_us - r->sent_us) / 1000));
    struct buf text = BUF_EMPTY;
    json_print(&text, line);
    puts(buf_str(&text));
    fflush(stdout);
    buf_free(&text);
    val_unref(line);
}

static void on_reply(void *ctx, const struct aws_reply *r) {
    struct state *s = ctx;
    if (s->starting) s->done_inside++;
    print_reply(s, r);
    if (--s->expected == 0) s->done = true;
}

static struct val *params_of(const struct state *s, int number) {
    struct err e;
    struct buf text = BUF_EMPTY;
    const char *at = s->o.json;
    for (const char *mark; (mark = strstr(at, "{i}")) != NULL; at = mark + 3) {
        buf_add(&text, at, (size_t)(mark - at));
        buf_printf(&text, "%d", number);
    }
    buf_add_str(&text, at);
    struct val *given = json_parse(buf_str(&text), text.len, "parameters", &e);
    if (given == NULL) fail("JSON", &e);
    struct val *prepared = codec_prepare(s->model, s->op, given, &e);
    if (prepared == NULL || !codec_check(s->model, s->op, prepared, &e)) fail("parameters", &e);
    val_unref(given);
    buf_free(&text);
    return prepared;
}

static void start(struct state *s, int number, const struct permit *permit) {
    struct err e;
    struct val *params = params_of(s, number);
    struct aws_call call = {.op = s->op,
                            .params = params,
                            .permit = s->o.permits >= 0 ? permit : NULL,
                            .just_created = s->o.just_created};
    s->starting = true;
    if (!aws_start(s->aws, &call, on_reply, s, &e)) fail("aws_start", &e);
    s->starting = false;
    val_unref(params);
}

static void on_pause_end(void *ctx) {
    *(bool *)ctx = true;
}

static void take_pause(struct loop *loop, int ms) {
    struct err e;
    bool over = ms == 0;
    if (!over && loop_timer_add(loop, ms, on_pause_end, &over) == NULL) exit(3);
    if (!loop_until(loop, &over, false, &e)) fail("loop", &e);
}

static void parse(struct options *o, int argc, char **argv) {
    *o = (struct options){.permits = -1, .repeat = 1, .parallel = 1};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--just-created") == 0) {
            o->just_created = true;
            continue;
        }
        if (strcmp(name, "--verbose") == 0) {
            o->aws.verbose = true;
            continue;
        }
        const char *value = i + 1 < argc ? argv[++i] : "";
        if (strcmp(name, "--profile") == 0) o->aws.profile = value;
        if (strcmp(name, "--region") == 0) o->aws.region = value;
        if (strcmp(name, "--endpoint-url") == 0) o->aws.endpoint_url = value;
        if (strcmp(name, "--permit") == 0) o->permits = atoi(value);
        if (strcmp(name, "--repeat") == 0) o->repeat = atoi(value);
        if (strcmp(name, "--parallel") == 0) o->parallel = atoi(value);
        if (strcmp(name, "--pause") == 0) o->pause = atoi(value);
        if (strcmp(name, "--timeout") == 0) o->aws.timeout_ms = atoi(value);
    }
    if (argc - i != 3) {
        fprintf(stderr, "usage: aws-cli [options] SERVICE OPERATION JSON\n");
        exit(2);
    }
    o->service = argv[i];
    o->operation = argv[i + 1];
    o->json = argv[i + 2];
}

int main(int argc, char **argv) {
    struct err e;
    struct state s = {0};
    parse(&s.o, argc, argv);
    s.permits_left = s.o.permits;
    struct loop *loop = loop_new(&e);
    s.model = loop != NULL ? model_open(NULL, &e) : NULL;
    if (s.model == NULL) fail("model", &e);
    s.op = model_operation(s.model, s.o.service, s.o.operation, &e);
    s.aws = s.op != NULL ? aws_new(loop, s.model, &s.o.aws, &e) : NULL;
    if (s.aws == NULL) fail("aws", &e);
    struct permit permit = {still, &s};
    for (int round = 0; round < s.o.repeat; round++) {
        s.done = false;
        s.expected = s.o.parallel;
        for (int i = 0; i < s.o.parallel; i++) start(&s, round * s.o.parallel + i, &permit);
        if (!loop_until(loop, &s.done, false, &e)) fail("loop", &e);
        take_pause(loop, s.o.pause);
    }
    aws_free(s.aws);
    model_free(s.model);
    loop_free(loop);
    return s.done_inside > 0 ? 4 : 0;
}
