// resolver.c - the credentials in force, fetched and kept fresh.
//
// Owns: carrying out a credential_plan step by step, the keys in memory, and who waits for
// them. It sends nothing itself.
#include "aws/resolver.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define MINUTE_US ((int64_t)60 * 1000000)

struct waiter {
    struct waiter *next;
    resolver_ready *ready;
    void *ctx;
};

struct resolver {
    const struct aws_options *options;
    resolver_send *send;
    void *send_ctx;
    const int64_t *skew_us;
    struct credentials current;
    struct waiter *waiters;
    // While a fetch is under way:
    bool fetching;
    struct config config;
    struct credential_plan plan;
    struct credential_lookup lookup;
    struct credentials keys;  // of the step that was done last
    size_t roles_left;
};

enum freshness resolver_freshness(int64_t obtained_us, int64_t expires_us, int64_t now_us) {
    if (expires_us == 0) return KEYS_FRESH;
    int64_t life = expires_us - obtained_us;
    int64_t aging = 15 * MINUTE_US < life / 2 ? 15 * MINUTE_US : life / 2;
    int64_t spent = 10 * MINUTE_US < life / 3 ? 10 * MINUTE_US : life / 3;
    int64_t left = expires_us - now_us;
    if (left <= spent) return KEYS_SPENT;
    return left <= aging ? KEYS_AGING : KEYS_FRESH;
}

static int64_t now_us(const struct resolver *r) {
    return clock_now_us() + *r->skew_us;
}

// --- the end of a fetch -----------------------------------------------------------------

static void close_fetch(struct resolver *r) {
    r->fetching = false;
    credential_plan_free(&r->plan);
    config_free(&r->config);
    credentials_wipe(&r->lookup.found);
    credentials_wipe(&r->keys);
    r->roles_left = 0;
}

// The list is taken first: who is called may want keys again.
static void call_waiters(struct resolver *r, const struct err *why_not) {
    struct waiter *list = r->waiters;
    r->waiters = NULL;
    while (list != NULL) {
        struct waiter w = *list;
        free(list);
        list = w.next;
        w.ready(w.ctx, why_not);
    }
}

static void fail(struct resolver *r, const struct err *why) {
    struct err copy = *why;
    close_fetch(r);
    call_waiters(r, &copy);
}

static void succeed(struct resolver *r) {
    credentials_wipe(&r->current);
    r->current = r->keys;
    r->keys = (struct credentials){0};
    close_fetch(r);
    call_waiters(r, NULL);
}

// --- roles --------------------------------------------------------------------------------

static void assume_next(struct resolver *r);

static struct val *role_params(const struct role *role) {
    char made[64];
    snprintf(made, sizeof made, "cordon-%lld", (long long)(clock_now_us() / 1000000));
    struct val *p = val_map();
    bool ok =
        p != NULL && val_set(p, "RoleArn", val_cstr(role->arn)) &&
        val_set(p, "RoleSessionName",
                val_cstr(role->session_name != NULL ? role->session_name : made)) &&
        (role->external_id == NULL || val_set(p, "ExternalId", val_cstr(role->external_id))) &&
        (role->duration_seconds == 0 ||
         val_set(p, "DurationSeconds", val_int(role->duration_seconds)));
    if (ok) return p;
    val_unref(p);
    return NULL;
}

static bool take_role_keys(struct resolver *r, const struct role *role, const struct val *answer,
                           struct err *e) {
    const struct val *c = val_get(answer, "Credentials");
    const char *id = val_get_str(c, "AccessKeyId", NULL);
    const char *secret = val_get_str(c, "SecretAccessKey", NULL);
    const char *token = val_get_str(c, "SessionToken", NULL);
    const char *until = val_get_str(c, "Expiration", NULL);
    int64_t expires;
    if (id == NULL || secret == NULL || token == NULL || until == NULL ||
        !clock_parse(until, strlen(until), &expires))
        return err_set(e, ERR_CREDENTIALS,
                       "AssumeRole of %.200s (profile %.100s) gave no whole set of keys", role->arn,
                       role->profile);
    if (!credentials_set(&r->keys, id, secret, token)) return err_memory(e);
    r->keys.obtained_us = now_us(r);
    r->keys.expires_us = expires;
    if (expires <= r->keys.obtained_us)
        return err_set(e, ERR_CREDENTIALS,
                       "AssumeRole of %.200s (profile %.100s) gave keys that have expired already: "
                       "check this machine's clock",
                       role->arn, role->profile);
    snprintf(r->keys.source, sizeof r->keys.source, "role %.140s (profile %.80s)", role->arn,
             role->profile);
    return true;
}

static void on_role(void *ctx, const struct aws_reply *reply) {
    struct resolver *r = ctx;
    const struct role *role = &r->plan.roles[r->roles_left - 1];
    struct err e;
    if (!reply->ok) {
        err_set(&e, ERR_CREDENTIALS, "cannot assume %.200s (profile %.100s): %.80s: %.400s",
                role->arn, role->profile, reply->err.code, reply->err.message);
        fail(r, &e);
    } else if (!take_role_keys(r, role, reply->value, &e)) {
        fail(r, &e);
    } else {
        r->roles_left--;
        assume_next(r);
    }
}

static void assume_next(struct resolver *r) {
    if (r->roles_left == 0) {
        succeed(r);
        return;
    }
    struct err e;
    struct val *params = role_params(&r->plan.roles[r->roles_left - 1]);
    bool ok = (params != NULL || err_memory(&e)) &&
              r->send(r->send_ctx, &r->keys, params, on_role, r, &e);
    val_unref(params);
    if (!ok) fail(r, &e);
}

// --- the start of a fetch -------------------------------------------------------------------

static void on_base(struct credential_lookup *l, bool ok) {
    struct resolver *r = (struct resolver *)((char *)l - offsetof(struct resolver, lookup));
    if (!ok) {
        fail(r, &l->err);
        return;
    }
    r->keys = l->found;
    l->found = (struct credentials){0};
    r->roles_left = r->plan.role_count;
    assume_next(r);
}

static void fetch(struct resolver *r) {
    struct err e;
    r->fetching = true;
    if (!config_load(&r->config, r->options, &e) || !credentials_plan(&r->config, &r->plan, &e)) {
        fail(r, &e);
        return;
    }
    r->lookup = (struct credential_lookup){
        .config = &r->config, .profile = r->plan.base_profile, .end = on_base};
    r->plan.base->load(&r->lookup);
}

const struct credentials *resolver_current(struct resolver *r) {
    const struct credentials *c = &r->current;
    if (c->access_key == NULL) return NULL;
    switch (resolver_freshness(c->obtained_us, c->expires_us, now_us(r))) {
    case KEYS_FRESH: return c;
    case KEYS_AGING:
        if (!r->fetching) fetch(r);  // a failure leaves the keys that still serve
        return &r->current;
    case KEYS_SPENT: return NULL;
    }
    return NULL;
}

bool resolver_want(struct resolver *r, resolver_ready *ready, void *ctx, struct err *e) {
    struct waiter *w = calloc(1, sizeof *w);
    if (w == NULL) return err_memory(e);
    *w = (struct waiter){.ready = ready, .ctx = ctx};
    struct waiter **at = &r->waiters;
    while (*at != NULL) at = &(*at)->next;
    *at = w;
    if (!r->fetching) fetch(r);
    return true;
}

const char *resolver_source(const struct resolver *r) {
    return r->current.source;
}

struct resolver *resolver_new(const struct aws_options *options, resolver_send *send,
                              void *send_ctx, const int64_t *skew_us, struct err *e) {
    struct resolver *r = calloc(1, sizeof *r);
    if (r == NULL) {
        err_memory(e);
        return NULL;
    }
    r->options = options;
    r->send = send;
    r->send_ctx = send_ctx;
    r->skew_us = skew_us;
    return r;
}

void resolver_free(struct resolver *r) {
    if (r == NULL) return;
    while (r->waiters != NULL) {
        struct waiter *w = r->waiters;
        r->waiters = w->next;
        free(w);
    }
    close_fetch(r);
    credentials_wipe(&r->current);
    free(r);
}
