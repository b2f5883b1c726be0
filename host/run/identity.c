// identity.c - GetCallerIdentity.
#include "run/identity.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void answered(void *ctx, const struct aws_reply *reply) {
    struct identity *id = ctx;
    if (reply->ok) id->value = val_ref(reply->value);
    else id->err = reply->err;
}

bool identity_ask(struct batch *b, struct live *live, struct model *m, struct identity *id,
                  struct err *e) {
    const struct operation *op = model_operation(m, "sts", "get_caller_identity", e);
    struct val *none = val_map();
    struct answerer a = live_answerer(live);
    struct aws_call call = {.op = op, .params = none};
    bool ok = op && (none || err_memory(e)) && batch_add(b, &a, &call, answered, id, e);
    val_unref(none);
    return ok;
}

bool identity_learn(struct live *live, struct model *m, struct val **value, struct err *e) {
    struct batch b = {.loop = live->loop};
    struct identity id = {0};
    bool ok = identity_ask(&b, live, m, &id, e) && batch_wait(&b, e) && identity_known(&id, e);
    if (ok) plan_put(value, val_ref(id.value));
    val_unref(id.value);
    return ok;
}

bool identity_known(struct identity *id, struct err *e) {
    const char *account = val_get_str(id->value, "Account", "");
    if (strspn(account, "0123456789") == 12 && strlen(account) == 12) return true;
    *e = id->err;
    if (id->value)
        err_set(e, ERR_INVALID, "AWS did not say which account this is, so nothing may change");
    else err_prefix(e, "who am I (sts:GetCallerIdentity)");
    return false;
}

char *operator_text(const struct val *identity) {
    char host[256] = "?";
    const struct passwd *user = getpwuid(getuid());
    gethostname(host, sizeof host - 1);
    char *text = NULL;
    if (asprintf(&text, "%s on %s, %s", user ? user->pw_name : "?", host,
                 val_get_str(identity, "Arn", "?")) < 0)
        return NULL;
    return text;
}
