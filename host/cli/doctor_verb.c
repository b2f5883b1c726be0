// doctor_verb.c - `doctor [PLAYBOOK key=value ...]`: why a run would go where it goes.
//
// Owns: the order and the exit code: 0 when all is well, 4 when keys, permissions or the way
// to AWS are not; a playbook that cannot be planned gives its own.
#include "cli/cli.h"
#include "cli/doctor.h"
#include "run/outcome.h"

static void tell(struct host *h, struct val *report) {
    struct buf text = BUF_EMPTY;
    if (h->json) {
        console_event(h->console, "doctor", val_ref(report));
        return;
    }
    doctor_show(report, &text);
    console_data(h->console, buf_str(&text), text.len);
    buf_free(&text);
}

// A call that would be denied makes the playbook unfit to run.
static bool all_permitted(const struct val *plan) {
    const struct val *calls = val_get(plan, "calls");
    for (size_t i = 0; i < val_count(calls); i++)
        if (val_as_bool(val_get(val_at(calls, i), "denied"), false)) return false;
    return true;
}

int verb_doctor(struct host *h, const struct options *o) {
    struct err e;
    bool healthy = false;
    int code = EXIT_DONE;
    if (backend_is_simulated(&h->backend))
        return usage(h, "doctor looks at AWS and the way there: --sim has neither; leave it out");
    struct val *report = doctor_facts(h, &healthy);
    if (report && healthy && o->word_count > 1) {
        struct val *plan = doctor_plan(h, o, &code);
        if (plan && !all_permitted(plan)) code = EXIT_PERMISSION;
        if (plan && !val_set(report, "plan", plan)) healthy = false;
    }
    if (!report) {
        err_memory(&e);
        console_error(h->console, &e);
        return EXIT_FAILED;
    }
    tell(h, report);
    val_unref(report);
    if (loop_signal(h->loop)) return 128 + loop_signal(h->loop);
    return healthy ? code : EXIT_PERMISSION;
}
