// call_verb.c - `call SERVICE OPERATION [JSON]`: one API call, in boto3's words.
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"
#include "codec/codec.h"
#include "plan/skeleton.h"
#include "run/advice.h"
#include "run/confirm.h"
#include "run/ending.h"
#include "run/report.h"
#include "run/single.h"

static void print(struct host *h, const struct val *value) {
    struct buf text = BUF_EMPTY;
    json_print_pretty(&text, value);
    buf_add_char(&text, '\n');
    console_data(h->console, buf_str(&text), text.len);
    buf_free(&text);
}

static int failed(struct host *h, const struct err *e) {
    say_error(h->console, e);
    return loop_signal(h->loop) ? 128 + loop_signal(h->loop) : error_exit(e);
}

// --- what changes nothing ------------------------------------------------------

// The answer itself is data: whose it is goes to standard error.
static void say_simulator(struct host *h) {
    if (backend_is_simulated(&h->backend))
        console_say(h->console, STYLE_CARE, "SIMULATOR: this is not AWS's answer");
}

static int read_call(struct host *h, const struct operation *op, const struct val *params) {
    struct err e;
    struct aws_reply reply = {0};
    struct val *value = NULL;
    struct val *prepared = codec_prepare(h->model, op, params, &e);
    if (!prepared) return failed(h, &e);
    struct aws_call call = {.op = op, .params = prepared};
    bool ok = backend_wait(&h->backend, &call, &reply, &value);
    say_simulator(h);
    val_unref(prepared);
    if (ok) print(h, value);
    val_unref(value);
    return ok ? EXIT_DONE : failed(h, &reply.err);
}

static int dry_run(struct host *h, const struct operation *op, const struct val *params) {
    struct err e;
    if (!op->dry_run) {
        console_say(h->console, STYLE_CARE, "not checkable: %s has no DryRun; nothing was sent",
                    op->name);
        return EXIT_DONE;
    }
    struct val *dry = val_copy(params), *value = NULL;
    if (!dry || !val_set(dry, "DryRun", val_bool(true))) {
        val_unref(dry);
        err_memory(&e);
        return failed(h, &e);
    }
    struct aws_reply reply = {0};
    struct aws_call call = {.op = op, .params = dry};
    bool ok = backend_wait(&h->backend, &call, &reply, &value);
    say_simulator(h);
    val_unref(dry);
    val_unref(value);
    if (!ok && err_is(&reply.err, "DryRunOperation")) {
        console_say(h->console, STYLE_GOOD, "permitted: %s would be allowed (DryRunOperation)",
                    op->name);
        return EXIT_DONE;
    }
    if (ok) {
        err_set(&reply.err, ERR_INVALID, "the endpoint ignored DryRun for %s and answered success",
                op->name);
    }
    return failed(h, &reply.err);
}

// --- what changes something ------------------------------------------------------

static bool plan_it(struct single *s, const struct operation *op, const struct val *params,
                    struct err *e) {
    struct buf title = BUF_EMPTY;
    buf_printf(&title, "call %s.%s", op->service->name, op->method);
    bool ok = plan_add_step(&s->plan, buf_str(&title), NULL, e) != NULL;
    buf_free(&title);
    struct planned_call *c = ok ? plan_add_call(&s->plan, 0, "1:#1", op, params, WINDOW_NONE, e) : NULL;
    struct skeleton_counters counters = {0};
    struct val *answer = c ? skeleton_answer(s->host->model, op, params, &counters, e) : NULL;
    skeleton_free(&counters);
    if (!answer) return false;
    plan_put(&c->result, answer);
    s->plan.rehearsed_count = s->plan.call_count;
    struct advice a = {.loop = s->host->loop,
                       .model = s->host->model,
                       .live = &s->live,
                       .advisor = s->host->advisor,
                       .created = s->gate.created};
    return guard_init(&s->guard, s->host, &s->live, &s->scene, true, e) &&
           guard_ask(&s->guard, &c, 1, e) && advise(&a, &c, 1, true, e) &&
           guard_learn(&s->guard, &c, 1, e);
}

// By the policy, before anybody is asked; and by the gate, once more.
static bool allowed(struct single *s, struct err *e) {
    s->gate.policy = &s->guard.scope;
    return guard_permits(&s->guard, &s->plan, e);
}

// Asks, unless --yes named it: the command line says the very call, so --yes covers all of it.
static bool confirmed(struct single *s, enum word *word, struct err *e) {
    const struct host *h = s->host;
    struct err nobody;
    struct confirm c = {.model = h->model, .yes = h->yes};
    struct buf head = BUF_EMPTY;
    scene_headline(&s->scene, s->plan.steps[0].title, &head);
    console_say(h->console, STYLE_BOLD, "%s", buf_str(&head));
    show_step(&s->scene, &s->plan, 1);
    buf_free(&head);
    *word = WORD_FLAG;
    if (h->yes) return true;
    if (!h->no_input && prompt_talk_is_seen()) c.prompt = prompt_open(h->loop, &nobody);
    bool ok = confirm_possible(&c, &s->plan, e) &&
              confirm_step(&c, &s->scene, &s->plan, 1, word, e);
    prompt_close(c.prompt);
    if (ok && *word == WORD_NO) ok = err_set(e, ERR_DECLINED, "the operator said no");
    return ok;
}

static struct val *opened(const struct single *s) {
    struct val *v = val_map();
    if (v && val_set(v, "step", val_int(1)) &&
        val_set(v, "title", val_cstr(s->plan.steps[0].title)))
        return v;
    val_unref(v);
    return NULL;
}

static struct val *answer_given(const struct single *s, enum word word) {
    struct val *v = val_map();
    if (v && val_set(v, "step", val_int(1)) && val_set(v, "answer", val_cstr(word_text(word))) &&
        val_set(v, "by", val_cstr(s->operator_name)) &&
        val_set(v, "how", val_cstr(word == WORD_FLAG ? "--yes" : "terminal")))
        return v;
    val_unref(v);
    return NULL;
}

static bool record_word(struct single *s, enum word word, struct err *e) {
    return gate_record(&s->gate, "step.open", opened(s), e) &&
           gate_record(&s->gate, "confirm", answer_given(s, word), e) && gate_sync(&s->gate, e);
}

static bool do_it(struct single *s, const struct operation *op, const struct val *params,
                  struct err *e) {
    enum word word;
    struct val *value = NULL, *safe = codec_redact(s->host->model, op, false, params, e);
    bool ok = safe && plan_it(s, op, params, e) && allowed(s, e) && confirmed(s, &word, e) &&
              single_journal(s, "call", safe, e) && record_word(s, word, e);
    val_unref(safe);
    if (!ok) return false;
    ok = gate_open_step(&s->gate, 0, true, e) && single_send(s, op, params, &value, e);
    val_unref(gate_close_step(&s->gate));
    if (ok) print(s->host, value);
    val_unref(value);
    return ok;
}

static int mutate(struct host *h, const struct operation *op, const struct val *params) {
    struct single s;
    struct err e;
    bool ok = single_begin(&s, h, &e) && do_it(&s, op, params, &e);
    s.outcome.finished = ok;
    if (!ok) {
        s.outcome.err = e;
        s.outcome.signal = loop_signal(h->loop);
    }
    int code;
    if (!s.journal) code = ok ? EXIT_DONE : failed(h, &e);
    else {
        // Events of a single call would stand between its result and its reader.
        s.scene.json = false;
        code = report_run(&s.scene, &s.gate, h->advisor, &s.outcome, NULL);
        h->changed = s.outcome.changed;
    }
    single_free(&s);
    return code;
}

// --- the verb --------------------------------------------------------------------

static int call(struct host *h, const struct options *o, const struct operation *op,
                const struct val *params) {
    struct err e;
    bool asks_dry = codec_is_dry_run(op, params);
    if (op->credential_output) {
        err_set(&e, ERR_REFUSED, "%s returns credentials; cordon does not print credentials", op->name);
        return failed(h, &e);
    }
    if (!codec_check(h->model, op, params, &e)) {
        console_error(h->console, &e);
        return EXIT_USAGE;
    }
    if (o->dry_run || asks_dry) return dry_run(h, op, params);
    return op->mutates ? mutate(h, op, params) : read_call(h, op, params);
}

int verb_call(struct host *h, const struct options *o) {
    struct err e;
    if (o->word_count < 3 || o->word_count > 4) {
        err_set(&e, ERR_USAGE, "call takes a service, an operation and JSON: cordon call ec2 "
                               "describe_instances '{\"InstanceIds\": [\"i-...\"]}'");
        return failed(h, &e);
    }
    const struct operation *op = model_operation(h->model, o->words[1], o->words[2], &e);
    const char *json = o->word_count == 4 ? o->words[3] : "{}";
    struct val *params = op ? json_parse(json, strlen(json), "the JSON argument", &e) : NULL;
    int code;
    if (op && params && val_type(params) == VAL_MAP) code = call(h, o, op, params);
    else {
        if (params) err_set(&e, ERR_USAGE, "the JSON argument must be an object: {...}");
        console_error(h->console, &e);
        code = EXIT_USAGE;
    }
    val_unref(params);
    return code;
}
