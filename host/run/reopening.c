// reopening.c - authorizes again what closing has revoked.
#include "run/reopening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/codec.h"

static bool is_final(const struct val *intent, struct err *e) {
    return err_set(e, ERR_REFUSED,
                   "the window was closed before the conversion was complete, and what %s took away "
                   "cannot be given back, so it cannot be opened once more; take the run back instead",
                   val_get_str(intent, "operation", "?"));
}

// The rules that a revoke named by themselves, authorized.
static struct val *call_for(const struct val *intent, struct model *m, struct err *e) {
    const char *operation = val_get_str(intent, "operation", "");
    const struct val *params = val_get(intent, "params");
    struct val *call = val_map();
    const struct operation *op = NULL;
    bool ok = call && val_set(call, "key", val_printf("reopen:%s", val_get_str(intent, "key", ""))) &&
              val_set(call, "service", val_ref(val_get(intent, "service"))) &&
              val_set(call, "operation", val_printf("authorize_%s", operation + strlen("revoke_"))) &&
              val_set(call, "params", val_ref(params));
    if (ok)
        op = model_operation(m, val_get_str(call, "service", ""), val_get_str(call, "operation", ""), e);
    else err_memory(e);
    if (op && codec_check(m, op, params, e) && val_get(params, "IpPermissions")) return call;
    if (ok) is_final(intent, e);
    val_unref(call);
    return NULL;
}

static bool add(struct val *calls, const struct val *intent, struct model *m, struct err *e) {
    const char *operation = val_get_str(intent, "operation", "");
    if (text_starts(operation, "delete_")) return is_final(intent, e);
    if (!text_starts(operation, "revoke_")) return true;
    struct val *call = call_for(intent, m, e);
    return call && (val_append(calls, call) || err_memory(e));
}

struct val *reopening_calls(const struct record *r, const struct plan *p, struct model *m,
                            struct err *e) {
    struct val *calls = val_list();
    bool ok = calls || err_memory(e);
    for (size_t i = 0; ok && i < p->call_count; i++) {
        const struct planned_call *c = p->calls[i];
        const struct val *intent = c->window == WINDOW_CLOSING ? val_get(r->past, c->key) : NULL;
        if (intent) ok = add(calls, intent, m, e);
    }
    if (ok) return calls;
    val_unref(calls);
    return NULL;
}

struct giving {
    struct gate_request request;
    size_t *left;
    struct err err;  // why not; no code: it is given
};

static void given(void *ctx, const struct aws_reply *reply) {
    struct giving *x = ctx;
    if (!reply->ok && !err_is(&reply->err, "InvalidPermission.Duplicate")) x->err = reply->err;
    --*x->left;
}

static bool start(struct gate *g, struct giving *x, const struct val *call, struct err *e) {
    x->request = (struct gate_request){.branch = "",
                                       .service = val_get_str(call, "service", ""),
                                       .operation = val_get_str(call, "operation", ""),
                                       .params = val_get(call, "params"),
                                       .done = given,
                                       .ctx = x};
    snprintf(x->request.key, sizeof x->request.key, "%s", val_get_str(call, "key", ""));
    ++*x->left;
    if (gate_submit_own(g, &x->request, false, e)) return true;
    --*x->left;
    return false;
}

bool reopening_send(struct gate *g, const struct val *calls, struct err *e) {
    size_t count = val_count(calls), left = 0;
    struct giving *all = calloc(count + 1, sizeof *all);
    bool ok = all || err_memory(e);
    for (size_t i = 0; ok && i < count; i++) {
        all[i].left = &left;
        ok = start(g, &all[i], val_at(calls, i), e);
    }
    gate_flush(g);
    struct err waiting;
    while (left && loop_for(g->loop, 10, &waiting)) {
    }
    for (size_t i = 0; ok && i < count; i++)
        if (*all[i].err.code) {
            *e = all[i].err;
            ok = err_prefix(e, "what closing the window took away could not be given back");
        }
    free(all);
    return ok;
}
