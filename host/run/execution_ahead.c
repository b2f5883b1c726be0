// execution_ahead.c - the next step's reads while this one works.
#include "run/execution_ahead.h"

#include "plan/binding.h"

void execution_drop_ahead(struct execution *x) {
    x->advice.ahead = NULL;
    inquiry_free(&x->ahead);
}

// When nobody will be asked about the next step, nobody should wait for its reads either.
void execution_look_ahead(struct execution *x, size_t next) {
    if (next >= x->plan->step_count || confirm_will_ask(x->confirm, x->plan, next + 1)) return;
    const struct planned_step *s = &x->plan->steps[next];
    advise_ahead(&x->advice, &x->ahead, x->plan->calls + s->first, s->count);
}

// What this step changed is no longer as it was read ahead.
void execution_outdate_ahead(struct execution *x, size_t index) {
    const struct planned_step *s = &x->plan->steps[index];
    for (size_t i = 0; x->advice.ahead && i < s->count; i++) {
        struct err e;
        struct val *params =
            binding_apply(x->gate->bindings, x->plan->calls[s->first + i]->params, &e);
        if (!params) execution_drop_ahead(x);
        else inquiry_outdate(&x->ahead, params);
        val_unref(params);
    }
}

// The step's calls are made. What it changed is read again for the next step, while the playbook
// reads it back: in the middle of a cut that nobody is asked about it would cost a round trip.
void execution_look_again(void *ctx) {
    struct execution *x = ctx;
    execution_outdate_ahead(x, x->gate->step);
    execution_look_ahead(x, x->gate->step + 1);
    x->ahead_is_last = x->advice.ahead != NULL;
    x->gate->slept = false;
}
