// door.c - the one door to AWS: which calls go, and their life from start to reply.
//
// Owns: refusing what has no permit, looking up Region and endpoint, encoding, the list of
// calls under way, the reply. It never decides whether a mutation is wanted: the gate does,
// and its permit is asked again before every attempt.
#include <stdlib.h>
#include <string.h>

#include "aws/call.h"
#include "base/clock.h"

// --- the end of a call --------------------------------------------------------------------

static void unlink_call(struct call *c) {
    struct call **at = &c->aws->calls;
    while (*at != c) at = &(*at)->next;
    *at = c->next;
}

static void free_call(struct call *c) {
    loop_timer_cancel(c->timer);
    val_unref(c->params);
    val_unref(c->result);
    buf_wipe(&c->wire.body);
    credentials_wipe(&c->keys);
    free(c);
}

static void finish(struct call *c) {
    unlink_call(c);
    c->done(c->ctx, &c->reply);
    free_call(c);
}

void call_succeed(struct call *c, struct val *value) {
    c->result = value;
    c->reply.ok = true;
    c->reply.value = value;
    finish(c);
}

void call_fail(struct call *c, const struct err *why) {
    c->reply.ok = false;
    c->reply.err = *why;
    // An error after an attempt of unknown fate does not say that nothing was done.
    c->reply.unknown = c->maybe_done && c->op->mutates &&
                       !(c->op->dry_run && val_as_bool(val_get(c->params, "DryRun"), false));
    finish(c);
}

// --- the start of a call --------------------------------------------------------------------

static bool is_dry_run(const struct call *c) {
    return c->op->dry_run && val_as_bool(val_get(c->params, "DryRun"), false);
}

static bool may_go(const struct call *c, struct err *e) {
    if (!c->op->mutates || c->has_permit || c->own || is_dry_run(c)) return true;
    return err_set(e, ERR_REFUSED, "%s %s changes things and has no permit: it was not sent",
                   c->op->service->name, c->op->name);
}

static bool ready_config(struct aws *a, struct err *e) {
    if (a->config_ready) return true;
    if (!config_load(&a->config, &a->options, e)) return false;
    profiles_forget_secrets(a->config.files);
    a->config_ready = true;
    return true;
}

static bool ready_region(struct aws *a, struct err *e) {
    if (a->region[0] != '\0') return true;
    return ready_config(a, e) && endpoint_region(&a->config, a->region, e);
}

static bool ready_http(struct aws *a, struct err *e) {
    if (a->http != NULL) return true;
    const char *bundle = config_env("AWS_CA_BUNDLE");
    if (bundle == NULL) bundle = config_get(&a->config, "ca_bundle");
    const char *attempts = config_env("AWS_MAX_ATTEMPTS");
    if (attempts == NULL) attempts = config_get(&a->config, "max_attempts");
    a->max_attempts = retry_max_attempts(attempts);
    a->http = http_new(a->loop, bundle, e);
    return a->http != NULL;
}

static bool prepare(struct call *c, struct err *e) {
    struct aws *a = c->aws;
    if (!may_go(c, e)) return false;
    if (!codec_encode_request(a->model, c->op, c->params, &c->wire, e)) return false;
    if (c->wire.body.failed) return err_memory(e);
    c->repeatable = c->own || retry_is_repeatable(c->op, c->params);
    return ready_region(a, e) && ready_http(a, e) &&
           endpoint_resolve(&a->config, c->op->service, a->region, &c->endpoint, e);
}

static void on_begin(void *ctx) {
    struct call *c = ctx;
    struct err e = {0};
    c->timer = NULL;
    if (prepare(c, &e))
        attempt_start(c);
    else
        call_fail(c, &e);
}

static struct call *new_call(struct aws *a, const struct aws_call *call, aws_done *done, void *ctx,
                             struct err *e) {
    struct call *c = calloc(1, sizeof *c);
    if (c != NULL) c->timer = loop_timer_add(a->loop, 0, on_begin, c);
    if (c == NULL || c->timer == NULL) {
        free(c);
        err_memory(e);
        return NULL;
    }
    c->aws = a;
    c->op = call->op;
    c->params = val_ref(call->params);
    c->has_permit = call->permit != NULL;
    if (c->has_permit) c->permit = *call->permit;
    c->just_created = call->just_created;
    c->done = done;
    c->ctx = ctx;
    c->next = a->calls;
    a->calls = c;
    return c;
}

bool aws_start(struct aws *a, const struct aws_call *call, aws_done *done, void *ctx,
               struct err *e) {
    return new_call(a, call, done, ctx, e) != NULL;
}

// AssumeRole for the resolver: through the same door, with the keys of the step before.
static bool send_assume_role(void *ctx, const struct credentials *keys, const struct val *params,
                             aws_done *answered, void *answered_ctx, struct err *e) {
    struct aws *a = ctx;
    struct aws_call call = {.op = model_operation(a->model, "sts", "AssumeRole", e),
                            .params = params};
    if (call.op == NULL) return false;
    struct call *c = new_call(a, &call, answered, answered_ctx, e);
    if (c == NULL) return false;
    c->own = true;
    if (credentials_set(&c->keys, keys->access_key, keys->secret_key, keys->session_token))
        return true;
    unlink_call(c);
    free_call(c);
    return err_memory(e);
}

// --- one call, awaited ------------------------------------------------------------------

struct awaited {
    struct aws_reply *reply;
    struct val **value;
    bool done;
};

static void on_awaited(void *ctx, const struct aws_reply *reply) {
    struct awaited *w = ctx;
    *w->reply = *reply;
    *w->value = val_ref(reply->value);
    w->reply->value = *w->value;
    w->done = true;
}

static void ignore_reply(void *ctx, const struct aws_reply *reply) {
    (void)ctx;
    (void)reply;
}

// The loop is broken. The call stays until aws_free: its request may be on its way.
static bool give_up(struct call *c, struct aws_reply *reply, const struct err *e) {
    *reply = c->reply;
    reply->err = *e;
    reply->unknown = c->op->mutates && c->reply.attempts > 0;
    c->done = ignore_reply;
    return false;
}

bool aws_wait(struct aws *a, const struct aws_call *call, struct aws_reply *reply,
              struct val **value) {
    struct awaited w = {.reply = reply, .value = value};
    struct err e = {0};
    *reply = (struct aws_reply){0};
    *value = NULL;
    struct call *c = new_call(a, call, on_awaited, &w, &reply->err);
    if (c == NULL) return false;
    if (!loop_until(a->loop, &w.done, false, &e)) return give_up(c, reply, &e);
    return reply->ok;
}

// --- the door itself -----------------------------------------------------------------------

static bool copy_text(const char **to, const char *from) {
    *to = from != NULL ? strdup(from) : NULL;
    return from == NULL || *to != NULL;
}

struct aws *aws_new(struct loop *l, struct model *m, const struct aws_options *o, struct err *e) {
    struct aws *a = calloc(1, sizeof *a);
    if (a == NULL) {
        err_memory(e);
        return NULL;
    }
    a->loop = l;
    a->model = m;
    a->quota = RETRY_QUOTA;
    a->options = (struct aws_options){
        .loopback_only = o->loopback_only, .timeout_ms = o->timeout_ms, .verbose = o->verbose};
#ifdef CORDON_SANITIZED
    a->options.loopback_only = true;
#endif
    bool ok = copy_text(&a->options.profile, o->profile) &&
              copy_text(&a->options.region, o->region) &&
              copy_text(&a->options.endpoint_url, o->endpoint_url);
    if (!ok) err_memory(e);
    if (ok) a->resolver = resolver_new(&a->options, send_assume_role, a, &a->skew_us, e);
    if (a->resolver != NULL) return a;
    aws_free(a);
    return NULL;
}

void aws_free(struct aws *a) {
    if (a == NULL) return;
    http_free(a->http);  // first: its transfers point at the calls
    while (a->calls != NULL) {
        struct call *c = a->calls;
        a->calls = c->next;
        free_call(c);
    }
    resolver_free(a->resolver);
    if (a->config_ready) config_free(&a->config);
    free((char *)a->options.profile);
    free((char *)a->options.region);
    free((char *)a->options.endpoint_url);
    free(a);
}

bool aws_region(struct aws *a, const char **region, struct err *e) {
    bool ok = ready_region(a, e);
    *region = a->region;
    return ok;
}

const char *aws_credential_source(const struct aws *a) {
    return resolver_source(a->resolver);
}

bool aws_is_simulator(const struct aws *a) {
    return a->simulator;
}
