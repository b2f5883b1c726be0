// ending.c - the last words of a run.
#include "run/ending.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

// --- what helps ------------------------------------------------------------------

static bool is_of(const struct err *e, const char *const *codes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (err_is(e, codes[i])) return true;
    return false;
}

const char *way_on(const struct err *e) {
    static const char *const keys[] = {"ExpiredToken", "ExpiredTokenException",
                                       "InvalidClientTokenId", "UnrecognizedClientException",
                                       ERR_CREDENTIALS};
    static const char *const clock[] = {"AuthFailure", "RequestExpired", "RequestInTheFuture",
                                        "RequestTimeTooSkewed", "SignatureDoesNotMatch",
                                        "InvalidSignatureException"};
    static const char *const slow[] = {"Throttling", "ThrottlingException", "RequestThrottled",
                                       "RequestLimitExceeded", "TooManyRequestsException",
                                       "SlowDown", "EC2ThrottledException"};
    static const char *const wire[] = {ERR_NETWORK, ERR_TIMEOUT};
    if (is_of(e, keys, COUNT(keys)))
        return "Get new credentials, or use another --profile (`cordon doctor` shows which are used).";
    if (is_of(e, clock, COUNT(clock)))
        return "`cordon doctor` compares this machine's clock with AWS's, and shows which keys are "
               "used.";
    if (is_of(e, slow, COUNT(slow)))
        return "AWS limits this account's calls at the moment: wait a minute.";
    if (error_is_denial(e))
        return "Allow it to these credentials, or use another --profile.";
    if (e->status >= 300 && e->status < 400)
        return "Give the endpoint itself: see --endpoint-url, AWS_ENDPOINT_URL and the proxy's "
               "settings.";
    if (is_of(e, wire, COUNT(wire)))
        return "Look at the network between here and AWS; `cordon doctor` tries it.";
    if (e->status >= 500)
        return "The fault is AWS's, or something's on the way there: wait a minute.";
    return "";
}

void say_error(struct console *c, const struct err *e) {
    const char *way = way_on(e);
    console_error(c, e);
    if (*way) console_say(c, STYLE_CARE, "%s", way);
}

int end_with_error(struct host *h, const struct err *e) {
    say_error(h->console, e);
    return loop_signal(h->loop) ? 128 + loop_signal(h->loop) : error_exit(e);
}

// --- how it ended ------------------------------------------------------------------

// The step that did not end well; NULL when none was begun.
static const struct planned_step *stopped_in(const struct plan *p, size_t *number) {
    const struct planned_step *found = NULL;
    for (size_t i = 0; i < p->step_count; i++) {
        const struct planned_step *step = &p->steps[i];
        if (step->state != STEP_BEGUN && (step->state != STEP_FAILED || step->warn)) continue;
        *number = i + 1;
        found = step;
    }
    return found;
}

static void say_stopped(const struct scene *s, const struct plan *p, const struct err *e) {
    struct buf text = BUF_EMPTY;
    size_t number = 0;
    const struct planned_step *step = stopped_in(p, &number);
    buf_add_str(&text, "STOPPED");
    if (step) buf_printf(&text, " in step %zu, %s", number, step->title);
    bool says_itself = err_is(e, ERR_PLAYBOOK) || err_is(e, ERR_INTERRUPTED);
    if (!says_itself && !strstr(e->message, e->code))
        buf_printf(&text, ": %s", e->code);
    buf_printf(&text, ": %s", e->message);
    if (*e->operation && !strstr(e->message, e->operation))
        buf_printf(&text, " (%s)", e->operation);
    console_say(s->console, STYLE_ALARM, "%s", buf_str(&text));
    buf_free(&text);
}

void say_outcome(const struct scene *s, const struct plan *p, const struct outcome *o) {
    if (o->finished && !o->warned && !o->not_verified)
        console_say(s->console, STYLE_GOOD, "DONE%s",
                    o->changed ? "" : ": nothing had to be changed");
    else if (o->finished && o->not_verified)
        console_say(s->console, STYLE_ALARM, "DONE, BUT NOT VERIFIED: see above");
    else if (o->finished)
        console_say(s->console, STYLE_CARE, "DONE, BUT A STEP FAILED: see above");
    else say_stopped(s, p, &o->err);
}

// --- how far it came ---------------------------------------------------------------

static void add_calls(const struct plan *p, const struct planned_step *step, struct buf *out) {
    size_t done = 0, unknown = 0;
    for (size_t i = 0; i < step->count; i++) {
        const struct planned_call *c = p->calls[step->first + i];
        done += c->succeeded;
        unknown += c->unknown && !c->succeeded;
    }
    if (step->count) buf_printf(out, ", %zu of its %zu calls took effect", done, step->count);
    if (unknown) buf_printf(out, ", of %zu it is not known", unknown);
}

static void describe(const struct plan *p, const struct planned_step *step, struct buf *out) {
    switch (step->state) {
    case STEP_NOT_BEGUN: buf_add_str(out, "not begun"); return;
    case STEP_SKIPPED: buf_add_str(out, "skipped"); return;
    case STEP_DONE: buf_add_str(out, "done"); return;
    case STEP_BEGUN: buf_add_str(out, "NOT FINISHED"); break;
    case STEP_FAILED: buf_add_str(out, "FAILED"); break;
    }
    add_calls(p, step, out);
}

static void add_row(struct columns *t, const struct plan *p, size_t index) {
    struct buf title = BUF_EMPTY, state = BUF_EMPTY;
    buf_printf(&title, "  %zu. %s", index + 1, p->steps[index].title);
    describe(p, &p->steps[index], &state);
    columns_add(t, (const char *const[]){buf_str(&title), buf_str(&state)}, 200);
    buf_free(&title);
    buf_free(&state);
}

void say_steps(const struct scene *s, const struct plan *p) {
    bool begun = false;
    for (size_t i = 0; i < p->step_count; i++) begun |= p->steps[i].state != STEP_NOT_BEGUN;
    struct columns *t = begun ? columns_new(2) : NULL;
    for (size_t i = 0; t && i < p->step_count; i++) add_row(t, p, i);
    if (t) console_table(s->console, t);
    columns_free(t);
}
