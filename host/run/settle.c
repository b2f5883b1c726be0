// settle.c - looks up the fate of a call.
#include "run/settle.h"

#include <stdlib.h>
#include <string.h>

#include "run/batch.h"

// Looked at after this many milliseconds each; what was committed shows by then.
static const int64_t pauses_ms[] = {250, 1000, 2000};
#define LOOKS (sizeof pauses_ms / sizeof *pauses_ms)

struct settling {
    struct settler *settler;
    struct gate_request *request;
    struct aws_reply reply;  // what was answered; its value is not used
    struct val *call;        // as the advisor wants it
    struct val *reads, *answers;
    size_t looks, pending;
};

static void end(struct settling *s, enum gate_fate fate, const struct val *result) {
    gate_settled(s->settler->gate, s->request, fate, result, &s->reply);
    val_unref(s->call);
    val_unref(s->reads);
    val_unref(s->answers);
    free(s);
}

static void look(void *ctx);

static void conclude(struct settling *s) {
    const struct advisor *a = s->settler->advisor;
    struct val *fate = NULL;
    struct err e;
    bool told = a->fate(a->ctx, s->call, s->answers, &fate, &e);
    const char *state = told ? val_get_str(fate, "state", "unknown") : "unknown";
    bool again = strcmp(state, "done") != 0 && s->looks < LOOKS &&
                 loop_timer_add(s->settler->gate->loop, pauses_ms[s->looks], look, s);
    if (!again)
        end(s,
            strcmp(state, "done") == 0       ? FATE_LOOKED_DONE
            : strcmp(state, "not_done") == 0 ? FATE_LOOKED_NOT_DONE
                                             : FATE_STILL_UNKNOWN,
            val_get(fate, "result"));
    val_unref(fate);
}

static void read_answered(void *ctx, const struct aws_reply *reply) {
    struct settling *s = ctx;
    val_append(s->answers, answer_value(reply));
    if (--s->pending == 0) conclude(s);
}

// One read at a time, so that the answers stand in the order of the reads; they are one or two.
static bool start_read(struct settling *s, const struct val *read) {
    struct err e;
    const struct operation *op =
        model_operation(s->settler->gate->model, val_get_str(read, "service", ""),
                        val_get_str(read, "operation", ""), &e);
    struct answerer live = live_answerer(s->settler->live);
    struct aws_call call = {.op = op, .params = val_get(read, "params")};
    return op && !op->mutates && live.call(live.ctx, &call, read_answered, s, &e);
}

static void look(void *ctx) {
    struct settling *s = ctx;
    s->looks++;
    val_unref(s->answers);
    s->answers = val_list();
    s->pending = 1;
    for (size_t i = 0; s->answers && i < val_count(s->reads); i++)
        s->pending += start_read(s, val_at(s->reads, i));
    if (--s->pending == 0) end(s, FATE_STILL_UNKNOWN, NULL);
}

bool settle(void *ctx, struct gate_request *r, const struct aws_reply *reply) {
    struct settler *settler = ctx;
    const struct advisor *a = settler->advisor;
    struct settling *s = calloc(1, sizeof *s);
    struct err e;
    if (!s) return false;
    *s = (struct settling){.settler = settler, .request = r, .reply = *reply};
    s->reply.value = NULL;
    s->call = call_value(r->op, r->params, settler->gate->created);
    bool ok = s->call && a->fate_reads(a->ctx, s->call, &s->reads, &e) && val_count(s->reads) &&
              loop_timer_add(settler->gate->loop, pauses_ms[0], look, s);
    if (ok) return true;
    val_unref(s->call);
    val_unref(s->reads);
    free(s);
    return false;
}
