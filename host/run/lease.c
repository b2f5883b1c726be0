// lease.c - what the plan says of the lease; setting, looking, renewing, ending.
#include "run/lease.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/runs.h"
#include "run/reads.h"

#define LASTS_US ((int64_t)15 * 60 * 1000000)
// While somebody is asked: how often it is looked who holds the instances.
#define TICK_MS 15000
#define PATIENCE_MS 8000

// By AWS's clock, as far as it is known: both hosts compare with the same.
static int64_t now_us(const struct lease *l) {
    int64_t offset = 0;
    if (l->host->backend.aws && !aws_clock_offset(l->host->backend.aws, &offset)) offset = 0;
    return clock_now_us() + offset;
}

// --- who holds it --------------------------------------------------------------------

static void name_holder(char out[128]) {
    char host[64] = "";
    const struct passwd *user = getpwuid(getuid());
    gethostname(host, sizeof host - 1);
    snprintf(out, 128, "%.40s/%.60s", user ? user->pw_name : "?", host);
}

// A run of this machine: it is over, since its lock was free.
static bool is_left_here(const char *run) {
    struct buf path = BUF_EMPTY;
    struct err e;
    struct stat st;
    bool there = !strchr(run, '/') && *run != '.' && runs_folder(&path, &e);
    buf_printf(&path, "/%s", run);
    there = there && !path.failed && stat(path.data, &st) == 0;
    buf_free(&path);
    return there;
}

// "2026-11-24 02:15:30" of a run id that begins with 20261124T021530Z.
static void since(const char *run, char out[32]) {
    char iso[CLOCK_ISO_SIZE];
    int64_t us;
    snprintf(out, 32, "?");
    if (strlen(run) < 16 || !clock_parse(run, 16, &us)) return;
    clock_iso_us(us, iso);
    snprintf(out, 32, "%.10s %.8s", iso, iso + 11);
}

static bool held(const struct lease_text *t, const char *id, struct err *e) {
    char began[32], until[CLOCK_ISO_SIZE];
    since(t->run, began);
    clock_iso_us(t->until_us, until);
    return err_set(e, ERR_BUSY,
                   "%s is held by %s, run %s, since %s until %.10s %.8s UTC: ask there, wait for it "
                   "to end, or take it over with  --ignore-lease. Nothing was changed",
                   id, t->holder, t->run, began, until, until + 11);
}

static const char *tag_of(const struct val *instance) {
    const struct val *tags = val_get(instance, "Tags");
    for (size_t i = 0; i < val_count(tags); i++)
        if (strcmp(val_get_str(val_at(tags, i), "Key", ""), LEASE_TAG) == 0)
            return val_get_str(val_at(tags, i), "Value", "");
    return NULL;
}

static bool judge(const struct lease *l, const char *id, const char *text, struct err *e) {
    struct lease_text t;
    if (!text || !*text) return true;
    if (!lease_parse(text, now_us(l), &t)) {
        console_warn(l->scene->console, "%s has a tag %s that is no lease of cordon's; it is "
                                        "not minded: %.100s",
                     id, LEASE_TAG, text);
        return true;
    }
    if (t.until_us <= now_us(l) || strcmp(t.run, l->run) == 0 || is_left_here(t.run)) return true;
    if (!l->host->ignore_lease) return held(&t, id, e);
    console_warn(l->scene->console, "%s is held by %s, run %s; it is taken over (--ignore-lease)", id,
                 t.holder, t.run);
    return true;
}

// An intruder who reads the instance's tags in its metadata would see the lease.
static bool shows_tags(const struct val *instance) {
    const struct val *options = val_get(instance, "MetadataOptions");
    return strcmp(val_get_str(options, "InstanceMetadataTags", ""), "enabled") == 0;
}

bool lease_plan(struct lease *l, const struct guard *g, struct gate *gate, const char *run,
                struct err *e) {
    *l = (struct lease){.host = g->host, .gate = gate, .live = g->live, .scene = g->scene, .run = run};
    l->ids = val_list();
    l->told = val_list();
    if (!l->ids || !l->told) return err_memory(e);
    name_holder(l->holder);
    l->idle = true;
    if (!g->host->backend.aws) return true;
    if (g->instances_unknown)
        console_warn(l->scene->console, "the instance could not be described, so another run's lease "
                                        "on it would not be seen");
    for (size_t i = 0; i < val_count(g->instances); i++) {
        const char *id = val_key_at(g->instances, i);
        const struct val *instance = val_at(g->instances, i);
        if (!judge(l, id, tag_of(instance), e)) return false;
        if (!val_append(shows_tags(instance) ? l->told : l->ids, val_cstr(id))) return err_memory(e);
    }
    l->until_us = now_us(l) + LASTS_US;
    lease_write(run, l->holder, l->until_us, l->text);
    return true;
}

void lease_show(const struct lease *l) {
    for (size_t i = 0; i < val_count(l->ids); i++)
        console_say(l->scene->console, STYLE_PLAIN,
                    "  +  %s  tag " LEASE_TAG "  \"%s\"  (with the first change; taken away at the end)",
                    val_as_str(val_at(l->ids, i), ""), l->text);
    for (size_t i = 0; i < val_count(l->told); i++)
        console_say(l->scene->console, STYLE_CARE,
                    "  no lease is set on %s: it can read its own tags, and would learn of this run; "
                    "another host's run would not see yours",
                    val_as_str(val_at(l->told, i), ""));
}

// --- calls -----------------------------------------------------------------------------

typedef void lease_answered(struct lease *l, const struct aws_reply *reply);

// One of the host's own calls. It lives until its answer, which may come when all else is gone.
struct lease_call {
    struct lease_call *next, **link;
    struct lease *lease;  // NULL: gone
    struct gate_request request;
    struct val *params;
    lease_answered *answered;
};

static void forget(struct lease_call *c) {
    struct lease *l = c->lease;
    if (l) {
        *c->link = c->next;
        if (c->next) c->next->link = c->link;
        l->idle = --l->under_way == 0;
    }
    val_unref(c->params);
    free(c);
}

static void on_answer(void *ctx, const struct aws_reply *reply) {
    struct lease_call *c = ctx;
    if (c->lease) c->answered(c->lease, reply);
    forget(c);
}

// Takes over `params`.
static struct lease_call *new_call(struct lease *l, struct val *params, lease_answered *answered) {
    struct lease_call *c = params ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        val_unref(params);
        return NULL;
    }
    *c = (struct lease_call){
        .next = l->calls, .link = &l->calls, .lease = l, .params = params, .answered = answered};
    if (c->next) c->next->link = &c->next;
    l->calls = c;
    l->under_way++;
    l->idle = false;
    return c;
}

static struct val *tag_params(const struct lease *l, const char *text) {
    struct val *params = val_map(), *tags = val_list(), *tag = val_map();
    bool ok = params && tags && tag && val_set(tag, "Key", val_cstr(LEASE_TAG)) &&
              val_set(tag, "Value", val_cstr(text)) && val_append(tags, val_ref(tag)) &&
              val_set(params, "Tags", val_ref(tags)) && val_set(params, "Resources", val_ref(l->ids));
    val_unref(tags);
    val_unref(tag);
    if (ok) return params;
    val_unref(params);
    return NULL;
}

static bool submit(struct lease *l, const char *operation, const char *text,
                   lease_answered *answered, bool last, struct err *e) {
    struct lease_call *c = new_call(l, tag_params(l, text), answered);
    if (!c) return err_memory(e);
    c->request = (struct gate_request){
        .branch = "", .service = "ec2", .operation = operation, .params = c->params,
        .done = on_answer, .ctx = c};
    snprintf(c->request.key, sizeof c->request.key, LEASE_KEY "%d", ++l->number);
    if (gate_submit_own(l->gate, &c->request, last, e)) return true;
    forget(c);
    return false;
}

// --- setting -----------------------------------------------------------------------------

static void look(struct lease *l);

static void on_set(struct lease *l, const struct aws_reply *reply) {
    if (reply->ok || reply->unknown) snprintf(l->standing, sizeof l->standing, "%s", l->text);
    if (!*l->standing) l->set = false;
    if (l->over) return;
    if (!reply->ok)
        console_warn(l->scene->console,
                     "the lease could not be set (%s), so another host's run would not see this one",
                     reply->err.message);
    else look(l);
}

static void set(struct lease *l) {
    struct err e;
    l->until_us = now_us(l) + LASTS_US;
    lease_write(l->run, l->holder, l->until_us, l->text);
    l->wanted = false;
    if (!*l->text || !submit(l, "create_tags", l->text, on_set, false, &e)) return;
    l->set = true;
    l->looked_step = SIZE_MAX;
}

// --- looking ---------------------------------------------------------------------------------

static void take_over(struct lease *l, const struct lease_text *t, const char *id) {
    struct err e;
    l->lost = true;
    held(t, id, &e);
    char *end = strstr(e.message, ". Nothing was changed");
    if (end) *end = '\0';
    err_prefix(&e, "another host has taken over");
    gate_latch(l->gate, &e);
    l->gate->tell(l->gate->tell_ctx, e.message);
}

static void on_look(struct lease *l, const struct aws_reply *reply) {
    const struct val *tags = val_get(reply->ok ? reply->value : NULL, "Tags");
    for (size_t i = 0; i < val_count(tags) && !l->over && !l->lost; i++) {
        struct lease_text t;
        const char *text = val_get_str(val_at(tags, i), "Value", "");
        bool other = lease_parse(text, now_us(l), &t) && strcmp(t.run, l->run) != 0 &&
                     t.until_us > now_us(l) && !is_left_here(t.run);
        if (other && (l->set || !l->host->ignore_lease)) take_over(l, &t, val_get_str(val_at(tags, i), "ResourceId", "?"));
    }
}

static struct val *look_params(const struct lease *l) {
    struct val *params = val_map(), *filters = val_list();
    bool ok = params && filters && val_append(filters, reads_filter_by("key", LEASE_TAG)) &&
              val_append(filters, reads_filter("resource-id", val_ref(l->ids))) &&
              val_set(params, "Filters", val_ref(filters));
    val_unref(filters);
    if (ok) return params;
    val_unref(params);
    return NULL;
}

// Past the memory of reads: what stands there now counts.
static void look(struct lease *l) {
    struct err e;
    const struct operation *op = model_operation(l->gate->model, "ec2", "describe_tags", &e);
    struct lease_call *c = op ? new_call(l, look_params(l), on_look) : NULL;
    if (!c) return;
    struct aws_call call = {.op = op, .params = c->params};
    l->looked_step = l->gate->step;
    if (!l->live->backend.call(l->live->backend.ctx, &call, on_answer, c, &e)) forget(c);
}

static void beside(void *ctx) {
    struct lease *l = ctx;
    if (l->wanted) set(l);
    else if (l->set && l->idle && !l->lost && l->looked_step != l->gate->step) look(l);
}

// The operator takes his time: in it another host may come, and half of ours may pass.
static void on_tick(void *ctx) {
    struct lease *l = ctx;
    l->tick = loop_timer_add(l->host->loop, TICK_MS, on_tick, l);
    if (l->over || l->lost || !l->idle || l->gate->latched) return;
    if (l->set && l->until_us - now_us(l) < LASTS_US / 2) {
        set(l);
        gate_flush(l->gate);
    } else look(l);
}

void lease_arm(struct lease *l) {
    if (!val_count(l->ids)) return;
    l->wanted = true;
    l->tick = loop_timer_add(l->host->loop, TICK_MS, on_tick, l);
    l->gate->beside = beside;
    l->gate->beside_ctx = l;
}

// --- the end -------------------------------------------------------------------------------

static void on_end(struct lease *l, const struct aws_reply *reply) {
    char until[CLOCK_ISO_SIZE];
    if (reply->ok) return;
    clock_iso_us(l->until_us, until);
    console_warn(l->scene->console, "the lease could not be taken away (%s); it ends by itself at %.8s UTC",
                 reply->err.message, until + 11);
}

static void out_of_patience(void *ctx) {
    struct lease *l = ctx;
    l->tick = NULL;
    l->idle = true;
}

// Whatever signals come: the journal is to have the outcomes.
static void wait(struct lease *l) {
    struct err e;
    if (l->idle) return;
    l->tick = loop_timer_add(l->host->loop, PATIENCE_MS, out_of_patience, l);
    if (l->tick) loop_until(l->host->loop, &l->idle, false, &e);
    loop_timer_cancel(l->tick);
    l->tick = NULL;
}

void lease_end(struct lease *l) {
    struct err e;
    loop_timer_cancel(l->tick);
    l->tick = NULL;
    if (!l->gate) return;
    l->gate->beside = NULL;
    if (!l->set) return;
    wait(l);
    l->over = true;
    if (!l->set) return;
    // Not answered in all that time: it may stand there.
    if (!*l->standing) snprintf(l->standing, sizeof l->standing, "%s", l->text);
    // Named with its value: where another's stands by now, AWS takes nothing away.
    if (submit(l, "delete_tags", l->standing, on_end, true, &e)) {
        gate_flush(l->gate);
        wait(l);
    }
    l->set = false;
}

void lease_free(struct lease *l) {
    loop_timer_cancel(l->tick);
    for (struct lease_call *c = l->calls; c; c = c->next) c->lease = NULL;
    val_unref(l->ids);
    val_unref(l->told);
    *l = (struct lease){0};
}
