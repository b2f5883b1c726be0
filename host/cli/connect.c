// connect.c - AWS, or a former run's world, behind the verbs.
//
// Owns: handing the flags to the door, and asking the operator for what a role wants of him.
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "prompt/prompt.h"
#include "run/world_file.h"

#define ASK_MS 300000  // a code is good for half a minute, but its device may lie elsewhere

// A code of the operator's device.
static bool ask_operator(void *ctx, const char *question, struct buf *answer, size_t max,
                         struct err *e) {
    struct host *h = ctx;
    enum prompt_how how = PROMPT_EOF;
    struct prompt *p = h->no_input ? NULL : prompt_open(h->loop, e);
    if (h->no_input) err_set(e, ERR_DECLINED, "%s--no-input was given", question);
    bool ok = p && prompt_line(p, question, answer, max, ASK_MS, &how, e);
    prompt_close(p);
    if (ok && how != PROMPT_ANSWER) ok = err_set(e, ERR_DECLINED, "%sno answer came", question);
    return ok;
}

struct aws *open_door(struct host *h, const char *profile, const struct val *role, struct err *e) {
    struct aws_options o = {.profile = profile,
                            .role_arn = val_get_str(role, "role_arn", NULL),
                            .external_id = val_get_str(role, "external_id", NULL),
                            .region = h->region,
                            .endpoint_url = h->endpoint_url,
#ifdef CORDON_SANITIZED
                            .loopback_only = true,
#endif
                            .timeout_ms = h->timeout_ms,
                            .verbose = h->verbose,
                            .ask = ask_operator,
                            .ask_ctx = h};
    return aws_new(h->loop, h->model, &o, e);
}

// Whether the keys found are of the account already. When that cannot be told the role is tried:
// what is wrong is said then.
static bool is_in_account(struct host *h, struct aws *aws, const char *account) {
    struct err e;
    struct aws_reply reply;
    struct val *params = val_map(), *value = NULL;
    struct aws_call call = {.op = model_operation(h->model, "sts", "get_caller_identity", &e),
                            .params = params};
    bool ok = params && call.op && aws_wait(aws, &call, &reply, &value) &&
              strcmp(val_get_str(value, "Account", ""), account) == 0;
    val_unref(params);
    val_unref(value);
    return ok;
}

bool connect_aws(struct host *h, struct err *e) {
    const struct val *row = h->account ? policy_account(h->policy, h->account) : NULL;
    if (h->account && (strlen(h->account) != 12 || strspn(h->account, "0123456789") != 12))
        return err_set(e, ERR_USAGE, "--account takes an account's 12 digits, not \"%.40s\"", h->account);
    if (!h->profile) h->profile = val_get_str(row, "profile", NULL);
    struct aws *aws = open_door(h, h->profile, NULL, e);
    if (aws && val_get(row, "role_arn") && !is_in_account(h, aws, h->account)) {
        aws_free(aws);
        aws = open_door(h, h->profile, row, e);
    }
    if (aws) backend_aws(&h->backend, h->loop, aws);
    return aws != NULL;
}

bool connect_backend(struct host *h, struct err *e) {
    if (!h->sim) return connect_aws(h, e);
    backend_simulated(&h->backend, h->loop, h->model, h->advisor);
    return world_open(h->advisor, h->sim, e);
}

// --- as a former run ---------------------------------------------------------------

bool find_former(const struct options *o, struct former *f, struct err *e) {
    if (o->word_count == 2) return former_find(o->words[1], f, e);
    return err_set(e, ERR_USAGE, "%s takes one run: `cordon %s RUN`; `cordon runs` shows them",
                   o->words[0], o->words[0]);
}

static void take_flags(struct host *h, const struct run_summary *run) {
    const char *region = run_text(run, "region"), *profile = run_text(run, "profile"),
               *endpoint = run_text(run, "endpoint_url"), *ticket = run_text(run, "ticket"),
               *account = run_text(run, "wanted_account");
    if (!h->ticket && *ticket) h->ticket = ticket;
    if (h->sim) return;
    if (!h->region && *region) h->region = region;
    if (!h->profile && *profile) h->profile = profile;
    if (!h->account && *account) h->account = account;
    if (!h->endpoint_url && *endpoint) h->endpoint_url = endpoint;
    // A journal says where to send; whoever reads this should see it.
    if (h->endpoint_url && strcmp(h->endpoint_url, endpoint) == 0)
        console_say(h->console, STYLE_CARE, "  the run's endpoint is used: %s", endpoint);
}

static bool same_file(const char *a, const char *b) {
    char *path = realpath(a, NULL);
    bool same = path && strcmp(path, b) == 0;
    free(path);
    return same;
}

// The world that the run had in its own process.
static bool take_world(struct host *h, const struct run_summary *run, struct err *e) {
    const char *world = val_get_str(run->start, "world", NULL);
    if (!world || h->endpoint_url) return true;
    if (!*world)
        return err_set(e, ERR_USAGE,
                       "%s ran in a simulated world that was not saved, so nothing of it is left "
                       "(--sim=FILE --save keeps one)",
                       run->id);
    if (run->state == RUN_CRASHED)
        return err_set(e, ERR_USAGE,
                       "%s was killed before its simulated world was saved: %s is as it was before "
                       "it",
                       run->id, world);
    if (!h->sim) h->sim = world;
    // What is changed in it must stay as the journal will say.
    if (same_file(h->sim, world)) h->save = true;
    return true;
}

bool connect_as_run(struct host *h, const struct run_summary *run, struct err *e) {
    h->kept = val_ref(run->start);
    if (!take_world(h, run, e)) return false;
    take_flags(h, run);
    return connect_backend(h, e);
}
