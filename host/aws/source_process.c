// source_process.c - keys that a program of the user's prints: credential_process.
//
// Owns: running it (no shell: what needs one says `sh -c '...'` itself) and reading version 1
// of its document. It never shows what the program printed on stdout.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "aws/argv_split.h"
#include "aws/credential_sources.h"
#include "aws/helper.h"
#include "aws/key_document.h"
#include "base/json.h"
#include "base/text.h"

#define LIMIT_MS 60000  // it may ask its user something

struct process {
    struct helper *helper;
};

bool process_configured(const struct config *c, const char *profile, bool environment) {
    (void)environment;
    return config_of(c, profile, "credential_process") != NULL;
}

static void cancel(struct credential_lookup *l) {
    struct process *p = l->state;
    helper_cancel(p->helper);
    free(p);
}

static void refuse(struct credential_lookup *l, const char *what, const char *talk, size_t len) {
    struct buf shown = BUF_EMPTY;
    while (len > 0 && (talk[len - 1] == '\n' || talk[len - 1] == '\r')) len--;
    if (len > 0) buf_add_str(&shown, ": ");
    text_escape(&shown, talk, len, 400);
    err_set(&l->err, ERR_CREDENTIALS, "credential_process of profile %.100s: %.300s%s", l->profile,
            what, buf_str(&shown));
    buf_free(&shown);
}

static bool take_document(struct credential_lookup *l, const struct val *document) {
    static const struct key_document names = {.id = "AccessKeyId",
                                              .secret = "SecretAccessKey",
                                              .token = "SessionToken",
                                              .expires = "Expiration",
                                              .account = "AccountId"};
    char where[200];
    if (val_as_int(val_get(document, "Version"), 0) != 1) {
        refuse(l, "its document has no \"Version\": 1, the only one there is", "", 0);
        return false;
    }
    snprintf(where, sizeof where, "credential_process of profile %.100s", l->profile);
    if (!key_document_take(&names, document, where, &l->found, &l->err)) return false;
    if (l->found.account[0] == '\0')
        credentials_set_account(&l->found, config_of(l->config, l->profile, "aws_account_id"));
    return true;
}

static bool take_output(struct credential_lookup *l, const struct helper_end *end) {
    struct err unshown;  // a parser's message may hold a piece of the text
    struct val *document = json_parse(end->out, end->out_len, "credential_process", &unshown);
    if (document == NULL) {
        refuse(l, "it printed no JSON document", end->talk, end->talk_len);
        return false;
    }
    bool ok = take_document(l, document);
    val_unref(document);
    return ok;
}

static bool take(struct credential_lookup *l, const struct helper_end *end) {
    char what[80];
    if (!end->finished) {
        refuse(l, end->why->message, end->talk, end->talk_len);
        return false;
    }
    if (WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0) return take_output(l, end);
    if (WIFEXITED(end->status))
        snprintf(what, sizeof what, "it exited with %d", WEXITSTATUS(end->status));
    else
        snprintf(what, sizeof what, "it was ended by signal %d", WTERMSIG(end->status));
    refuse(l, what, end->talk, end->talk_len);
    return false;
}

static void on_end(void *ctx, const struct helper_end *end) {
    struct credential_lookup *l = ctx;
    struct process *p = l->state;
    bool ok = take(l, end);
    p->helper = NULL;  // it frees itself
    lookup_end(l, ok);
}

void process_load(struct credential_lookup *l) {
    struct err e;
    struct process *p = calloc(1, sizeof *p);
    if (p == NULL) {
        err_memory(&l->err);
        lookup_end(l, false);
        return;
    }
    l->state = p;
    l->cancel = cancel;
    char **argv = argv_split(config_of(l->config, l->profile, "credential_process"), &e);
    if (argv != NULL) p->helper = helper_start(l->tools->loop, argv, LIMIT_MS, on_end, l, &e);
    argv_free(argv);
    if (p->helper != NULL) return;
    refuse(l, e.message, "", 0);
    lookup_end(l, false);
}
