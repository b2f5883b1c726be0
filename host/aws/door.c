// door.c - the one door to AWS: which calls go, and their life from start to reply.
//
// Owns: refusing what has no permit, looking up Region and endpoint, encoding, the list of
// calls under way, the reply. It never decides whether a mutation is wanted: the gate does,
// and its permit is asked again before every attempt.
#include <stdlib.h>
#include <string.h>

#include "aws/call.h"
#include "base/clock.h"
#include "codec/codec.h"

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
    c->reply.lost = c->maybe_done;
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
    c->reply.unknown = c->maybe_done && codec_changes(c->op, c->params);
    finish(c);
}

// --- the start of a call --------------------------------------------------------------------

static bool may_go(const struct call *c, struct err *e) {
    if (!codec_changes(c->op, c->params) || c->has_permit || c->own) return true;
    return err_set(e, ERR_REFUSED, "%s %s changes things and has no permit: it was not sent",
                   c->op->service->name, c->op->name);
}

bool door_config(struct aws *a, struct err *e) {
    if (a->config_ready) return true;
    if (!config_load(&a->config, &a->options, e)) return false;
    profiles_forget_secrets(a->config.files);
    const char *attempts = config_env("AWS_MAX_ATTEMPTS");
    if (attempts == NULL) attempts = config_get(&a->config, "max_attempts");
    a->max_attempts = retry_max_attempts(attempts);
    a->config_ready = true;
    return true;
}

static bool ready_http(struct aws *a, struct err *e) {
    if (a->http != NULL || a->options.carrier != NULL) return true;
    const char *bundle = config_env("AWS_CA_BUNDLE");
    if (bundle == NULL) bundle = config_get(&a->config, "ca_bundle");
    a->http = http_new(a->loop, bundle, e);
    return a->http != NULL;
}

bool door_http(void *aws, const struct http_request *r, http_done *done, void *ctx, struct err *e) {
    struct aws *a = aws;
    if (!door_config(a, e) || !ready_http(a, e)) return false;
    const struct http_carrier *carrier = a->options.carrier;
    if (carrier != NULL) return carrier->start(carrier->ctx, r, done, ctx, e);
    return http_start(a->http, r, done, ctx, e);
}

static bool prepare(struct call *c, struct err *e) {
    struct aws *a = c->aws;
    if (!may_go(c, e)) return false;
    if (!codec_encode_request(a->model, c->op, c->params, &c->wire, e)) return false;
    if (c->wire.body.failed) return err_memory(e);
    c->repeatable = c->own || retry_is_repeatable(c->op, c->params);
    return endpoint_resolve(&a->config, c->op->service, a->region, &c->endpoint, e);
}

static void begin(struct call *c) {
    struct err e = {0};
    bool ready = region_ready(c->aws, &c->waits_for_region, &e);
    if (c->waits_for_region) return;
    if (ready && prepare(c, &e))
        attempt_start(c);
    else
        call_fail(c, &e);
}

static void on_begin(void *ctx) {
    struct call *c = ctx;
    c->timer = NULL;
    begin(c);
}

static struct call *that_waits(struct aws *a) {
    struct call *c = a->calls;
    while (c != NULL && !c->waits_for_region) c = c->next;
    return c;
}

void call_region_known(struct aws *a) {
    for (struct call *c; (c = that_waits(a)) != NULL;) {
        c->waits_for_region = false;
        begin(c);
    }
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
    c->paced = call->urgent;
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

// AssumeRole* for the resolver: through the same door, with the keys of the step before.
static bool send_sts(void *ctx, const char *operation, const struct credentials *keys,
                     const struct val *params, aws_done *answered, void *answered_ctx,
                     struct err *e) {
    struct aws *a = ctx;
    struct aws_call call = {.op = model_operation(a->model, "sts", operation, e), .params = params};
    if (call.op == NULL) return false;
    struct call *c = new_call(a, &call, answered, answered_ctx, e);
    if (c == NULL) return false;
    c->own = true;
    c->bare = keys == NULL;
    if (c->bare ||
        credentials_set(&c->keys, keys->access_key, keys->secret_key, keys->session_token))
        return true;
    unlink_call(c);
    free_call(c);
    return err_memory(e);
}

static int64_t aws_now(void *ctx) {
    const struct aws *a = ctx;
    return clock_now_us() + a->skew_us;
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
    a->options = (struct aws_options){.loopback_only = o->loopback_only,
                                      .timeout_ms = o->timeout_ms,
                                      .verbose = o->verbose,
                                      .ask = o->ask,
                                      .ask_ctx = o->ask_ctx,
                                      .carrier = o->carrier};
#ifdef CORDON_SANITIZED
    a->options.loopback_only = true;
#endif
    if (o->carrier != NULL) a->options.loopback_only = false;
    a->tools = (struct source_tools){
        .loop = l, .ctx = a, .http = door_http, .sts = send_sts, .now_us = aws_now};
    bool ok = copy_text(&a->options.profile, o->profile) &&
              copy_text(&a->options.region, o->region) &&
              copy_text(&a->options.role_arn, o->role_arn) &&
              copy_text(&a->options.external_id, o->external_id) &&
              copy_text(&a->options.endpoint_url, o->endpoint_url);
    if (!ok) err_memory(e);
    if (ok) a->resolver = resolver_new(&a->options, &a->tools, &a->skew_us, e);
    if (a->resolver != NULL) return a;
    aws_free(a);
    return NULL;
}

struct aws *aws_elsewhere(struct aws *a, const char *region, struct err *e) {
    struct aws_options o = a->options;
    o.region = region;
    struct aws *other = aws_new(a->loop, a->model, &o, e);
    if (other == NULL) return NULL;
    resolver_free(other->resolver);
    other->resolver = a->resolver;
    other->borrows_keys = true;
    other->skew_us = a->skew_us;
    return other;
}

void aws_free(struct aws *a) {
    if (a == NULL) return;
    http_free(a->http);  // first: its transfers point at the calls
    while (a->calls != NULL) {
        struct call *c = a->calls;
        a->calls = c->next;
        free_call(c);
    }
    if (!a->borrows_keys) resolver_free(a->resolver);
    region_free(a);
    if (a->config_ready) config_free(&a->config);
    free((char *)a->options.profile);
    free((char *)a->options.region);
    free((char *)a->options.role_arn);
    free((char *)a->options.external_id);
    free((char *)a->options.endpoint_url);
    free(a);
}

static bool wait_for_region(struct aws *a, struct err *e) {
    bool later;
    if (region_ready(a, &later, e)) return true;
    return later && loop_until(a->loop, &a->search.over, false, e) && region_ready(a, &later, e);
}

bool aws_region(struct aws *a, const char **region, struct err *e) {
    bool ok = wait_for_region(a, e);
    *region = a->region;
    return ok;
}

const char *aws_credential_source(const struct aws *a) {
    return resolver_source(a->resolver);
}

bool aws_is_simulator(const struct aws *a) {
    return a->simulator;
}

struct wanted {
    bool over, ok;
    struct err *e;
};

static void on_wanted(void *ctx, const struct err *why_not) {
    struct wanted *w = ctx;
    w->ok = why_not == NULL;
    if (why_not != NULL) *w->e = *why_not;
    w->over = true;
}

bool aws_credentials(struct aws *a, struct err *e) {
    struct wanted w = {.e = e};
    if (resolver_current(a->resolver) != NULL) return true;
    // Were the loop to break, the waiter would outlive `w`: nothing runs it then.
    return resolver_want(a->resolver, on_wanted, &w, e) && loop_until(a->loop, &w.over, false, e) &&
           w.ok;
}

bool aws_clock_offset(const struct aws *a, int64_t *us) {
    *us = a->offset_us;
    return a->offset_known;
}
