// settle.c - looks up the fate of a call.
#include "run/settle.h"

#include <stdlib.h>
#include <string.h>

#include "plan/binding.h"
#include "run/batch.h"

// Looked at after this many milliseconds each; what was committed shows by then.
static const int64_t pauses_ms[] = {250, 1000, 2000};
#define LOOKS (sizeof pauses_ms / sizeof *pauses_ms)

// The operator sees why it takes longer, and what came of it.
static void tell(const struct gate *g, const struct gate_request *r, const char *what,
                 const char *why) {
    struct err text;
    const char *id = subject_of(r->prepared);
    if (!g->tell) return;
    err_set(&text, "", "%s%s%s: %s%s%.300s", r->op->name, id ? " " : "", id ? id : "", what,
            *why ? ": " : "", why);
    g->tell(g->tell_ctx, text.message);
}

struct settling {
    struct settler *settler;
    struct gate_request *request;
    struct aws_reply reply;  // what was answered; its value is not used
    struct val *call;        // as the advisor wants it
    struct val *reads, *answers;
    size_t looks, started;
};

static void end(struct settling *s, enum gate_fate fate, const struct val *result) {
    gate_settled(s->settler->gate, s->request, fate, result, &s->reply);
    val_unref(s->call);
    val_unref(s->reads);
    val_unref(s->answers);
    free(s);
}

static void look(void *ctx);

static void judge(struct settling *s, const char *state, const struct val *result) {
    const struct gate *g = s->settler->gate;
    if (strcmp(state, "done") == 0) {
        tell(g, s->request, "it did take effect, as reads say", "");
        end(s, FATE_LOOKED_DONE, result);
    } else if (strcmp(state, "not_done") == 0) {
        tell(g, s->request, "it did not take effect, as reads say",
             s->request->resent ? "" : "it is sent once more");
        end(s, FATE_LOOKED_NOT_DONE, NULL);
    } else {
        tell(g, s->request, "reads do not tell whether it took effect", "");
        end(s, FATE_STILL_UNKNOWN, NULL);
    }
}

static void conclude(struct settling *s) {
    const struct advisor *a = s->settler->advisor;
    struct val *fate = NULL;
    struct err e;
    bool told = a->fate(a->ctx, s->call, s->answers, &fate, &e);
    const char *state = told ? val_get_str(fate, "state", "unknown") : "unknown";
    bool again = strcmp(state, "done") != 0 && s->looks < LOOKS &&
                 loop_timer_add(s->settler->gate->loop, pauses_ms[s->looks], look, s);
    if (!again) judge(s, state, val_get(fate, "result"));
    val_unref(fate);
}

static void read_next(struct settling *s);

static void read_answered(void *ctx, const struct aws_reply *reply) {
    struct settling *s = ctx;
    val_append(s->answers, answer_value(reply));
    read_next(s);
}

static bool start_read(struct settling *s, const struct val *read) {
    struct err e;
    const struct operation *op =
        model_operation(s->settler->gate->model, val_get_str(read, "service", ""),
                        val_get_str(read, "operation", ""), &e);
    struct answerer live = live_answerer(s->settler->live);
    struct aws_call call = {.op = op, .params = val_get(read, "params")};
    return op && !op->mutates && live.call(live.ctx, &call, read_answered, s, &e);
}

// One after the other, so that the answers stand in the order of the reads; they are one or two.
static void read_next(struct settling *s) {
    size_t done = val_count(s->answers);
    if (done == val_count(s->reads)) conclude(s);
    else if (!s->answers || done < s->started || !start_read(s, val_at(s->reads, s->started++)))
        judge(s, "unknown", NULL);
}

static void look(void *ctx) {
    struct settling *s = ctx;
    s->looks++;
    s->started = 0;
    val_unref(s->answers);
    s->answers = val_list();
    read_next(s);
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
    if (ok) {
        tell(settler->gate, r, "no answer says whether it took effect, so that is looked up",
             reply->err.message);
        return true;
    }
    val_unref(s->call);
    val_unref(s->reads);
    free(s);
    return false;
}
