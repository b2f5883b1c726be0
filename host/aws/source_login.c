// source_login.c - keys of a sign-in that was made with `aws login`.
//
// Owns: reading the cached keys of ~/.aws/login/cache. It never signs in, never refreshes
// and never writes the cache: keys that have ended are the aws command's to renew.
#include <stdio.h>
#include <string.h>

#include "aws/credential_sources.h"
#include "aws/key_document.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

#define MAX_FILE ((size_t)1024 * 1024)

bool login_configured(const struct config *c, const char *profile, bool environment) {
    (void)environment;
    return config_of(c, profile, "login_session") != NULL;
}

static bool sign_in_again(struct credential_lookup *l, const char *what) {
    return err_set(&l->err, ERR_CREDENTIALS, "%s; type: aws login --profile %.100s", what,
                   l->profile);
}

static bool cache_file(const char *session, struct buf *path, struct err *e) {
    char hex[SHA256_HEX];
    const char *folder = config_env("AWS_LOGIN_CACHE_DIRECTORY");
    const char *home = config_env("HOME");
    if (!sha256_hex(session, strlen(session), hex)) return err_memory(e);
    if (folder != NULL)
        buf_printf(path, "%s/%s.json", folder, hex);
    else
        buf_printf(path, "%s/.aws/login/cache/%s.json", home != NULL ? home : "", hex);
    return !path->failed || err_memory(e);
}

static bool take_token(struct credential_lookup *l, const struct val *document) {
    static const struct key_document names = {.id = "accessKeyId",
                                              .secret = "secretAccessKey",
                                              .token = "sessionToken",
                                              .expires = "expiresAt",
                                              .account = "accountId",
                                              .token_needed = true,
                                              .expires_needed = true};
    char where[200], what[400];
    snprintf(where, sizeof where, "login session of profile %.100s", l->profile);
    if (!key_document_take(&names, val_get(document, "accessToken"), where, &l->found, &l->err)) {
        snprintf(what, sizeof what, "%.300s", l->err.message);
        return sign_in_again(l, what);
    }
    if (l->found.expires_us > l->tools->now_us(l->tools->ctx)) return true;
    snprintf(what, sizeof what, "the keys of the %.180s have expired, and cordon renews none",
             where);
    return sign_in_again(l, what);
}

static bool read_cache(struct credential_lookup *l) {
    struct buf path = BUF_EMPTY, text = BUF_EMPTY;
    struct err unshown;
    char what[400];
    struct val *document = NULL;
    bool ok = cache_file(config_of(l->config, l->profile, "login_session"), &path, &l->err);
    bool there = ok && file_read(buf_str(&path), MAX_FILE, &text, &unshown);
    if (there) document = json_parse(buf_str(&text), text.len, "the login cache", &unshown);
    if (ok && document == NULL) {
        snprintf(what, sizeof what, "profile %.100s is not logged in (%s %.250s)", l->profile,
                 there ? "malformed:" : "no", buf_str(&path));
        ok = sign_in_again(l, what);
    }
    ok = ok && take_token(l, document);
    val_unref(document);
    buf_free(&path);
    buf_wipe(&text);
    return ok;
}

void login_load(struct credential_lookup *l) {
    lookup_end(l, read_cache(l));
}
