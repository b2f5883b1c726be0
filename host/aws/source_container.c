// source_container.c - keys of the container's agent: ECS, EKS Pod Identity.
//
// Owns: where it may be asked (plain http to this machine and three fixed addresses only)
// and the token shown to it, which is read anew every time.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credential_sources.h"
#include "aws/endpoint.h"
#include "aws/fetch.h"
#include "aws/key_document.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#define MAX_TOKEN ((size_t)64 * 1024)
#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

struct container {
    struct buf url;
    struct buf token;
    char host[300];
    struct fetch fetch;
};

bool container_configured(const struct config *c, const char *profile, bool environment) {
    (void)c;
    (void)profile;
    (void)environment;
    return config_env(RELATIVE) != NULL || config_env(FULL) != NULL;
}

static void cancel(struct credential_lookup *l) {
    struct container *c = l->state;
    fetch_cancel(&c->fetch);
    buf_free(&c->url);
    buf_wipe(&c->token);
    free(c);
}

// --- where --------------------------------------------------------------------------------

static bool may_be_asked(const struct endpoint *at) {
    static const char *const hosts[] = {"http://169.254.170.2/", "http://169.254.170.23/",
                                        "http://[fd00:ec2::23]/"};
    if (at->loopback || text_starts(at->url, "https://")) return true;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        if (text_starts(at->url, hosts[i])) return true;
    return false;
}

static bool query_is_clean(const char *query) {
    for (; *query != '\0'; query++)
        if (*query <= ' ' || *query >= 127 || *query == '#') return false;
    return true;
}

static bool set_url(struct credential_lookup *l, struct container *c, const char *url,
                    const char *from) {
    struct endpoint at;
    char *path = strdup(url);
    if (path == NULL) return err_memory(&l->err);
    path[strcspn(path, "?")] = '\0';
    const char *query = url + strlen(path);
    bool ok = endpoint_parse(path, from, &at, &l->err);
    free(path);
    if (!ok) return false;
    if (!query_is_clean(query))
        return err_set(&l->err, ERR_USAGE, "%s is not a URL: it has a blank or a '#' in it", from);
    if (!may_be_asked(&at) || (l->config->loopback_only && !at.loopback))
        return err_set(&l->err, ERR_USAGE,
                       "%s names %.200s: keys are asked for over plain http only of this machine, "
                       "169.254.170.2, 169.254.170.23 and [fd00:ec2::23]",
                       from, at.host);
    buf_printf(&c->url, "%s%s", at.url, query);
    snprintf(c->host, sizeof c->host, "%s", at.host);
    c->fetch.direct = !text_starts(at.url, "https://") || at.loopback;
    return !c->url.failed || err_memory(&l->err);
}

static bool find_url(struct credential_lookup *l, struct container *c) {
    const char *relative = config_env(RELATIVE);
    if (relative == NULL) return set_url(l, c, config_env(FULL), FULL);
    if (relative[0] != '/') return err_set(&l->err, ERR_USAGE, RELATIVE " has to begin with '/'");
    struct buf url = BUF_EMPTY;
    buf_printf(&url, "http://169.254.170.2%s", relative);
    bool ok = url.failed ? err_memory(&l->err) : set_url(l, c, buf_str(&url), RELATIVE);
    buf_free(&url);
    return ok;
}

// --- the token ------------------------------------------------------------------------------

static bool find_token(struct credential_lookup *l, struct container *c) {
    const char *path = config_env(TOKEN_FILE);
    const char *token = config_env(TOKEN);
    if (path != NULL && !file_read(path, MAX_TOKEN, &c->token, &l->err)) {
        snprintf(l->err.code, sizeof l->err.code, "%s", ERR_CREDENTIALS);
        return err_prefix(&l->err, TOKEN_FILE);
    }
    if (path == NULL && token != NULL) buf_add_str(&c->token, token);
    if (c->token.failed) return err_memory(&l->err);
    const char *text = buf_str(&c->token);
    if (strlen(text) == c->token.len && strpbrk(text, "\r\n") == NULL) return true;
    return err_set(&l->err, ERR_CREDENTIALS, "%s holds a line end, which no token has",
                   path != NULL ? path : TOKEN);
}

// --- the answer -----------------------------------------------------------------------------

static bool take(struct credential_lookup *l, const struct container *c,
                 const struct fetch_answer *a) {
    static const struct key_document names = {.id = "AccessKeyId",
                                              .secret = "SecretAccessKey",
                                              .token = "Token",
                                              .expires = "Expiration",
                                              .account = "AccountId",
                                              .token_needed = true,
                                              .expires_needed = true};
    char where[200];
    struct err unshown;
    snprintf(where, sizeof where, "container (%.150s)", c->host);
    if (a->why != NULL)
        return err_set(&l->err, ERR_CREDENTIALS, "%s gives no keys: %.400s", where,
                       a->why->message);
    if (a->status != 200)
        return err_set(&l->err, ERR_CREDENTIALS, "%s gives no keys: it answered HTTP %d", where,
                       a->status);
    struct val *document = json_parse(a->text, a->len, "the container's answer", &unshown);
    if (document == NULL)
        return err_set(&l->err, ERR_CREDENTIALS, "%s gave no JSON document", where);
    bool ok = key_document_take(&names, document, where, &l->found, &l->err);
    val_unref(document);
    return ok;
}

static void on_answer(void *ctx, const struct fetch_answer *a) {
    struct credential_lookup *l = ctx;
    lookup_end(l, take(l, l->state, a));
}

static bool ask(struct credential_lookup *l, struct container *c) {
    if (!find_url(l, c) || !find_token(l, c)) return false;
    bool direct = c->fetch.direct;
    c->fetch = (struct fetch){.tools = l->tools,
                              .method = "GET",
                              .url = buf_str(&c->url),
                              .headers = {{"Host", c->host},
                                          {"Accept", "application/json"},
                                          {"Authorization", buf_str(&c->token)}},
                              .header_count = c->token.len > 0 ? 3 : 2,
                              .timeout_ms = 2000,
                              .attempts = 3,
                              .pause_ms = 1000,
                              .direct = direct,
                              .done = on_answer,
                              .ctx = l};
    return fetch_start(&c->fetch, &l->err);
}

void container_load(struct credential_lookup *l) {
    struct container *c = calloc(1, sizeof *c);
    l->state = c;
    if (c != NULL) l->cancel = cancel;
    bool ok = (c != NULL || err_memory(&l->err)) && ask(l, c);
    if (!ok) lookup_end(l, false);
}
