// stage_peers.h - who else is on the stage: AWS, the terminal, the console.
//
// Owns: AWS's door, which checks that what it is asked for was allowed, and answers as scripted;
// the terminal, which types as scripted; the console, which says everything to nobody.
#ifndef CORDON_TESTS_FUZZ_STAGE_PEERS_H
#define CORDON_TESTS_FUZZ_STAGE_PEERS_H

#include "stage.h"

#include "plan/binding.h"
#include "plan/skeleton.h"
#include "prompt/console.h"
#include "prompt/prompt.h"

// --- the terminal --------------------------------------------------------------------

struct prompt {
    char none;
};

struct prompt *__wrap_prompt_open(struct loop *l, struct err *e);
struct prompt *__wrap_prompt_open(struct loop *l, struct err *e) {
    static struct prompt terminal;
    (void)l;
    (void)e;
    return &terminal;
}

void __wrap_prompt_close(struct prompt *p);
void __wrap_prompt_close(struct prompt *p) {
    (void)p;
}

// What is typed when the script is at its end: yes, and ids in full.
static void type_it(const char *question, struct buf *answer) {
    const char *id = strstr(question, "Type  ");
    const char *end = id ? strstr(id + 6, "  to do it") : NULL;
    if (end)
        buf_add(answer, id + 6, (size_t)(end - id - 6));
    else
        buf_add_str(answer, "y");
}

bool __wrap_prompt_line(struct prompt *p, const char *question, struct buf *answer, size_t max,
                        int64_t timeout_ms, enum prompt_how *how, struct err *e);
bool __wrap_prompt_line(struct prompt *p, const char *question, struct buf *answer, size_t max,
                        int64_t timeout_ms, enum prompt_how *how, struct err *e) {
    struct stage_texts *t = &stage.typed;
    (void)p;
    (void)timeout_ms;
    (void)e;
    buf_clear(answer);
    *how = PROMPT_ANSWER;
    if (t->next == t->count)
        type_it(question, answer);
    else if (strcmp(t->items[t->next], "^D") == 0)
        *how = PROMPT_EOF;
    else
        buf_add_str(answer, t->items[t->next]);
    if (t->next < t->count) t->next++;
    const char *word = buf_str(answer);
    if (answer->len > max || !fuzz_harmless(word)) *how = PROMPT_UNUSABLE;
    if (*how != PROMPT_ANSWER || strcmp(word, "n") == 0 || strcmp(word, "no") == 0)
        stage.declined = true;
    else
        stage.yes++;
    return !answer->failed;
}

// --- the console: everything is said to nobody ----------------------------------------

void __wrap_console_say(struct console *c, enum console_style style, const char *format, ...);
void __wrap_console_say(struct console *c, enum console_style style, const char *format, ...) {
    (void)c;
    (void)style;
    MUST(format);
}

void __wrap_console_warn(struct console *c, const char *format, ...);
void __wrap_console_warn(struct console *c, const char *format, ...) {
    (void)c;
    MUST(format);
}

void __wrap_console_detail(struct console *c, const char *format, ...);
void __wrap_console_detail(struct console *c, const char *format, ...) {
    (void)c;
    MUST(format);
}

void __wrap_console_aloud(struct console *c);
void __wrap_console_aloud(struct console *c) {
    (void)c;
}

void __wrap_console_before_question(struct console *c);
void __wrap_console_before_question(struct console *c) {
    (void)c;
}

int64_t __wrap_console_lost_lines(const struct console *c);
int64_t __wrap_console_lost_lines(const struct console *c) {
    return c ? 1 : 0;
}

void __wrap_console_error(struct console *c, const struct err *e);
void __wrap_console_error(struct console *c, const struct err *e) {
    (void)c;
    MUST(e->code[0]);
}

void __wrap_console_table(struct console *c, const struct columns *table);
void __wrap_console_table(struct console *c, const struct columns *table) {
    (void)c;
    MUST(table);
}

bool __wrap_console_event(struct console *c, const char *event, struct val *members);
bool __wrap_console_event(struct console *c, const char *event, struct val *members) {
    struct buf text = BUF_EMPTY;
    (void)c;
    MUST(event);
    json_print(&text, members);
    buf_free(&text);
    val_unref(members);
    return true;
}

// --- AWS ---------------------------------------------------------------------------

bool __wrap_aws_region(struct aws *a, const char **region, struct err *e);
bool __wrap_aws_region(struct aws *a, const char **region, struct err *e) {
    (void)a;
    (void)e;
    *region = "eu-west-1";
    return true;
}

struct stage_answer {
    struct aws_reply reply;
    struct val *value;
    const struct operation *op;
    bool permitted;
    aws_done *done;
    void *ctx;
};

static void answer_arrives(void *ctx) {
    struct stage_answer *a = ctx;
    stage.due--;
    if (a->permitted && (a->reply.ok || a->reply.unknown)) stage.succeeded++;
    a->reply.value = a->value;
    a->done(a->ctx, &a->reply);
    val_unref(a->value);
    free(a);
}

// "sg-(planned-1)" to "sg-0made1": what a skeleton has planned is what AWS made.
static struct val *as_made(const struct val *v) {
    struct val *out = val_type(v) == VAL_LIST ? val_list() : val_map();
    const char *text = val_as_str(v, NULL), *planned = text ? strstr(text, "(planned-") : NULL;
    if (val_type(v) < VAL_LIST) val_unref(out);
    if (planned) return val_printf("%.*s0made%d", (int)(planned - text), text, atoi(planned + 9));
    if (val_type(v) < VAL_LIST) return v ? val_ref(v) : val_nil();
    for (size_t i = 0; i < val_count(v); i++) {
        if (val_type(v) == VAL_LIST)
            MUST(val_append(out, as_made(val_at(v, i))));
        else
            MUST(val_set(out, val_key_at(v, i), as_made(val_at(v, i))));
    }
    return out;
}

static struct val *usual_answer(const struct aws_call *call) {
    static const char identity[] =
        "{\"Account\":\"111122223333\",\"Arn\":\"arn:aws:iam::111122223333:user/x\"}";
    static struct skeleton_counters counters;
    struct err e;
    if (strcmp(call->op->name, "GetCallerIdentity") == 0)
        return json_parse(identity, sizeof identity - 1, "identity", &e);
    struct val *skeleton = skeleton_answer(fuzz_model(), call->op, call->params, &counters, &e);
    struct val *made = as_made(skeleton);
    val_unref(skeleton);
    return made;
}

static void scripted_error(struct stage_answer *a, const char *text) {
    char code[64] = "";
    int status = 400;
    sscanf(text, "%63s %d", code, &status);
    err_set(&a->reply.err, *code ? code : "InternalError", "says the stage");
    a->reply.err.status = status >= 300 && status < 600 ? status : 400;
    a->reply.err.retryable = a->reply.err.status >= 500;
}

static void scripted(struct stage_answer *a, const struct aws_call *call, struct stage_texts *t) {
    const char *text = t->next < t->count ? t->items[t->next++] : "";
    struct err e;
    a->reply.sent = true;
    if (*text == '!' || *text == '>')
        scripted_error(a, text + 1);
    else if (*text == '?') {
        a->reply.unknown = true;
        err_set(&a->reply.err, ERR_TIMEOUT, "no answer, says the stage");
    } else {
        a->value = *text ? json_parse(text + 1, strlen(text + 1), "an answer", &e) : NULL;
        if (!a->value) a->value = usual_answer(call);
        a->reply.ok = true;
    }
}

static void proof(struct stage_answer *a) {
    err_set(&a->reply.err, "DryRunOperation", "it would have succeeded");
    a->reply.err.status = 412;
    a->reply.sent = true;
}

// A closing call goes in any case.
static void must_be_allowed(const struct aws_call *call) {
    const struct gate_request *r = call->permit->ctx;
    MUST(r->closing || (!stage.journal_lost && !stage.declined && !stage.interrupted));
    MUST(stage.yes > 0);
    MUST(stage.unsynced == 0 || stage.journal_lost);
    MUST(stage.passes == 2);
    // A closing call goes even when there is no memory for its intent.
    stage.sent += !r->resent && !(r->closing && stage.memory_ends);
}

static void must_be_proof(const struct aws_call *call) {
    MUST(call->op->dry_run && val_as_bool(val_get(call->params, "DryRun"), false));
}

bool __wrap_aws_start(struct aws *a, const struct aws_call *call, aws_done *done, void *ctx,
                      struct err *e);
bool __wrap_aws_start(struct aws *a, const struct aws_call *call, aws_done *done, void *ctx,
                      struct err *e) {
    long left = stage_begin();
    struct stage_answer *answer = calloc(1, sizeof *answer);
    (void)a;
    (void)e;
    MUST(answer);
    MUST(!call->op->credential_output && !planned_id_in(call->params));
    *answer = (struct stage_answer){.op = call->op, .done = done, .ctx = ctx};
    answer->permitted = call->op->mutates && call->permit;
    if (!call->op->mutates) {
        bool identity = strcmp(call->op->name, "GetCallerIdentity") == 0;
        scripted(answer, call, identity ? &(struct stage_texts){.count = 0} : &stage.reads);
    } else if (call->permit && !call->permit->still(call->permit->ctx, &answer->reply.err)) {
        answer->permitted = false;  // as the door does: not sent
    } else if (call->permit) {
        must_be_allowed(call);
        scripted(answer, call, &stage.writes);
    } else {
        must_be_proof(call);
        proof(answer);
    }
    answer->reply.attempts = 1;
    answer->reply.sent_us = clock_now_us();
    answer->reply.answered_us = answer->reply.sent_us + 50000;
    stage.due++;
    MUST(loop_timer_add(stage.loop, 50, answer_arrives, answer));
    stage_end(left);
    return true;
}

#endif
