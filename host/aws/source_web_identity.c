// source_web_identity.c - keys that STS gives for a token in a file: EKS, GitHub, ...
//
// Owns: which token, role and session name, and AssumeRoleWithWebIdentity, which is not
// signed. The token is read anew every time and never shown.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credential_sources.h"
#include "aws/role_answer.h"
#include "base/clock.h"
#include "base/file.h"

#define MAX_TOKEN ((size_t)64 * 1024)

// The variable beside the key, as botocore: each for itself.
static const char *setting(const struct config *c, const char *profile, bool environment,
                           const char *variable, const char *key) {
    const char *value = environment ? config_env(variable) : NULL;
    return value != NULL ? value : config_of(c, profile, key);
}

static const char *token_file(const struct config *c, const char *profile, bool environment) {
    return setting(c, profile, environment, "AWS_WEB_IDENTITY_TOKEN_FILE",
                   "web_identity_token_file");
}

bool web_identity_configured(const struct config *c, const char *profile, bool environment) {
    return token_file(c, profile, environment) != NULL;
}

static const char *role_of(const struct credential_lookup *l) {
    return setting(l->config, l->profile, l->environment, "AWS_ROLE_ARN", "role_arn");
}

static void on_answer(void *ctx, const struct aws_reply *reply) {
    struct credential_lookup *l = ctx;
    char where[256];
    snprintf(where, sizeof where, "web identity, role %.140s (profile %.60s)", role_of(l),
             l->profile);
    bool ok = reply->ok && role_answer_take(reply->value, where, &l->found, &l->err);
    if (!reply->ok)
        err_set(&l->err, ERR_CREDENTIALS, "%s: %.80s: %.400s", where, reply->err.code,
                reply->err.message);
    lookup_end(l, ok);
}

static struct val *parameters(const struct credential_lookup *l, const struct buf *token) {
    const char *name = setting(l->config, l->profile, l->environment, "AWS_ROLE_SESSION_NAME",
                               "role_session_name");
    char made[64];
    snprintf(made, sizeof made, "cordon-%lld", (long long)(clock_now_us() / 1000000));
    struct val *p = val_map();
    bool ok = p != NULL && val_set(p, "RoleArn", val_cstr(role_of(l))) &&
              val_set(p, "RoleSessionName", val_cstr(name != NULL ? name : made)) &&
              val_set(p, "WebIdentityToken", val_string(token->data, token->len));
    if (ok) return p;
    val_unref(p);
    return NULL;
}

static bool read_token(struct credential_lookup *l, struct buf *token) {
    const char *path = token_file(l->config, l->profile, l->environment);
    if (!file_read(path, MAX_TOKEN, token, &l->err)) {
        snprintf(l->err.code, sizeof l->err.code, "%s", ERR_CREDENTIALS);
        return err_prefix(&l->err, "the web identity token of profile %.100s", l->profile);
    }
    if (token->len == 0)
        return err_set(&l->err, ERR_CREDENTIALS, "the web identity token file %.300s is empty",
                       path);
    return true;
}

static bool ask(struct credential_lookup *l) {
    struct buf token = BUF_EMPTY;
    if (role_of(l) == NULL)
        return err_set(&l->err, ERR_USAGE,
                       "profile %.100s has web_identity_token_file but no role_arn%s", l->profile,
                       l->environment ? ", and AWS_ROLE_ARN is not set either" : "");
    struct val *p = read_token(l, &token) ? parameters(l, &token) : NULL;
    if (p == NULL && token.len > 0) err_memory(&l->err);
    bool ok = p != NULL && l->tools->sts(l->tools->ctx, "AssumeRoleWithWebIdentity", NULL, p,
                                         on_answer, l, &l->err);
    val_unref(p);
    buf_wipe(&token);
    return ok;
}

void web_identity_load(struct credential_lookup *l) {
    if (!ask(l)) lookup_end(l, false);
}
