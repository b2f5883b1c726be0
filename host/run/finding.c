// finding.c - accounts, then their Regions, then the instance.
#include "run/finding.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "run/batch.h"
#include "run/reads.h"

#define AT_ONCE 16
#define MOST_ACCOUNTS 500

// An account that may be asked.
struct account {
    struct host *host;
    const char *id;         // NULL: whichever the keys given are of
    const struct val *row;  // of the policy; NULL: none
    struct aws *aws;        // NULL: a world in this process
    struct val *identity, *regions;
    struct err err;
    bool failed, foreign;   // foreign: the keys are of another account
};

// The instance, in one Region of one account.
struct place {
    struct account *account;
    const char *region;
    struct aws *aws;
    struct finding *finding;
    bool memory;
};

struct search {
    struct host *host;
    struct finding *finding;
    finding_door *opens;
    struct host doors;  // `host` with a Region, which every door needs
    struct account *accounts;
    size_t count;
    struct val *params;
};

// --- what is told -----------------------------------------------------------------------

static const char *account_id(const struct account *a) {
    return val_get_str(a->identity, "Account", a->id ? a->id : "?");
}

static struct val *about(const struct account *a, const char *region) {
    const char *name = val_get_str(a->row, "name", NULL);
    struct val *v = val_map();
    bool ok = v && val_set(v, "account", val_cstr(account_id(a))) &&
              val_set(v, "account_name", name ? val_cstr(name) : val_nil()) &&
              val_set(v, "region", region ? val_cstr(region) : val_nil());
    if (ok) return v;
    val_unref(v);
    return NULL;
}

static bool tell_unasked(struct finding *f, const struct account *a, const char *region,
                         const struct err *why) {
    struct val *v = about(a, region);
    if (v && val_set(v, "error", err_to_val(why))) return val_append(f->unasked, v);
    val_unref(v);
    return false;
}

static const char *name_of(const struct val *instance) {
    const struct val *tags = val_get(instance, "Tags");
    for (size_t i = 0; i < val_count(tags); i++)
        if (strcmp(val_get_str(val_at(tags, i), "Key", ""), "Name") == 0)
            return val_get_str(val_at(tags, i), "Value", "");
    return "";
}

// By a profile where the policy names one, else by the account, whose role it is.
static bool set_way(struct val *v, const struct account *a) {
    const char *profile = val_get_str(a->row, "profile", a->host->profile);
    bool role = val_get(a->row, "role_arn") != NULL;
    return val_set(v, "profile", profile ? val_cstr(profile) : val_nil()) &&
           val_set(v, "wanted_account", role ? val_cstr(account_id(a)) : val_nil());
}

static bool tell_hit(struct place *p, const struct val *instance) {
    struct val *v = about(p->account, p->region);
    bool ok = v && set_way(v, p->account) &&
              val_set(v, "instance", val_cstr(val_get_str(instance, "InstanceId", "?"))) &&
              val_set(v, "name", val_cstr(name_of(instance))) &&
              val_set(v, "state", val_cstr(val_as_str(val_path(instance, "State", "Name", NULL), "?"))) &&
              val_set(v, "vpc", val_cstr(val_get_str(instance, "VpcId", "")));
    if (ok) return val_append(p->finding->hits, v);
    val_unref(v);
    return false;
}

// --- one place ---------------------------------------------------------------------------

static void place_answered(void *ctx, const struct aws_reply *reply) {
    struct place *p = ctx;
    bool absent = !reply->ok && text_starts(reply->err.code, "InvalidInstanceID.NotFound");
    if (!reply->ok && !absent) {
        p->memory |= !tell_unasked(p->finding, p->account, p->region, &reply->err);
        return;
    }
    p->memory |= !val_append(p->finding->asked, about(p->account, p->region));
    const struct val *reservations = val_get(reply->ok ? reply->value : NULL, "Reservations");
    for (size_t i = 0; i < val_count(reservations); i++) {
        const struct val *instances = val_get(val_at(reservations, i), "Instances");
        for (size_t k = 0; k < val_count(instances); k++)
            p->memory |= !tell_hit(p, val_at(instances, k));
    }
}

static bool call_aws(void *ctx, const struct aws_call *call, aws_done *done, void *done_ctx,
                     struct err *e) {
    return aws_start(ctx, call, done, done_ctx, e);
}

static bool start(struct search *s, struct batch *b, struct aws *aws, const char *service,
                  const char *operation, const struct val *params, aws_done *done, void *ctx,
                  struct err *e) {
    const struct operation *op = model_operation(s->host->model, service, operation, e);
    struct answerer a = aws ? (struct answerer){aws, call_aws} : s->host->backend.answers;
    struct aws_call call = {.op = op, .params = params};
    return op && batch_add(b, &a, &call, done, ctx, e);
}

static bool ask_place(struct search *s, struct batch *b, struct place *p, struct err *e) {
    if (p->account->aws) {
        p->aws = aws_elsewhere(p->account->aws, p->region, e);
        if (!p->aws) return false;
    }
    return start(s, b, p->aws, "ec2", "describe_instances", s->params, place_answered, p, e);
}

// A round: so many at once, each with connections of its own, which end with it.
static bool ask_round(struct search *s, struct place *places, size_t count, struct err *e) {
    struct batch b = {.loop = s->host->loop};
    struct err waiting;
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) ok = ask_place(s, &b, &places[i], e);
    bool waited = batch_wait(&b, &waiting);
    if (ok && !waited) *e = waiting;
    for (size_t i = 0; i < count; i++) {
        if (ok && places[i].memory) waited = err_memory(e);
        aws_free(places[i].aws);
    }
    return ok && waited;
}

static bool ask_places(struct search *s, struct err *e) {
    struct place round[AT_ONCE];
    size_t n = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < s->count; i++) {
        struct account *a = &s->accounts[i];
        for (size_t k = 0; ok && !a->failed && k < val_count(a->regions); k++) {
            round[n++] = (struct place){.account = a,
                                        .region = val_as_str(val_at(a->regions, k), "?"),
                                        .finding = s->finding};
            if (n < AT_ONCE) continue;
            ok = ask_round(s, round, n, e);
            n = 0;
        }
    }
    return ok && ask_round(s, round, n, e);
}

// --- the accounts ---------------------------------------------------------------------------

static void identity_answered(void *ctx, const struct aws_reply *reply) {
    struct account *a = ctx;
    if (reply->ok) a->identity = val_ref(reply->value);
    else a->err = reply->err;
    a->failed = !reply->ok;
}

static void judge_identity(struct account *a) {
    const char *is = val_get_str(a->identity, "Account", "");
    if (a->failed || !a->id || strcmp(is, a->id) == 0) return;
    a->failed = a->foreign = true;
    err_set(&a->err, ERR_CREDENTIALS,
            "%s are of account %.20s; give it a profile or a role_arn in the policy",
            val_get(a->row, "profile") ? "the keys of its profile" : "the keys in use", is);
    val_unref(a->identity);
    a->identity = NULL;
}

// Asks who each one that `wanted` holds for is, a bounded number at once.
static bool identify(struct search *s, bool with_role, struct err *e) {
    struct val *none = val_map();
    bool ok = none || err_memory(e);
    for (size_t i = 0; ok && i < s->count;) {
        struct batch b = {.loop = s->host->loop};
        struct err waiting;
        for (size_t n = 0; ok && n < AT_ONCE && i < s->count; i++) {
            struct account *a = &s->accounts[i];
            if (with_role && !(a->foreign && val_get(a->row, "role_arn"))) continue;
            const char *profile = val_get_str(a->row, "profile", s->host->profile);
            n++;
            a->failed = a->foreign = false;
            if (s->host->backend.aws) {
                aws_free(a->aws);
                a->aws = s->opens(&s->doors, profile, with_role ? a->row : NULL, e);
                ok = a->aws != NULL;
            }
            ok = ok && start(s, &b, a->aws, "sts", "get_caller_identity", none, identity_answered, a, e);
        }
        bool waited = batch_wait(&b, &waiting);
        if (ok && !waited) *e = waiting;
        ok = ok && waited;
    }
    for (size_t i = 0; i < s->count; i++) judge_identity(&s->accounts[i]);
    val_unref(none);
    return ok;
}

// --- their Regions -----------------------------------------------------------------------------

static void regions_answered(void *ctx, const struct aws_reply *reply) {
    struct account *a = ctx;
    const struct val *list = val_get(reply->ok ? reply->value : NULL, "Regions");
    a->regions = val_list();
    a->failed = !reply->ok || !a->regions;
    if (!reply->ok) a->err = reply->err;
    for (size_t i = 0; !a->failed && i < val_count(list); i++) {
        const char *status = val_get_str(val_at(list, i), "OptInStatus", "");
        const struct val *name = val_get(val_at(list, i), "RegionName");
        if (name && strcmp(status, "not-opted-in") != 0 && !val_append(a->regions, val_ref(name)))
            a->failed = !err_memory(&a->err);
    }
}

// The policy's, --region's, or those that the account has.
static struct val *given_regions(const struct search *s) {
    const struct val *policy = s->host->policy ? val_get(policy_value(s->host->policy), "regions") : NULL;
    struct val *one = s->host->region ? val_list() : NULL;
    if (!s->host->region) return policy ? val_ref(policy) : NULL;
    if (one && val_append(one, val_cstr(s->host->region))) return one;
    val_unref(one);
    return NULL;
}

static bool find_regions(struct search *s, struct err *e) {
    struct batch b = {.loop = s->host->loop};
    struct err waiting;
    struct val *given = given_regions(s), *none = val_map();
    bool ok = none || err_memory(e);
    for (size_t i = 0; ok && i < s->count; i++) {
        struct account *a = &s->accounts[i];
        if (a->failed) continue;
        if (given) a->regions = val_ref(given);
        else ok = start(s, &b, a->aws, "ec2", "describe_regions", none, regions_answered, a, e);
    }
    bool waited = batch_wait(&b, &waiting);
    if (ok && !waited) *e = waiting;
    val_unref(given);
    val_unref(none);
    return ok && waited;
}

// --- all of it ---------------------------------------------------------------------------------

// Any Region of theirs serves to ask who and where.
static void choose_region(struct search *s) {
    const struct val *policy = s->host->policy ? policy_value(s->host->policy) : NULL;
    s->doors = *s->host;
    if (!s->doors.region) s->doors.region = val_as_str(val_path(policy, "regions", "0", NULL), NULL);
}

static bool make_accounts(struct search *s, struct err *e) {
    const struct val *rows = s->host->policy ? val_get(policy_value(s->host->policy), "accounts") : NULL;
    size_t count = val_count(rows) < MOST_ACCOUNTS ? val_count(rows) : MOST_ACCOUNTS;
    bool one = s->host->account || !count;
    s->count = one ? 1 : count;
    s->accounts = calloc(s->count, sizeof *s->accounts);
    if (!s->accounts) return err_memory(e);
    for (size_t i = 0; i < s->count; i++) {
        const char *id = one ? s->host->account : val_key_at(rows, i);
        s->accounts[i] = (struct account){
            .host = s->host, .id = id, .row = id ? val_get(rows, id) : NULL};
    }
    return true;
}

static bool is_instance_id(const char *what) {
    return text_starts(what, "i-") && strspn(what + 2, "0123456789abcdef") == strlen(what + 2) &&
           strlen(what) >= 10;
}

static struct val *question(const char *what) {
    if (is_instance_id(what)) return reads_params("InstanceIds", val_cstr(what));
    return reads_params("Filters", reads_filter_by("tag:Name", what));
}

static bool tell_failures(struct search *s, struct err *e) {
    for (size_t i = 0; i < s->count; i++) {
        const struct account *a = &s->accounts[i];
        if (a->failed && !tell_unasked(s->finding, a, NULL, &a->err)) return err_memory(e);
    }
    return true;
}

bool finding_look(struct host *h, const char *what, finding_door *opens, struct finding *f,
                  struct err *e) {
    struct search s = {.host = h, .finding = f, .opens = opens, .params = question(what)};
    *f = (struct finding){val_list(), val_list(), val_list()};
    bool ok = (f->hits && f->asked && f->unasked && s.params) || err_memory(e);
    choose_region(&s);
    ok = ok && make_accounts(&s, e) && identify(&s, false, e) && identify(&s, true, e) &&
         find_regions(&s, e) && tell_failures(&s, e) && ask_places(&s, e);
    for (size_t i = 0; i < s.count; i++) {
        aws_free(s.accounts[i].aws);
        val_unref(s.accounts[i].identity);
        val_unref(s.accounts[i].regions);
    }
    free(s.accounts);
    val_unref(s.params);
    return ok;
}

void finding_free(struct finding *f) {
    val_unref(f->hits);
    val_unref(f->asked);
    val_unref(f->unasked);
}
