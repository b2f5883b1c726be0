// scene.c - headlines, events, commands to type.
#include "run/scene.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "plan/binding.h"

struct scene scene_new(const struct host *h) {
    return (struct scene){.console = h->console,
                          .json = h->json,
                          .backend = &h->backend,
                          .sim = h->sim,
                          .save = h->save,
                          .profile = h->profile,
                          .endpoint_url = h->endpoint_url,
                          .wanted_account = h->account,
                          .policy_file = h->policy_file,
                          .policy = h->policy ? policy_path(h->policy) : NULL,
                          .ticket = h->ticket,
                          .identity = val_nil(),
                          .labels = val_nil()};
}

void scene_free(struct scene *s) {
    val_unref(s->identity);
    val_unref(s->labels);
}

bool scene_is_simulated(const struct scene *s) {
    return backend_is_simulated(s->backend);
}

const char *scene_account(const struct scene *s) {
    return val_get_str(s->identity, "Account", "?");
}

struct val *scene_instances(const struct scene *s) {
    struct val *ids = val_list();
    for (size_t i = 0; ids && i < val_count(s->labels); i++) {
        const char *id = val_get_str(val_at(s->labels, i), "id", "");
        if (!text_starts(id, "i-") || val_mentions(ids, id) || val_append(ids, val_cstr(id))) continue;
        val_unref(ids);
        return NULL;
    }
    return ids;
}

void scene_headline(const struct scene *s, const char *title, struct buf *out) {
    if (scene_is_simulated(s)) buf_add_str(out, "SIMULATOR  ");
    buf_add_str(out, title);
    for (size_t i = 0; i < val_count(s->labels); i++) {
        const struct val *label = val_at(s->labels, i);
        const char *name = val_get_str(label, "name", "");
        buf_printf(out, "  %s", val_get_str(label, "id", ""));
        if (*name) buf_printf(out, " \"%s\"", name);
    }
    buf_add_str(out, "   ");
    if (s->profile) buf_printf(out, "%s ", s->profile);
    buf_printf(out, "%s / %s", scene_account(s), s->region ? s->region : "?");
    if (s->endpoint_url) buf_printf(out, " at %s", s->endpoint_url);
    if (s->ticket) buf_printf(out, "   %s", s->ticket);
}

void scene_event(const struct scene *s, const char *event, struct val *members) {
    if (s->json) console_event(s->console, event, members);
    else val_unref(members);
}

void scene_alarm(void *scene, const char *text) {
    const struct scene *s = scene;
    struct val *v = val_map();
    console_say(s->console, STYLE_ALARM, "  %s", text);
    if (v && val_set(v, "text", val_cstr(text))) scene_event(s, "alarm", v);
    else val_unref(v);
}

// As a POSIX shell takes it: in single quotes where it needs them.
static void add_word(struct buf *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=./:@,+%";
    if (*word && strspn(word, plain) == strlen(word)) {
        buf_add_str(out, word);
        return;
    }
    buf_add_char(out, '\'');
    for (; *word; word++) {
        if (*word == '\'') buf_add_str(out, "'\\''");
        else buf_add_char(out, *word);
    }
    buf_add_char(out, '\'');
}

static void add_flag(struct buf *out, const char *flag, const char *value) {
    if (!value) return;
    buf_printf(out, " %s ", flag);
    add_word(out, value);
}

void scene_command(const struct scene *s, const char *rest, struct buf *out) {
    buf_add_str(out, "cordon");
    // A command that was made in a world must not reach AWS when it is typed.
    if (s->sim && *s->sim) {
        buf_add_str(out, " --sim=");
        add_word(out, s->sim);
    } else if (s->sim) buf_add_str(out, " --sim");
    if (s->save) buf_add_str(out, " --save");
    add_flag(out, "--profile", s->profile);
    add_flag(out, "--region", s->region);
    add_flag(out, "--endpoint-url", s->endpoint_url);
    add_flag(out, "--account", s->wanted_account);
    add_flag(out, "--policy", s->policy_file);
    buf_printf(out, " %s", rest);
}
