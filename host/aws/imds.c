// imds.c - the EC2 instance metadata service, version 2.
//
// Owns: its address, its session token, how long it is waited for.
#include "aws/imds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/endpoint.h"

#define TOKEN_SECONDS "21600"
#define MAX_TOKEN 1024

struct imds {
    const struct source_tools *tools;
    struct endpoint at;
    int64_t timeout_ms;
    int attempts;
    char token[MAX_TOKEN];  // "" before it was asked for
    struct buf url;
    char *path;  // that is wanted, while the token is asked for
    struct fetch fetch;
    fetch_done *done;
    void *ctx;
};

bool imds_disabled(void) {
    const char *value = config_env("AWS_EC2_METADATA_DISABLED");
    return value != NULL && strcasecmp(value, "true") == 0;
}

static const char *setting(const struct config *c, const char *variable, const char *key) {
    const char *value = config_env(variable);
    return value != NULL ? value : config_get(c, key);
}

static int number(const char *text, int least, int most, int otherwise) {
    if (text == NULL) return otherwise;
    char *end;
    double n = strtod(text, &end);
    return *end == '\0' && n >= least && n <= most ? (int)n : otherwise;
}

static bool find_address(struct imds *m, const struct config *c, struct err *e) {
    const char *given =
        setting(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    const char *mode =
        setting(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
    bool v6 = mode != NULL ? strcasecmp(mode, "ipv6") == 0
                           : config_switch(c, "AWS_IMDS_USE_IPV6", "imds_use_ipv6");
    const char *usual = v6 ? "http://[fd00:ec2::254]/" : "http://169.254.169.254/";
    if (!endpoint_parse(given != NULL ? given : usual, "AWS_EC2_METADATA_SERVICE_ENDPOINT", &m->at,
                        e))
        return false;
    if (!c->loopback_only || m->at.loopback) return true;
    return err_set(e, ERR_REFUSED, "this build talks to loopback only");
}

struct imds *imds_open(const struct config *c, const struct source_tools *tools, struct err *e) {
    struct imds *m = calloc(1, sizeof *m);
    if (m == NULL) {
        err_memory(e);
        return NULL;
    }
    m->tools = tools;
    m->timeout_ms =
        1000 *
        number(setting(c, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"), 1, 60, 1);
    m->attempts = number(
        setting(c, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"), 1, 10, 1);
    if (find_address(m, c, e)) return m;
    imds_close(m);
    return NULL;
}

void imds_close(struct imds *m) {
    if (m == NULL) return;
    fetch_cancel(&m->fetch);
    explicit_bzero(m->token, sizeof m->token);
    buf_free(&m->url);
    free(m->path);
    free(m);
}

const char *imds_host(const struct imds *m) {
    return m->at.host;
}

static bool ask(struct imds *m, const char *method, const char *path, fetch_done *done, void *ctx,
                struct err *e) {
    bool token = strcmp(method, "PUT") == 0;
    size_t len = strlen(m->at.url);
    buf_clear(&m->url);
    buf_add(&m->url, m->at.url, len);
    if (m->at.url[len - 1] != '/') buf_add_char(&m->url, '/');
    buf_printf(&m->url, "latest/%s", path);
    if (m->url.failed) return err_memory(e);
    m->fetch = (struct fetch){
        .tools = m->tools,
        .method = method,
        .url = buf_str(&m->url),
        .headers = {{"Host", m->at.host},
                    {token ? "x-aws-ec2-metadata-token-ttl-seconds" : "x-aws-ec2-metadata-token",
                     token ? TOKEN_SECONDS : m->token}},
        .header_count = 2,
        .timeout_ms = m->timeout_ms,
        .attempts = m->attempts,
        .pause_ms = 100,
        .direct = true,
        .done = done,
        .ctx = ctx};
    return fetch_start(&m->fetch, e);
}

static void fail(struct imds *m, const struct err *why) {
    struct fetch_answer a = {.why = why};
    m->done(m->ctx, &a);
}

static void on_token(void *ctx, const struct fetch_answer *a) {
    struct imds *m = ctx;
    struct err e;
    bool usable = a->why == NULL && a->status == 200 && a->len > 0 && a->len < MAX_TOKEN;
    for (size_t i = 0; usable && i < a->len; i++) usable = a->text[i] > ' ' && a->text[i] < 127;
    if (a->why != NULL) {
        fail(m, a->why);
        return;
    }
    if (!usable) {
        err_set(&e, ERR_INVALID, "http://%.200s gave no session token (HTTP %d)", m->at.host,
                a->status);
        fail(m, &e);
        return;
    }
    memcpy(m->token, a->text, a->len + 1);
    if (!ask(m, "GET", m->path, m->done, m->ctx, &e)) fail(m, &e);
}

bool imds_get(struct imds *m, const char *path, fetch_done *done, void *ctx, struct err *e) {
    free(m->path);
    m->path = strdup(path);
    if (m->path == NULL) return err_memory(e);
    m->done = done;
    m->ctx = ctx;
    if (m->token[0] != '\0') return ask(m, "GET", path, done, ctx, e);
    return ask(m, "PUT", "api/token", on_token, m, e);
}
