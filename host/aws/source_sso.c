// source_sso.c - keys of a sign-in by SSO that was made with the aws command.
//
// Owns: the cached token of ~/.aws/sso/cache and GetRoleCredentials of the portal. It never
// signs in, never refreshes a token, never writes the cache. The token goes to the portal
// alone: --endpoint-url, which is meant for EC2 or SQS, does not count here.
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credential_sources.h"
#include "aws/endpoint.h"
#include "aws/fetch.h"
#include "aws/key_document.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

#define MAX_TOKEN_FILE ((size_t)1024 * 1024)

struct sso {
    const char *session, *start_url, *region, *account, *role;  // of the profile's texts
    struct buf file;
    struct buf url;
    char *token;
    char host[300];
    struct fetch fetch;
};

bool sso_configured(const struct config *c, const char *profile, bool environment) {
    (void)environment;
    return config_of(c, profile, "sso_account_id") != NULL ||
           config_of(c, profile, "sso_role_name") != NULL;
}

static void cancel(struct credential_lookup *l) {
    struct sso *s = l->state;
    fetch_cancel(&s->fetch);
    if (s->token != NULL) explicit_bzero(s->token, strlen(s->token));
    free(s->token);
    buf_free(&s->file);
    buf_free(&s->url);
    free(s);
}

// --- settings -----------------------------------------------------------------------------

static bool sign_in_again(struct credential_lookup *l, const char *what) {
    return err_set(&l->err, ERR_CREDENTIALS, "%s; type: aws sso login --profile %.100s", what,
                   l->profile);
}

// A key of the profile and of its sso-session, which have to agree.
static bool setting(struct credential_lookup *l, const char *session, const char *key,
                    const char **value) {
    const char *own = config_of(l->config, l->profile, key);
    const char *shared =
        session != NULL ? profiles_sso_session_get(l->config->files, session, key) : NULL;
    if (own != NULL && shared != NULL && strcmp(own, shared) != 0)
        return err_set(&l->err, ERR_USAGE,
                       "profile %.100s and [sso-session %.100s] give different values of %s",
                       l->profile, session, key);
    *value = shared != NULL && shared[0] != '\0' ? shared : own;
    if (*value != NULL) return true;
    return err_set(&l->err, ERR_USAGE, "profile %.100s signs in by SSO, but has no %s", l->profile,
                   key);
}

static bool read_settings(struct credential_lookup *l, struct sso *s) {
    s->session = config_of(l->config, l->profile, "sso_session");
    if (s->session != NULL && !profiles_has_sso_session(l->config->files, s->session))
        return err_set(&l->err, ERR_USAGE,
                       "profile %.100s says sso_session = %.100s, but there is no section "
                       "[sso-session %.100s] in the config file",
                       l->profile, s->session, s->session);
    return setting(l, s->session, "sso_start_url", &s->start_url) &&
           setting(l, s->session, "sso_region", &s->region) &&
           setting(l, s->session, "sso_account_id", &s->account) &&
           setting(l, s->session, "sso_role_name", &s->role);
}

// --- the cached token -----------------------------------------------------------------------

static bool cache_file(struct credential_lookup *l, struct sso *s) {
    const char *key = s->session != NULL ? s->session : s->start_url;
    const char *home = config_env("HOME");
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    if (home == NULL)
        return err_set(&l->err, ERR_CREDENTIALS, "HOME is not set: no ~/.aws/sso/cache to look in");
    if (EVP_Digest(key, strlen(key), digest, &size, EVP_sha1(), NULL) != 1)
        return err_memory(&l->err);
    hex_encode(digest, size, hex);
    buf_printf(&s->file, "%s/.aws/sso/cache/%s.json", home, hex);
    return !s->file.failed || err_memory(&l->err);
}

static bool check_token(struct credential_lookup *l, struct sso *s, const struct val *document) {
    char what[400];
    const char *token = val_get_str(document, "accessToken", "");
    const char *until = val_get_str(document, "expiresAt", "");
    int64_t end;
    if (token[0] == '\0' || strpbrk(token, "\r\n") != NULL || !key_document_instant(until, &end)) {
        snprintf(what, sizeof what, "%.300s is no cached SSO sign-in", buf_str(&s->file));
        return sign_in_again(l, what);
    }
    if (end <= l->tools->now_us(l->tools->ctx)) {
        snprintf(what, sizeof what, "the SSO sign-in of profile %.100s has expired (%.40s)",
                 l->profile, until);
        return sign_in_again(l, what);
    }
    s->token = strdup(token);
    return s->token != NULL || err_memory(&l->err);
}

static bool read_token(struct credential_lookup *l, struct sso *s) {
    char what[400];
    struct buf text = BUF_EMPTY;
    struct err unshown;
    if (!cache_file(l, s)) return false;
    if (!file_read(buf_str(&s->file), MAX_TOKEN_FILE, &text, &unshown)) {
        buf_wipe(&text);
        snprintf(what, sizeof what, "profile %.100s is not signed in by SSO (no %.250s)",
                 l->profile, buf_str(&s->file));
        return sign_in_again(l, what);
    }
    struct val *document = json_parse(buf_str(&text), text.len, "the SSO cache", &unshown);
    buf_wipe(&text);
    bool ok = check_token(l, s, document);
    val_unref(document);
    return ok;
}

// --- the portal -----------------------------------------------------------------------------

static const struct service PORTAL = {.name = "sso", .endpoint_prefix = "portal.sso"};

static void add_encoded(struct buf *out, const char *text) {
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~", c) != NULL;
        if (plain)
            buf_add_char(out, *text);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static bool portal_url(struct credential_lookup *l, struct sso *s) {
    struct endpoint at;
    struct config without_flag = *l->config;
    without_flag.endpoint_flag = NULL;
    char region[REGION_SIZE];
    if (!endpoint_check_region(s->region, "sso_region", region, &l->err) ||
        !endpoint_resolve(&without_flag, &PORTAL, region, &at, &l->err))
        return false;
    size_t len = strlen(at.url);
    buf_add(&s->url, at.url, at.url[len - 1] == '/' ? len - 1 : len);
    buf_add_str(&s->url, "/federation/credentials?role_name=");
    add_encoded(&s->url, s->role);
    buf_add_str(&s->url, "&account_id=");
    add_encoded(&s->url, s->account);
    snprintf(s->host, sizeof s->host, "%s", at.host);
    s->fetch.direct = at.loopback;
    return !s->url.failed || err_memory(&l->err);
}

static bool take_keys(struct credential_lookup *l, const struct sso *s, const char *text,
                      size_t len) {
    static const struct key_document names = {.id = "accessKeyId",
                                              .secret = "secretAccessKey",
                                              .token = "sessionToken",
                                              .expires = "expiration",
                                              .token_needed = true,
                                              .expires_needed = true,
                                              .expires_ms = true};
    char where[256];
    struct err unshown;
    snprintf(where, sizeof where, "SSO role %.60s in account %.20s (profile %.80s)", s->role,
             s->account, l->profile);
    struct val *document = json_parse(text, len, "the SSO portal", &unshown);
    if (document == NULL)
        return err_set(&l->err, ERR_CREDENTIALS, "%s: the portal gave no JSON document", where);
    bool ok =
        key_document_take(&names, val_get(document, "roleCredentials"), where, &l->found, &l->err);
    val_unref(document);
    if (ok) credentials_set_account(&l->found, s->account);
    return ok;
}

static bool take_answer(struct credential_lookup *l, const struct sso *s,
                        const struct fetch_answer *a) {
    char what[400];
    if (a->why != NULL) {
        l->err = *a->why;
        snprintf(l->err.code, sizeof l->err.code, "%s", ERR_CREDENTIALS);
        return err_prefix(&l->err, "SSO keys of profile %.100s", l->profile);
    }
    if (a->status == 200) return take_keys(l, s, a->text, a->len);
    if (a->status == 401) {
        snprintf(what, sizeof what, "the SSO portal no longer takes the sign-in of profile %.100s",
                 l->profile);
        return sign_in_again(l, what);
    }
    return err_set(&l->err, ERR_CREDENTIALS,
                   "SSO keys of profile %.100s: the portal answered HTTP %d for role %.100s in "
                   "account %.20s%s",
                   l->profile, a->status, s->role, s->account,
                   a->status == 403 || a->status == 404 ? ": is it assigned to you?" : "");
}

static void on_answer(void *ctx, const struct fetch_answer *a) {
    struct credential_lookup *l = ctx;
    lookup_end(l, take_answer(l, l->state, a));
}

static bool ask_portal(struct credential_lookup *l, struct sso *s) {
    if (!portal_url(l, s)) return false;
    bool direct = s->fetch.direct;
    s->fetch = (struct fetch){.tools = l->tools,
                              .method = "GET",
                              .url = buf_str(&s->url),
                              .headers = {{"Host", s->host},
                                          {"x-amz-sso_bearer_token", s->token},
                                          {"Accept", "application/json"}},
                              .header_count = 3,
                              .timeout_ms = 10000,
                              .attempts = 3,
                              .pause_ms = 500,
                              .direct = direct,
                              .done = on_answer,
                              .ctx = l};
    return fetch_start(&s->fetch, &l->err);
}

void sso_load(struct credential_lookup *l) {
    struct sso *s = calloc(1, sizeof *s);
    l->state = s;
    if (s != NULL) l->cancel = cancel;
    bool ok = (s != NULL || err_memory(&l->err)) && read_settings(l, s) && read_token(l, s) &&
              ask_portal(l, s);
    if (!ok) lookup_end(l, false);
}
