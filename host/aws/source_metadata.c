// source_metadata.c - keys of the instance's role, from its metadata service.
//
// Owns: finding the role's name and reading its keys. Where there is no such service, or no
// role, that is no fault but the end of the list of sources.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credential_sources.h"
#include "aws/imds.h"
#include "aws/key_document.h"
#include "base/json.h"
#include "base/text.h"

#define ROLES "meta-data/iam/security-credentials/"
#define MAX_ROLE 128
#define GRACE_US ((int64_t)20 * 60 * 1000000)

struct metadata {
    struct imds *imds;
    char role[MAX_ROLE];
};

bool metadata_configured(const struct config *c, const char *profile, bool environment) {
    (void)c;
    (void)profile;
    (void)environment;
    return !imds_disabled();
}

static void cancel(struct credential_lookup *l) {
    struct metadata *m = l->state;
    imds_close(m->imds);
    free(m);
}

// `what` is a sentence about the service; shown at the end of what was looked at.
static void nothing(struct credential_lookup *l, const char *what) {
    char why[400];
    snprintf(why, sizeof why, "the instance metadata service (%.300s)", what);
    credentials_nothing(l->config, l->profile, why, &l->err);
    lookup_end(l, false);
}

// When the service itself is out of order it goes on giving keys whose time is up, and AWS
// takes them: botocore then extends them too.
static void extend(struct credentials *c, int64_t now) {
    if (c->expires_us < now + GRACE_US) c->expires_us = now + GRACE_US;
}

static void on_keys(void *ctx, const struct fetch_answer *a) {
    static const struct key_document names = {.id = "AccessKeyId",
                                              .secret = "SecretAccessKey",
                                              .token = "Token",
                                              .expires = "Expiration",
                                              .account = "AccountId",
                                              .token_needed = true,
                                              .expires_needed = true};
    struct credential_lookup *l = ctx;
    struct metadata *m = l->state;
    char what[200];
    struct err unshown;
    struct val *document = a->why == NULL && a->status == 200
                               ? json_parse(a->text, a->len, "metadata", &unshown)
                               : NULL;
    const char *code = val_get_str(document, "Code", "Success");
    snprintf(what, sizeof what, "instance role %.100s", m->role);
    bool ok = document != NULL && strcmp(code, "Success") == 0 &&
              key_document_take(&names, document, what, &l->found, &l->err);
    if (ok) extend(&l->found, l->tools->now_us(l->tools->ctx));
    if (document != NULL && strcmp(code, "Success") != 0)
        snprintf(what, sizeof what, "for role %.100s it says %.60s", m->role, code);
    else if (document != NULL && !ok)
        snprintf(what, sizeof what, "%.190s", l->err.message);
    else
        snprintf(what, sizeof what, "HTTP %d for the keys of role %.100s", a->status, m->role);
    val_unref(document);
    if (ok)
        lookup_end(l, true);
    else
        nothing(l, what);
}

// The first line; it becomes a part of a URL.
static bool take_role(struct metadata *m, const struct fetch_answer *a) {
    size_t len = strcspn(a->text, "\r\n");
    if (len == 0 || len >= sizeof m->role) return false;
    for (size_t i = 0; i < len; i++) {
        char c = a->text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && strchr("+=,.@_-", c) == NULL) return false;
    }
    memcpy(m->role, a->text, len);
    m->role[len] = '\0';
    return true;
}

static void on_role(void *ctx, const struct fetch_answer *a) {
    struct credential_lookup *l = ctx;
    struct metadata *m = l->state;
    char path[MAX_ROLE + sizeof ROLES], what[80];
    struct err e;
    if (a->why != NULL) {
        nothing(l, a->why->message);
    } else if (a->status == 404) {
        nothing(l, "this instance has no role");
    } else if (a->status != 200 || !take_role(m, a)) {
        snprintf(what, sizeof what, "HTTP %d for the name of its role", a->status);
        nothing(l, what);
    } else {
        snprintf(path, sizeof path, ROLES "%s", m->role);
        if (!imds_get(m->imds, path, on_keys, l, &e)) nothing(l, e.message);
    }
}

void metadata_load(struct credential_lookup *l) {
    struct metadata *m = calloc(1, sizeof *m);
    struct err e = {0};
    l->state = m;
    if (m != NULL) l->cancel = cancel;
    if (m == NULL) err_memory(&e);
    bool ok = m != NULL && (m->imds = imds_open(l->config, l->tools, &e)) != NULL &&
              imds_get(m->imds, ROLES, on_role, l, &e);
    if (!ok) nothing(l, e.message);
}
