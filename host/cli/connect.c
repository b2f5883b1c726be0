// connect.c - AWS behind the verbs.
//
// Owns: handing the flags to the door, and asking the operator for what a role wants of him.
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

bool connect_aws(struct host *h, struct err *e) {
    struct aws_options o = {.profile = h->profile,
                            .region = h->region,
                            .endpoint_url = h->endpoint_url,
#ifdef CORDON_SANITIZED
                            .loopback_only = true,
#endif
                            .timeout_ms = h->timeout_ms,
                            .verbose = h->verbose,
                            .ask = ask_operator,
                            .ask_ctx = h};
    struct aws *aws = aws_new(h->loop, h->model, &o, e);
    if (aws) backend_aws(&h->backend, h->loop, aws);
    return aws != NULL;
}

bool connect_backend(struct host *h, struct err *e) {
    if (!h->sim) return connect_aws(h, e);
    backend_simulated(&h->backend, h->loop, h->model, h->advisor);
    return world_open(h->advisor, h->sim, e);
}
