// policy_check.c - reasons against a plan or a call.
#include "gate/policy_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "plan/binding.h"

struct judging {
    const struct policy_scope *scope;
    const struct val *created;
    struct val *reasons;  // texts
    bool memory;
};

static void object(struct judging *j, struct val *text) {
    const char *reason = val_as_str(text, NULL);
    if (!reason) j->memory = true;
    else if (!val_mentions(j->reasons, reason)) j->memory |= !val_append(j->reasons, val_ref(text));
    val_unref(text);
}

int64_t policy_ceiling(const struct policy_scope *s) {
    int64_t policy = policy_max_hit(s->policy);
    if (s->max_hit < 0) return policy;
    return policy < 0 || s->max_hit < policy ? s->max_hit : policy;
}

// --- the place -----------------------------------------------------------------------

static void judge_place(struct judging *j) {
    const struct policy_scope *s = j->scope;
    if (s->wanted_account && strcmp(s->wanted_account, s->account) != 0)
        object(j, val_printf("--account says %s, and these credentials are of account %s: use another "
                             "--profile",
                             s->wanted_account, s->account));
    if (!policy_allows_account(s->policy, s->account))
        object(j, val_printf("account %s is not among the policy's accounts", s->account));
    if (!policy_allows_region(s->policy, s->region ? s->region : ""))
        object(j, val_printf("Region %s is not among the policy's regions", s->region ? s->region : "?"));
    int64_t policy = policy_max_hit(s->policy);
    if (policy >= 0 && s->max_hit > policy)
        object(j, val_printf("--max-hit %" PRId64 " is more than the policy's max_hit %" PRId64
                             ": a flag can only lower it",
                             s->max_hit, policy));
}

// --- what is touched -------------------------------------------------------------------

bool policy_touched(const struct planned_call *c, const struct val *params, struct val *ids) {
    struct val *subjects = subjects_of(params);
    const struct val *hits = c ? c->hits : NULL, *target = val_get(hits, "target"),
                     *others = val_get(hits, "others");
    bool ok = subjects != NULL;
    for (size_t i = 0; ok && i < val_count(subjects); i++)
        ok = val_set(ids, val_as_str(val_at(subjects, i), ""), val_bool(true));
    for (size_t i = 0; ok && i < val_count(target); i++)
        ok = val_set(ids, val_as_str(val_at(target, i), "?"), val_bool(true));
    for (size_t i = 0; ok && i < val_count(others); i++)
        ok = val_set(ids, val_get_str(val_at(others, i), "id", "?"), val_bool(true));
    val_unref(subjects);
    return ok;
}

// What is made by the run is nobody's yet.
static bool is_made(const struct judging *j, const char *id) {
    return strstr(id, "-(planned-") || val_mentions(j->created, id);
}

// Only what EC2 knows by an id of its own can be asked for its tags.
static bool has_tags(const char *id) {
    return strchr(id, '-') && !strchr(id, ':') && !strchr(id, '/');
}

static void judge_id(struct judging *j, const char *call, const char *id) {
    const struct policy_scope *s = j->scope;
    const struct val *tags = val_get(s->tags, id), *own = val_get(s->own, id);
    const char *tag = policy_protecting_tag(s->policy, tags);
    if (is_made(j, id)) return;
    if (own) object(j, val_printf("%s: %s", id, val_as_str(own, "")));
    if (policy_protects_id(s->policy, id))
        object(j, val_printf("%s touches %s, which the policy protects", call, id));
    else if (tag)
        object(j, val_printf("%s touches %s, which its tag %s=%s protects", call, id, tag,
                             val_get_str(tags, tag, "")));
    else if (!tags && policy_protects_tags(s->policy) && has_tags(id))
        object(j, val_printf("%s touches %s, whose tags could not be read, and the policy protects by "
                             "tags: allow ec2:DescribeTags",
                             call, id));
}

// Protected ids are not even referred to.
static void judge_names(struct judging *j, const char *call, const struct val *v) {
    const char *text = val_as_str(v, NULL);
    if (text && policy_protects_id(j->scope->policy, text))
        object(j, val_printf("%s touches %s, which the policy protects", call, text));
    for (size_t i = 0; !text && i < val_count(v); i++) judge_names(j, call, val_at(v, i));
}

static void judge_touched(struct judging *j, const struct planned_call *c,
                          const struct operation *op, const struct val *params) {
    struct val *ids = val_map();
    if (!ids || !policy_touched(c, params, ids)) j->memory = true;
    for (size_t i = 0; i < val_count(ids); i++) judge_id(j, op->name, val_key_at(ids, i));
    judge_names(j, op->name, params);
    val_unref(ids);
}

// --- how many others -------------------------------------------------------------------

static bool is_named(const struct judging *j, const char *id) {
    return val_mentions(j->scope->named, id);
}

static void count_others(struct judging *j, const struct planned_call *c, const struct operation *op,
                         struct val *others) {
    if (policy_ceiling(j->scope) < 0) return;
    const struct val *list = val_get(c ? c->hits : NULL, "others");
    if (!c || val_is_nil(c->hits))
        object(j, val_printf("it is not known what %s hits, so no ceiling can be kept", op->name));
    for (size_t i = 0; i < val_count(list); i++) {
        const char *id = val_get_str(val_at(list, i), "id", "?");
        if (!is_named(j, id)) j->memory |= !val_set(others, id, val_bool(true));
    }
}

static void judge_count(struct judging *j, const struct val *others) {
    int64_t ceiling = policy_ceiling(j->scope), count = (int64_t)val_count(others);
    if (ceiling >= 0 && count > ceiling)
        object(j, val_printf("%" PRId64 " others would be hit, %s among them; at most %" PRId64
                             " may be (max_hit)",
                             count, val_key_at(others, 0), ceiling));
}

// --- the judgements ----------------------------------------------------------------------

struct val *policy_judge_plan(const struct policy_scope *s, const struct plan *p, bool *ticket_alone) {
    struct judging j = {.scope = s, .reasons = val_list()};
    struct val *others = val_map();
    struct err e;
    j.memory = !j.reasons || !others;
    if (!j.memory) judge_place(&j);
    for (size_t i = 0; !j.memory && i < p->call_count; i++) {
        const struct planned_call *c = p->calls[i];
        judge_touched(&j, c, c->op, c->params);
        count_others(&j, c, c->op, others);
    }
    if (!j.memory) judge_count(&j, others);
    *ticket_alone = !val_count(j.reasons);
    if (!j.memory && s->changes && p->call_count && !policy_ticket(s->policy, s->ticket, &e)) {
        j.memory |= err_is(&e, ERR_MEMORY);
        object(&j, val_cstr(e.message));
    }
    val_unref(others);
    if (!j.memory) return j.reasons;
    val_unref(j.reasons);
    return NULL;
}

bool policy_judge_call(const struct policy_scope *s, const struct planned_call *c,
                       const struct operation *op, const struct val *params,
                       const struct val *created, struct val *others, struct err *e) {
    struct judging j = {.scope = s, .created = created, .reasons = val_list()};
    struct err ticket;
    j.memory = !j.reasons;
    if (!j.memory) {
        judge_place(&j);
        judge_touched(&j, c, op, params);
        count_others(&j, c, op, others);
        judge_count(&j, others);
        if (!policy_ticket(s->policy, s->ticket, &ticket)) object(&j, val_cstr(ticket.message));
    }
    bool ok = !j.memory && !val_count(j.reasons);
    if (j.memory) err_memory(e);
    else if (!ok) err_set(e, ERR_POLICY, "%s; nothing was sent", val_as_str(val_at(j.reasons, 0), ""));
    val_unref(j.reasons);
    return ok;
}
