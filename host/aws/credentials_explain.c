// credentials_explain.c - the resolver's decisions, told.
//
// Owns: the list of what is looked at for keys and why each was taken or not. It decides
// nothing: it asks the same table in the same order, and holds it against the plan.
#include <string.h>

#include "aws/credential_sources.h"
#include "base/val.h"

static bool add(struct val *list, const char *source, const char *state, struct val *why) {
    struct val *row = val_map();
    bool ok = row != NULL && val_set(row, "why", val_ref(why)) &&
              val_set(row, "source", val_cstr(source)) && val_set(row, "state", val_cstr(state));
    val_unref(why);
    if (ok) return val_append(list, row);
    val_unref(row);
    return false;
}

static bool tell_roles(struct val *list, const struct credential_plan *plan, const char *used) {
    bool ok = true;
    for (size_t i = 0; plan != NULL && i < plan->role_count; i++) {
        const struct role *r = &plan->roles[i];
        ok = ok && add(list, "role", used,
                       val_printf("profile %.100s: %.300s%s%s", r->profile, r->arn,
                                  r->mfa_serial != NULL ? ", with a code of " : "",
                                  r->mfa_serial != NULL ? r->mfa_serial : ""));
    }
    return ok;
}

static const char *profile_of(const struct config *c, const struct credential_plan *plan) {
    return plan != NULL && plan->base_profile != NULL ? plan->base_profile : c->profile;
}

static bool tell_source(struct val *list, const struct config *c,
                        const struct credential_plan *plan, const struct credential_source *s,
                        const char *used, bool reached) {
    const char *profile = profile_of(c, plan);
    bool in_profile = s->place == SOURCE_PROFILE;
    struct val *asks =
        in_profile ? val_printf("profile %.100s: %s", profile, s->asks) : val_cstr(s->asks);
    if (plan != NULL && plan->base == s) return add(list, s->name, used, asks);
    if (s->place == SOURCE_ENVIRONMENT && c->profile_by_flag) {
        val_unref(asks);
        return add(list, s->name, "skipped", val_cstr("--profile was given"));
    }
    if (reached) {
        val_unref(asks);
        return add(list, s->name, "not reached", val_cstr("an earlier source comes first"));
    }
    bool environment = plan == NULL || plan->role_count == 0 ? !c->profile_by_flag : false;
    bool there = s->configured(c, in_profile ? profile : NULL, environment);
    val_unref(asks);
    return add(list, s->name, there ? "passed over" : "not configured",
               in_profile ? val_printf("looked in profile %.100s; used when %s", profile, s->asks)
                          : val_printf("used when %s", s->asks));
}

struct val *credentials_explain(const struct config *c, const struct credential_plan *plan,
                                bool worked) {
    const char *used = worked ? "used" : "gave none";
    struct val *list = val_list();
    bool reached = false, ok = list != NULL;
    for (size_t i = 0; ok && i < CREDENTIAL_SOURCE_COUNT; i++) {
        const struct credential_source *s = &CREDENTIAL_SOURCES[i];
        if (i == 1) ok = tell_roles(list, plan, used);
        ok = ok && tell_source(list, c, plan, s, used, reached);
        reached = reached || (plan != NULL && plan->base == s);
    }
    if (ok) return list;
    val_unref(list);
    return NULL;
}
