// find_verb.c - `find INSTANCE`: where it is, and what to type.
//
// Owns: how the answer is told. 0: found; 1: not where it was looked for; 4 and the like when
// nobody could be asked.
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "run/finding.h"
#include "run/outcome.h"
#include "run/scene.h"

static struct val *command(const struct host *h, const struct val *hit) {
    struct scene s = scene_new(h);
    struct buf line = BUF_EMPTY, rest = BUF_EMPTY;
    const char *account = val_get_str(hit, "wanted_account", NULL);
    s.profile = val_get_str(hit, "profile", NULL);
    s.region = val_get_str(hit, "region", NULL);
    s.wanted_account = account ? account : h->account;
    buf_printf(&rest, "run isolate-sg instance=%s", val_get_str(hit, "instance", ""));
    scene_command(&s, buf_str(&rest), &line);
    struct val *text = line.failed || rest.failed ? NULL : val_cstr(line.data);
    buf_free(&line);
    buf_free(&rest);
    scene_free(&s);
    return text;
}

// What is over cannot be isolated.
static bool is_there(const struct val *hit) {
    const char *state = val_get_str(hit, "state", "");
    return strcmp(state, "terminated") != 0 && strcmp(state, "shutting-down") != 0;
}

static void add(struct buf *out, const char *text) {
    text_escape(out, text, strlen(text), 200);
}

static void add_account(struct buf *out, const struct val *v) {
    const char *name = val_get_str(v, "account_name", NULL);
    if (name) add(out, name);
    if (name) buf_add_char(out, ' ');
    add(out, val_get_str(v, "account", "?"));
    if (!val_get(v, "region")) return;
    buf_add_str(out, " / ");
    add(out, val_get_str(v, "region", "?"));
}

static void show_hit(struct buf *out, const struct host *h, const struct val *hit) {
    const char *name = val_get_str(hit, "name", "");
    struct val *line = command(h, hit);
    add(out, val_get_str(hit, "instance", "?"));
    if (*name) buf_add_str(out, " \"");
    add(out, name);
    buf_add_str(out, *name ? "\"  " : "  ");
    add_account(out, hit);
    buf_add_str(out, "  ");
    add(out, val_get_str(hit, "vpc", ""));
    buf_add_str(out, "  ");
    add(out, val_get_str(hit, "state", ""));
    buf_add_char(out, '\n');
    if (is_there(hit)) buf_printf(out, "    %s\n", val_as_str(line, ""));
    val_unref(line);
}

static void say_unasked(struct host *h, const struct val *unasked) {
    for (size_t i = 0; i < val_count(unasked); i++) {
        const struct val *v = val_at(unasked, i);
        struct buf where = BUF_EMPTY;
        struct err e;
        add_account(&where, v);
        err_from_val(&e, val_get(v, "error"));
        console_warn(h->console, "could not be asked: %s: %s", buf_str(&where), e.message);
        buf_free(&where);
    }
}

static void say_where(struct host *h, const char *what, const struct finding *f) {
    struct buf text = BUF_EMPTY;
    for (size_t i = 0; i < val_count(f->asked); i++) {
        if (i) buf_add_str(&text, ", ");
        add_account(&text, val_at(f->asked, i));
    }
    if (val_count(f->asked))
        console_say(h->console, STYLE_CARE, "%s is in none of: %s", what, buf_str(&text));
    buf_free(&text);
}

static void tell_event(struct host *h, const char *what, const struct finding *f) {
    struct val *hits = val_list(), *v = val_map();
    bool ok = hits && v;
    for (size_t i = 0; ok && i < val_count(f->hits); i++) {
        struct val *hit = val_copy(val_at(f->hits, i));
        bool told = hit && (!is_there(hit) || val_set(hit, "command", command(h, hit)));
        if (told) ok = val_append(hits, hit);
        else val_unref(hit);
        ok = ok && told;
    }
    ok = ok && val_set(v, "sought", val_cstr(what)) && val_set(v, "found", val_ref(hits)) &&
         val_set(v, "asked", val_ref(f->asked)) && val_set(v, "not_asked", val_ref(f->unasked));
    val_unref(hits);
    if (ok) console_event(h->console, "find", v);
    else val_unref(v);
}

static int tell(struct host *h, const char *what, const struct finding *f) {
    struct err e;
    struct buf text = BUF_EMPTY;
    size_t count = val_count(f->hits);
    for (size_t i = 0; i < count; i++) show_hit(&text, h, val_at(f->hits, i));
    if (h->json) tell_event(h, what, f);
    else if (text.len) console_data(h->console, text.data, text.len);
    buf_free(&text);
    if (backend_is_simulated(&h->backend))
        console_say(h->console, STYLE_CARE, "SIMULATOR: this is not AWS's answer");
    say_unasked(h, f->unasked);
    if (count) return EXIT_DONE;
    say_where(h, what, f);
    if (val_count(f->asked)) return EXIT_FAILED;
    err_from_val(&e, val_get(val_at(f->unasked, 0), "error"));
    return val_count(f->unasked) ? error_exit(&e) : EXIT_FAILED;
}

int verb_find(struct host *h, const struct options *o) {
    struct finding f = {0};
    struct err e;
    if (o->word_count != 2)
        return usage(h, "find takes an instance's id or its Name tag: `cordon find web-7`");
    bool ok = finding_look(h, o->words[1], open_door, &f, &e);
    int code = ok ? tell(h, o->words[1], &f) : error_exit(&e);
    if (!ok) console_error(h->console, &e);
    finding_free(&f);
    return !ok && loop_signal(h->loop) ? 128 + loop_signal(h->loop) : code;
}
