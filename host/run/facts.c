// facts.c - run.start.
#include "run/facts.h"

#include <stdlib.h>

static struct val *text_or_nil(const char *text) {
    return text ? val_cstr(text) : val_nil();
}

// A world in this process: its file when it is kept, "" when it ends with the run. Nil: another
// process's, or AWS.
static struct val *world_of(const struct scene *s) {
    if (!s->sim) return val_nil();
    char *path = s->save && *s->sim ? realpath(s->sim, NULL) : NULL;
    struct val *v = val_cstr(path ? path : "");
    free(path);
    return v;
}

struct val *run_start(const struct scene *s, const struct run_facts *f) {
    struct val *v = val_map();
    const char *account = val_get_str(s->identity, "Account", NULL);
    bool ok = v && (!f->source || origin_set(v, f->source, f->modules)) &&
              val_set(v, "playbook", val_cstr(f->playbook)) &&
              val_set(v, "started_us", f->started_us ? val_int(f->started_us) : val_nil()) &&
              val_set(v, "told_run", text_or_nil(f->told_run)) &&
              val_set(v, "plan", text_or_nil(f->plan)) &&
              val_set(v, "args", f->args ? val_ref(f->args) : val_map()) &&
              val_set(v, "operator", text_or_nil(f->operator_name)) &&
              val_set(v, "account", text_or_nil(account)) &&
              val_set(v, "region", text_or_nil(s->region)) &&
              val_set(v, "profile", text_or_nil(s->profile)) &&
              val_set(v, "wanted_account", text_or_nil(s->wanted_account)) &&
              val_set(v, "policy", text_or_nil(s->policy)) &&
              val_set(v, "endpoint_url", text_or_nil(s->endpoint_url)) &&
              val_set(v, "backend", val_cstr(scene_is_simulated(s) ? "simulator" : "aws")) &&
              val_set(v, "world", world_of(s)) && val_set(v, "ticket", text_or_nil(s->ticket)) &&
              val_set(v, "version", val_cstr(CORDON_VERSION));
    if (ok) return v;
    val_unref(v);
    return NULL;
}
