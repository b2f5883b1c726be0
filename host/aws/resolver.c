// resolver.c - the credentials in force, fetched and kept fresh.
//
// Owns: carrying out a credential_plan step by step, the keys in memory, and who waits for
// them. It sends nothing itself.
#include "aws/resolver.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/role_answer.h"
#include "base/clock.h"

#define MINUTE_US ((int64_t)60 * 1000000)
#define AGAIN_MS 60000  // after a refresh that failed
#define MAX_CODE 32

struct waiter {
    struct waiter *next;
    resolver_ready *ready;
    void *ctx;
};

struct resolver {
    const struct aws_options *options;
    const struct source_tools *tools;
    const int64_t *skew_us;
    struct credentials current;
    bool outdated;           // AWS said that `current` has ended
    bool with_code;          // `current` took a code of the operator: no refresh by itself
    struct loop_timer *due;  // the next refresh
    struct waiter *waiters;
    // While a fetch is under way:
    bool fetching;
    struct config config;
    struct credential_plan plan;
    struct credential_lookup lookup;
    struct credentials keys;  // of the step that was done last
    size_t roles_left;
};

int64_t resolver_aging_us(int64_t obtained_us, int64_t expires_us) {
    int64_t life = expires_us - obtained_us;
    return expires_us - (15 * MINUTE_US < life / 2 ? 15 * MINUTE_US : life / 2);
}

enum freshness resolver_freshness(int64_t obtained_us, int64_t expires_us, int64_t now_us) {
    if (expires_us == 0) return KEYS_FRESH;
    int64_t life = expires_us - obtained_us;
    int64_t spent = 10 * MINUTE_US < life / 3 ? 10 * MINUTE_US : life / 3;
    if (expires_us - now_us <= spent) return KEYS_SPENT;
    return now_us >= resolver_aging_us(obtained_us, expires_us) ? KEYS_AGING : KEYS_FRESH;
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

static void fetch(struct resolver *r);

static void on_due(void *ctx) {
    struct resolver *r = ctx;
    r->due = NULL;
    if (!r->fetching) fetch(r);
}

// Also while nobody calls: an operator at a prompt shall not find that the keys have ended.
// A refresh that cannot be arranged is made up for by the next call.
static void arrange_refresh(struct resolver *r, int64_t ms) {
    loop_timer_cancel(r->due);
    r->due = loop_timer_add(r->tools->loop, ms > 1000 ? ms : 1000, on_due, r);
}

static bool refreshes_itself(const struct resolver *r) {
    return r->current.access_key != NULL && r->current.expires_us != 0 && !r->with_code;
}

static void fail(struct resolver *r, const struct err *why) {
    struct err copy = *why;
    close_fetch(r);
    if (refreshes_itself(r) && r->current.expires_us > now_us(r)) arrange_refresh(r, AGAIN_MS);
    call_waiters(r, &copy);
}

static bool asks_code(const struct credential_plan *plan) {
    for (size_t i = 0; i < plan->role_count; i++)
        if (plan->roles[i].mfa_serial != NULL) return true;
    return false;
}

static void succeed(struct resolver *r) {
    credentials_wipe(&r->current);
    r->current = r->keys;
    r->keys = (struct credentials){0};
    r->outdated = false;
    r->with_code = asks_code(&r->plan);
    close_fetch(r);
    if (refreshes_itself(r)) {
        int64_t at = resolver_aging_us(r->current.obtained_us, r->current.expires_us);
        arrange_refresh(r, (at - now_us(r)) / 1000 + 1);
    }
    call_waiters(r, NULL);
}

// --- roles --------------------------------------------------------------------------------

static void assume_next(struct resolver *r);

// The code of the operator's device, for one AssumeRole. Only in the foreground: it is not
// asked for in the middle of a run, where another question may be open.
static bool ask_code(const struct resolver *r, const struct role *role, struct buf *code,
                     struct err *e) {
    char question[400];
    if (role->mfa_serial == NULL) return true;
    if (r->with_code)
        return err_set(e, ERR_CREDENTIALS,
                       "the session of profile %.100s, made with a code of %.200s, is at its end: "
                       "start again to give a new code",
                       role->profile, role->mfa_serial);
    if (r->options->ask == NULL)
        return err_set(e, ERR_CREDENTIALS,
                       "profile %.100s needs a code of %.200s, and there is no terminal to ask on. "
                       "Take keys with the aws command: eval \"$(aws configure export-credentials "
                       "--profile %.100s --format env)\", then call without --profile",
                       role->profile, role->mfa_serial, role->profile);
    snprintf(question, sizeof question,
             "MFA code of %.200s, for profile %.100s: ", role->mfa_serial, role->profile);
    if (!r->options->ask(r->options->ask_ctx, question, code, MAX_CODE, e)) return false;
    const char *text = buf_str(code);
    size_t len = strspn(text, "0123456789");
    if (len == 6 && text[6] == '\0') return true;
    return err_set(e, ERR_CREDENTIALS, "an MFA code is six digits: start again");
}

static struct val *role_params(const struct role *role, const char *code) {
    char made[64];
    snprintf(made, sizeof made, "cordon-%lld", (long long)(clock_now_us() / 1000000));
    struct val *p = val_map();
    bool ok =
        p != NULL && val_set(p, "RoleArn", val_cstr(role->arn)) &&
        val_set(p, "RoleSessionName",
                val_cstr(role->session_name != NULL ? role->session_name : made)) &&
        (role->external_id == NULL || val_set(p, "ExternalId", val_cstr(role->external_id))) &&
        (role->mfa_serial == NULL || (val_set(p, "SerialNumber", val_cstr(role->mfa_serial)) &&
                                      val_set(p, "TokenCode", val_cstr(code)))) &&
        (role->duration_seconds == 0 ||
         val_set(p, "DurationSeconds", val_int(role->duration_seconds)));
    if (ok) return p;
    val_unref(p);
    return NULL;
}

// What was just obtained has to serve for a while. Life counts from now, on AWS's clock.
static bool start_life(struct resolver *r, struct credentials *keys, struct err *e) {
    keys->obtained_us = now_us(r);
    if (keys->expires_us == 0 || keys->expires_us > keys->obtained_us) return true;
    return err_set(e, ERR_CREDENTIALS,
                   "%.255s gave keys that have expired already: check this machine's clock",
                   keys->source);
}

static bool take_role_keys(struct resolver *r, const struct role *role, const struct val *answer,
                           struct err *e) {
    char where[256];
    snprintf(where, sizeof where, "role %.140s (profile %.80s)", role->arn, role->profile);
    return role_answer_take(answer, where, &r->keys, e) && start_life(r, &r->keys, e);
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

static bool assume(struct resolver *r, const struct role *role, struct err *e) {
    struct buf code = BUF_EMPTY;
    bool ok = ask_code(r, role, &code, e);
    struct val *params = ok ? role_params(role, buf_str(&code)) : NULL;
    buf_wipe(&code);
    if (ok && params == NULL) err_memory(e);
    ok = params != NULL &&
         r->tools->sts(r->tools->ctx, "AssumeRole", &r->keys, params, on_role, r, e);
    val_unref(params);
    return ok;
}

static void assume_next(struct resolver *r) {
    struct err e;
    if (r->roles_left == 0)
        succeed(r);
    else if (!assume(r, &r->plan.roles[r->roles_left - 1], &e))
        fail(r, &e);
}

// --- the start of a fetch -------------------------------------------------------------------

static void on_base(struct credential_lookup *l, bool ok) {
    struct resolver *r = (struct resolver *)((char *)l - offsetof(struct resolver, lookup));
    if (!ok || !start_life(r, &l->found, &l->err)) {
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
    loop_timer_cancel(r->due);
    r->due = NULL;
    if (!config_load(&r->config, r->options, &e) || !credentials_plan(&r->config, &r->plan, &e)) {
        fail(r, &e);
        return;
    }
    r->lookup = (struct credential_lookup){.config = &r->config,
                                           .profile = r->plan.base_profile,
                                           .environment = r->plan.environment,
                                           .tools = r->tools,
                                           .end = on_base};
    r->plan.base->load(&r->lookup);
}

const struct credentials *resolver_current(struct resolver *r) {
    const struct credentials *c = &r->current;
    if (c->access_key == NULL || r->outdated) return NULL;
    // With a code there is no refresh: they serve to their very end.
    if (r->with_code) return c->expires_us > now_us(r) ? c : NULL;
    switch (resolver_freshness(c->obtained_us, c->expires_us, now_us(r))) {
    case KEYS_FRESH: return c;
    case KEYS_AGING:
        // Where the timer stands a refresh failed a moment ago; a failure leaves the keys
        // that still serve.
        if (!r->fetching && r->due == NULL) fetch(r);
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

void resolver_expired(struct resolver *r, const char *access_key) {
    const char *current = r->current.access_key;
    if (current != NULL && strcmp(current, access_key) == 0) r->outdated = true;
}

const char *resolver_source(const struct resolver *r) {
    return r->current.source;
}

const char *resolver_account(const struct resolver *r) {
    return r->current.account;
}

int64_t resolver_expires_us(const struct resolver *r) {
    return r->current.expires_us;
}

struct resolver *resolver_new(const struct aws_options *options, const struct source_tools *tools,
                              const int64_t *skew_us, struct err *e) {
    struct resolver *r = calloc(1, sizeof *r);
    if (r == NULL) {
        err_memory(e);
        return NULL;
    }
    r->options = options;
    r->tools = tools;
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
    if (r->lookup.cancel != NULL) r->lookup.cancel(&r->lookup);
    loop_timer_cancel(r->due);
    close_fetch(r);
    credentials_wipe(&r->current);
    free(r);
}
