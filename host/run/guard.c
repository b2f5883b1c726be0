// guard.c - reads tags and instances beside the plan's own reads.
#include "run/guard.h"

#include <stdlib.h>
#include <string.h>

#include "plan/binding.h"
#include "run/own_machine.h"
#include "run/reads.h"

// A resource has 50 tags at most, and a page 1000: no second page.
#define IDS_AT_ONCE 20
#define MOST_IDS 5000

// One DescribeTags.
struct tag_read {
    struct tag_read *next;
    struct guard *guard;
    struct val *ids;
};

bool guard_init(struct guard *g, struct host *h, struct live *live, const struct scene *s,
                bool changes, struct err *e) {
    *g = (struct guard){.host = h, .live = live, .scene = s};
    g->batch.loop = h->loop;
    g->instances = val_map();
    g->tags = val_map();
    g->own = val_map();
    g->asked = val_map();
    g->scope = (struct policy_scope){.policy = h->policy,
                                     .wanted_account = h->account,
                                     .ticket = h->ticket,
                                     .max_hit = h->max_hit,
                                     .changes = changes,
                                     .tags = g->tags,
                                     .own = g->own};
    return (g->instances && g->tags && g->own && g->asked) || err_memory(e);
}

void guard_free(struct guard *g) {
    batch_leave(&g->batch);
    for (struct tag_read *r = g->reads, *next; r; r = next) {
        next = r->next;
        val_unref(r->ids);
        free(r);
    }
    val_unref(g->instances);
    val_unref(g->tags);
    val_unref(g->own);
    val_unref(g->asked);
    *g = (struct guard){0};
}

// --- what the arguments name --------------------------------------------------------------

static void keep(struct guard *g, bool ok) {
    if (ok || g->failed) return;
    g->failed = true;
    err_memory(&g->err);
}

static bool set_tag(struct val *map, const struct val *tag) {
    return val_set(map, val_get_str(tag, "Key", "?"), val_cstr(val_get_str(tag, "Value", "")));
}

static struct val *tags_of(const struct val *instance) {
    const struct val *tags = val_get(instance, "Tags");
    struct val *map = val_map();
    bool ok = map != NULL;
    for (size_t i = 0; ok && i < val_count(tags); i++) ok = set_tag(map, val_at(tags, i));
    if (ok) return map;
    val_unref(map);
    return NULL;
}

static void keep_instance(struct guard *g, const struct val *instance, const struct val *addresses) {
    const char *id = val_get_str(instance, "InstanceId", NULL);
    if (!id) return;
    keep(g, val_set(g->instances, id, val_ref(instance)) && val_set(g->tags, id, tags_of(instance)));
    const char *own = own_address_of(addresses, instance);
    if (own)
        keep(g, val_set(g->own, id,
                        val_printf("this machine has its address %s, so you would cut off "
                                   "yourself; if that is a coincidence, add  --ignore-own-address",
                                   own)));
}

static void instances_answered(void *ctx, const struct aws_reply *reply) {
    struct guard *g = ctx;
    const struct val *reservations = val_get(reply->ok ? reply->value : NULL, "Reservations");
    struct val *addresses = g->host->backend.aws && !g->host->ignore_own_address ? own_addresses() : NULL;
    g->instances_unknown = !reply->ok;
    for (size_t i = 0; i < val_count(reservations); i++) {
        const struct val *instances = val_get(val_at(reservations, i), "Instances");
        for (size_t k = 0; k < val_count(instances); k++)
            keep_instance(g, val_at(instances, k), addresses);
    }
    val_unref(addresses);
}

static bool start(struct guard *g, const char *operation, struct val *params, aws_done *done,
                  void *ctx, struct err *e) {
    const struct operation *op = model_operation(g->host->model, "ec2", operation, e);
    struct answerer live = live_answerer(g->live);
    struct aws_call call = {.op = op, .params = params};
    return op && batch_add(&g->batch, &live, &call, done, ctx, e);
}

// The playbook has mostly asked the very same, and the answer is remembered.
static bool ask_instances(struct guard *g, struct err *e) {
    struct val *ids = scene_instances(g->scene), *params = val_map();
    bool ok = (ids && params && val_set(params, "InstanceIds", val_ref(ids))) || err_memory(e);
    if (ok && val_count(ids)) ok = start(g, "describe_instances", params, instances_answered, g, e);
    for (size_t i = 0; ok && i < val_count(ids); i++)
        ok = val_set(g->asked, val_as_str(val_at(ids, i), ""), val_bool(true)) || err_memory(e);
    val_unref(ids);
    val_unref(params);
    return ok;
}

// --- the tags of the rest --------------------------------------------------------------------

static bool add_tag(struct guard *g, const struct val *tag) {
    const char *id = val_get_str(tag, "ResourceId", "");
    const struct val *old = val_get(g->tags, id);
    struct val *map = old ? val_copy(old) : val_map();
    if (map && set_tag(map, tag)) return val_set(g->tags, id, map);
    val_unref(map);
    return false;
}

static void tags_answered(void *ctx, const struct aws_reply *reply) {
    struct tag_read *r = ctx;
    const struct val *tags = val_get(reply->ok ? reply->value : NULL, "Tags");
    const char *more = val_get_str(reply->ok ? reply->value : NULL, "NextToken", "");
    if (!reply->ok || *more) return;
    for (size_t i = 0; i < val_count(r->ids); i++)
        keep(r->guard, val_set(r->guard->tags, val_as_str(val_at(r->ids, i), ""), val_map()));
    for (size_t i = 0; i < val_count(tags); i++) keep(r->guard, add_tag(r->guard, val_at(tags, i)));
}

static struct val *tag_params(const struct val *ids) {
    struct val *params = val_map(), *filters = val_list();
    bool ok = params && filters && val_append(filters, reads_filter("resource-id", val_ref(ids))) &&
              val_set(params, "Filters", val_ref(filters)) &&
              val_set(params, "MaxResults", val_int(1000));
    val_unref(filters);
    if (ok) return params;
    val_unref(params);
    return NULL;
}

// Takes over `ids`.
static bool read_tags(struct guard *g, struct val *ids, struct err *e) {
    struct tag_read *r = calloc(1, sizeof *r);
    struct val *params = tag_params(ids);
    if (!r || !params) {
        free(r);
        val_unref(params);
        val_unref(ids);
        return err_memory(e);
    }
    *r = (struct tag_read){.next = g->reads, .guard = g, .ids = ids};
    g->reads = r;
    bool ok = start(g, "describe_tags", params, tags_answered, r, e);
    val_unref(params);
    return ok;
}

static bool is_askable(const struct guard *g, const char *id) {
    return !strstr(id, "-(planned-") && strchr(id, '-') && !strchr(id, ':') && !strchr(id, '/') &&
           !val_get(g->asked, id) && val_count(g->asked) < MOST_IDS;
}

static bool read_missing(struct guard *g, const struct val *ids, struct err *e) {
    struct val *some = val_list();
    bool ok = some || err_memory(e);
    for (size_t i = 0; ok && i < val_count(ids); i++) {
        const char *id = val_key_at(ids, i);
        if (!is_askable(g, id)) continue;
        ok = (val_append(some, val_cstr(id)) && val_set(g->asked, id, val_bool(true))) || err_memory(e);
        if (!ok || val_count(some) < IDS_AT_ONCE) continue;
        ok = read_tags(g, some, e);
        some = ok ? val_list() : NULL;
        if (ok && !some) ok = err_memory(e);
    }
    if (ok && val_count(some)) return read_tags(g, some, e);
    val_unref(some);
    return ok;
}

static bool ask_tags(struct guard *g, struct planned_call *const *calls, size_t count,
                     struct err *e) {
    if (!policy_protects_tags(g->scope.policy)) return true;
    struct val *ids = val_map();
    bool ok = ids || err_memory(e);
    for (size_t i = 0; ok && i < count; i++)
        ok = policy_touched(calls[i], calls[i]->params, ids) || err_memory(e);
    ok = ok && read_missing(g, ids, e);
    val_unref(ids);
    return ok;
}

// --- the judgement -----------------------------------------------------------------------------

static bool know_place(struct guard *g) {
    const char *own = own_instance(val_get_str(g->scene->identity, "Arn", ""));
    g->scope.account = scene_account(g->scene);
    g->scope.region = g->scene->region;
    g->scope.named = g->scene->labels;
    return !own || g->host->ignore_own_address ||
           val_set(g->own, own, val_cstr("this machine runs on it, so you would cut off yourself"));
}

bool guard_ask(struct guard *g, struct planned_call *const *calls, size_t count, struct err *e) {
    return (know_place(g) || err_memory(e)) && ask_instances(g, e) && ask_tags(g, calls, count, e);
}

static bool wait_for_all(struct guard *g, struct err *e) {
    if (!batch_wait(&g->batch, e)) return false;
    if (g->failed) *e = g->err;
    return !g->failed;
}

bool guard_learn(struct guard *g, struct planned_call *const *calls, size_t count, struct err *e) {
    return wait_for_all(g, e) && ask_tags(g, calls, count, e) && wait_for_all(g, e);
}

static bool refuse(const struct val *reasons, bool ticket_alone, struct err *e) {
    struct buf all = BUF_EMPTY;
    for (size_t i = 0; i < val_count(reasons); i++)
        buf_printf(&all, "%s%s", i ? "; " : "", val_as_str(val_at(reasons, i), ""));
    if (ticket_alone) err_set(e, ERR_USAGE, "%s", buf_str(&all));
    else err_set(e, ERR_POLICY, "refused: %s. Nothing was changed", buf_str(&all));
    buf_free(&all);
    return false;
}

bool guard_permits(const struct guard *g, const struct plan *p, struct err *e) {
    bool ticket_alone;
    struct val *reasons = policy_judge_plan(&g->scope, p, &ticket_alone);
    if (!reasons) return err_memory(e);
    bool ok = !val_count(reasons) || refuse(reasons, ticket_alone, e);
    val_unref(reasons);
    return ok;
}

bool guard_permits_call(struct guard *g, struct planned_call *c, const struct val *created,
                        struct err *e) {
    struct val *others = val_map();
    bool ok = (others || err_memory(e)) && ask_tags(g, &c, 1, e) && wait_for_all(g, e) &&
              policy_judge_call(&g->scope, c, c->op, c->params, created, others, e);
    val_unref(others);
    return ok;
}
