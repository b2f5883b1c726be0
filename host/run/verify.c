// verify.c - what became of what a run left.
#include <string.h>

#include "base/clock.h"
#include "run/ending.h"
#include "run/items.h"
#include "run/loose.h"
#include "run/reads.h"
#include "run/taking_back.h"
#include "run/undo.h"

struct verifying {
    struct host *host;
    const struct former *former;
    struct single single;
    struct val *changes, *reads, *answers, *found;
    struct loose loose;
    bool brief;
};

static bool append_all(struct val *to, const struct val *from) {
    for (size_t i = 0; i < val_count(from); i++)
        if (!val_append(to, val_ref(val_at(from, i)))) return false;
    return true;
}

// The reads of the facts first, so that their answers stand where `left` wants them.
static bool ask(struct verifying *v, struct err *e) {
    struct val *all = val_list(), *more = loose_reads(&v->loose);
    bool ok = all && more && append_all(all, v->reads) && append_all(all, more);
    ok = ok ? reads_ask(v->host->loop, &v->single.live, v->host->model, all, &v->answers, e)
            : err_memory(e);
    val_unref(all);
    val_unref(more);
    return ok;
}

static bool look(struct verifying *v, struct err *e) {
    const struct advisor *a = v->host->advisor;
    v->changes = run_changes(buf_str(&v->former->dir), e);
    return v->changes && loose_init(&v->loose, v->former, v->changes, e) &&
           a->undo_reads(a->ctx, v->changes, &v->reads, e) && ask(v, e) &&
           a->left(a->ctx, v->changes, v->answers, &v->found, e) &&
           loose_judge(&v->loose, v->answers, val_count(v->reads), e);
}

// --- said, and written down --------------------------------------------------------

static struct val *members_of(const struct verifying *v, bool good) {
    struct val *m = val_map();
    const struct val *items = val_get(v->found, "items");
    if (m && val_set(m, "text", val_cstr("verified: is all still as this run left it?")) &&
        val_set(m, "ok", val_bool(good)) && val_set(m, "verify", val_bool(true)) &&
        val_set(m, "items", items ? val_ref(items) : val_list()) &&
        val_set(m, "loose", val_ref(v->loose.found)))
        return m;
    val_unref(m);
    return NULL;
}

// The journal keeps it where it can; a run whose journal is read-only is verified all the same.
static void record(struct verifying *v, bool good) {
    struct err e = {0};
    bool wanted = !good || !v->brief;
    struct journal *j = wanted ? journal_reopen(buf_str(&v->former->dir), &e) : NULL;
    struct val *members = members_of(v, good);
    bool ok = j && members && journal_append(j, "expect", val_ref(members), &e) &&
              journal_sync(j, &e);
    if (wanted && !ok) console_detail(v->host->console, "not noted in the run's journal: %s", e.message);
    if (members && val_set(members, "run", val_cstr(v->former->run.id)))
        scene_event(&v->single.scene, "verify", val_ref(members));
    val_unref(members);
    journal_free(j);
}

static void say_head(const struct verifying *v) {
    struct buf head = BUF_EMPTY, line = BUF_EMPTY;
    buf_printf(&head, "VERIFY %s", v->former->run.id);
    scene_headline(&v->single.scene, buf_str(&head), &line);
    console_say(v->host->console, STYLE_BOLD, "%s", buf_str(&line));
    buf_free(&head);
    buf_free(&line);
    const char *undone = former_undo_state(v->former);
    if (strcmp(undone, "undone") == 0)
        console_say(v->host->console, STYLE_CARE,
                    "This run was taken back: it is no wonder that nothing is as it left it.");
    else if (*undone)
        console_say(v->host->console, STYLE_CARE, "This run was taken back in part (%s).",
                    undone);
}

static bool is_good(const struct verifying *v) {
    const struct val *items = val_get(v->found, "items");
    return items_count(items, "as_left") == val_count(items) && !val_count(v->loose.found);
}

static void say_briefly(const struct verifying *v) {
    char now[CLOCK_ISO_SIZE];
    clock_iso_us(clock_now_us(), now);
    console_say(v->host->console, STYLE_DIM, "  %.19sZ  still as the run left it", now);
}

static bool say(struct verifying *v) {
    const struct val *items = val_get(v->found, "items");
    if (v->brief && is_good(v)) {
        say_briefly(v);
        return true;
    }
    say_head(v);
    bool good = items_tell_left(&v->single.scene, items);
    good = loose_tell(&v->loose, &v->single.scene, good) && good;
    if (!val_count(v->changes))
        console_say(v->host->console, STYLE_PLAIN, "It changed nothing, so nothing can come loose.");
    else if (good) console_say(v->host->console, STYLE_GOOD, "All is as the run left it.");
    else
        console_say(v->host->console, STYLE_ALARM,
                    "NOT AS THE RUN LEFT IT. To cut again, run the playbook again (%s).",
                    run_text(&v->former->run, "playbook"));
    return good;
}

int verify_run(struct host *h, struct former *f, bool brief) {
    struct verifying v = {.host = h, .former = f, .brief = brief};
    struct err e;
    bool ok = single_begin(&v.single, h, &e) && former_same_place(f, &v.single.scene, &e) &&
              look(&v, &e);
    int code;
    if (ok) {
        bool good = say(&v);
        record(&v, good);
        code = good ? EXIT_DONE : EXIT_NOT_VERIFIED;
    } else {
        code = end_with_error(h, &e);
    }
    single_free(&v.single);
    loose_free(&v.loose);
    val_unref(v.changes);
    val_unref(v.reads);
    val_unref(v.answers);
    val_unref(v.found);
    return code;
}
