// snapshot_verb.c - `snapshot VPC --out FILE`: a copy of a VPC, to drill on.
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "run/outcome.h"
#include "run/single.h"
#include "run/snapshot.h"
#include "run/world_file.h"

// The copy's account and Region are the caller's.
static bool tell_identity(const struct single *s, struct err *e) {
    const struct advisor *a = s->host->advisor;
    struct val *call = val_map();
    bool ok = call && val_set(call, "service", val_cstr("sts")) &&
              val_set(call, "operation", val_cstr("get_caller_identity")) &&
              val_set(call, "region", val_cstr(s->scene.region));
    ok = ok ? a->rehearsal_seen(a->ctx, call, s->scene.identity, e) : err_memory(e);
    val_unref(call);
    return ok;
}

static bool ask(const struct host *h, const char *function, const char *vpc, struct val **answer,
                struct err *e) {
    struct val *about = val_map();
    bool ok = about && val_set(about, "vpc", val_cstr(vpc)) &&
              val_set(about, "at", val_int(clock_now_us()));
    ok = ok ? h->advisor->world(h->advisor->ctx, function, about, answer, e) : err_memory(e);
    val_unref(about);
    return ok;
}

static bool take(struct single *s, const char *vpc, struct val **kept, struct err *e) {
    struct host *h = s->host;
    struct val *ignored = NULL;
    bool ok = h->advisor->rehearsal_begin(h->advisor->ctx, e) && tell_identity(s, e) &&
              ask(h, "want_vpc", vpc, &ignored, e) &&
              snapshot_take(&s->live, h->model, h->advisor, e) &&
              ask(h, "keep_vpc", vpc, kept, e);
    val_unref(ignored);
    if (ok && val_get(*kept, "error"))
        return err_set(e, ERR_USAGE, "%s", val_get_str(*kept, "error", ""));
    return ok;
}

static void say(const struct single *s, const char *vpc, const char *path, const struct val *kept) {
    const struct val *missing = val_get(kept, "missing");
    struct buf head = BUF_EMPTY;
    scene_headline(&s->scene, "SNAPSHOT", &head);
    console_say(s->scene.console, STYLE_BOLD, "%s", buf_str(&head));
    buf_free(&head);
    for (size_t i = 0; i < val_count(missing); i++)
        console_warn(s->scene.console, "not in it, because it could not be read: %s",
                     val_as_str(val_at(missing, i), ""));
    console_say(s->scene.console, STYLE_PLAIN, "%s: %lld resources of %s; cordon --sim=%s runs on them",
                path, (long long)val_as_int(val_get(kept, "resources"), 0), vpc, path);
}

static bool snapshot(struct single *s, const char *vpc, const char *path, struct err *e) {
    struct val *kept = NULL;
    bool ok = take(s, vpc, &kept, e) && world_save(s->host->advisor, "snapshot", path, e);
    if (ok) say(s, vpc, path, kept);
    val_unref(kept);
    return ok;
}

int verb_snapshot(struct host *h, const struct options *o) {
    struct single s;
    struct err e;
    if (o->word_count != 2 || !o->out) {
        err_set(&e, ERR_USAGE, "snapshot takes a VPC's id and where to: cordon snapshot vpc-0ab1... "
                               "--out FILE");
        console_error(h->console, &e);
        return EXIT_USAGE;
    }
    bool ok = single_begin(&s, h, &e) && snapshot(&s, o->words[1], o->out, &e);
    single_free(&s);
    if (ok) return EXIT_DONE;
    console_error(h->console, &e);
    return loop_signal(h->loop) ? 128 + loop_signal(h->loop) : error_exit(&e);
}
