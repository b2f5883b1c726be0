// patience.c - a refused delete is made again.
#include "run/patience.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/binding.h"

#define PAUSE_MS 2000
#define MOST_TRIES 30  // about a minute

// One call that was refused. Kept until the end: it counts the tries of its key.
struct patient {
    struct patient *next;
    struct patience *of;
    char key[KEY_SIZE];
    int tries;
    struct gate_request *request;
    struct aws_reply reply;  // the last refusal
};

static bool is_used(const struct err *e) {
    static const char *const codes[] = {"DependencyViolation", "InvalidGroup.InUse",
                                        "InvalidNetworkInterface.InUse", "InvalidIPAddress.InUse"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (err_is(e, codes[i])) return true;
    return false;
}

static struct patient *find(struct patience *p, const char *key) {
    for (struct patient *q = p->patients; q; q = q->next)
        if (strcmp(q->key, key) == 0) return q;
    struct patient *q = calloc(1, sizeof *q);
    if (!q) return NULL;
    *q = (struct patient){.next = p->patients, .of = p};
    snprintf(q->key, sizeof q->key, "%s", key);
    p->patients = q;
    return q;
}

static void tell(const struct gate *g, const struct gate_request *r) {
    struct err text;
    const char *id = subject_of(r->prepared);
    if (!g->tell) return;
    err_set(&text, "", "%s%s%s: it is used still, so it is tried again for a minute", r->op->name,
            id ? " " : "", id ? id : "");
    g->tell(g->tell_ctx, text.message);
}

static void again(void *ctx) {
    struct patient *q = ctx;
    struct gate *g = q->of->gate;
    if (loop_signal(g->loop)) q->tries = MOST_TRIES;
    gate_again(g, q->request, &q->reply);
}

bool patience_wait(void *ctx, struct gate_request *r, const struct aws_reply *reply) {
    struct patience *p = ctx;
    struct patient *q = is_used(&reply->err) ? find(p, r->key) : NULL;
    if (!q || q->tries >= MOST_TRIES || loop_signal(p->gate->loop)) return false;
    if (!q->tries++) tell(p->gate, r);
    q->request = r;
    q->reply = *reply;
    q->reply.value = NULL;
    if (p->advance) p->advance(p->advance_ctx, PAUSE_MS / 1000.0);
    return loop_timer_add(p->gate->loop, p->advance ? 0 : PAUSE_MS, again, q) != NULL;
}

void patience_free(struct patience *p) {
    for (struct patient *q = p->patients, *next; q; q = next) {
        next = q->next;
        free(q);
    }
    p->patients = NULL;
}
