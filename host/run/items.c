// items.c - items in words.
#include "run/items.h"

#include <string.h>

static const char *const states[] = {"back", "already", "drift", "kept", "lost", "unknown"};

static bool is_state(const struct val *item, const char *state) {
    return strcmp(val_get_str(item, "state", "unknown"), state) == 0;
}

size_t items_count(const struct val *items, const char *state) {
    size_t n = 0;
    for (size_t i = 0; i < val_count(items); i++) n += is_state(val_at(items, i), state);
    return n;
}

struct val *items_counts(const struct val *items) {
    struct val *v = val_map();
    for (size_t i = 0; v && i < sizeof states / sizeof *states; i++) {
        if (val_set(v, states[i], val_int((int64_t)items_count(items, states[i])))) continue;
        val_unref(v);
        return NULL;
    }
    return v;
}

// "" stands for what was not there.
static const char *text_of(const struct val *item, const char *member) {
    const char *text = val_get_str(item, member, "");
    return *text ? text : "nothing";
}

static void add_row(struct columns *t, const struct val *item, const char *sign, struct buf *text) {
    const char *note = val_get_str(item, "note", "");
    if (*note) buf_printf(text, "%s%s", text->len ? ": " : "", note);
    const char *cells[] = {"  ", sign, val_get_str(item, "subject", "?"),
                           val_get_str(item, "attribute", ""), buf_str(text)};
    columns_add(t, cells, 8000);
}

typedef void words_fn(const struct val *item, struct buf *out);

// A headline and the items of this state; nothing when there are none.
static void tell_state(const struct scene *s, const struct val *items, const char *state,
                       enum console_style style, const char *head, const char *sign,
                       words_fn *words) {
    if (!items_count(items, state)) return;
    struct columns *t = columns_new(5);
    for (size_t i = 0; t && i < val_count(items); i++) {
        struct buf text = BUF_EMPTY;
        if (!is_state(val_at(items, i), state)) continue;
        if (words) words(val_at(items, i), &text);
        add_row(t, val_at(items, i), sign, &text);
        buf_free(&text);
    }
    console_say(s->console, style, "%s", head);
    if (t) console_table(s->console, t);
    columns_free(t);
}

static void back_words(const struct val *item, struct buf *out) {
    buf_printf(out, "%s <- %s", text_of(item, "was"), text_of(item, "now"));
}

static void drift_words(const struct val *item, struct buf *out) {
    buf_printf(out, "was left as %s, is now %s (was %s before the run)", text_of(item, "left"),
               text_of(item, "now"), text_of(item, "was"));
}

static void moved_words(const struct val *item, struct buf *out) {
    buf_printf(out, "was left as %s, is now %s", text_of(item, "left"), text_of(item, "now"));
}

static void was_words(const struct val *item, struct buf *out) {
    buf_add_str(out, text_of(item, "was"));
}

static void left_words(const struct val *item, struct buf *out) {
    buf_add_str(out, text_of(item, "left"));
}

static void tell_hindered(const struct scene *s, const struct val *items, bool planned) {
    tell_state(s, items, "drift", STYLE_CARE,
               planned ? "Left alone, somebody changed it since:"
                       : "LEFT ALONE, somebody changed it since:",
               "!", drift_words);
    tell_state(s, items, "lost", STYLE_ALARM, "No way back:", "!", NULL);
    tell_state(s, items, "unknown", STYLE_ALARM, "Could not be read, so left alone:", "?", NULL);
}

void items_tell_plan(const struct scene *s, const struct val *items) {
    tell_state(s, items, "back", STYLE_BOLD, "Goes back (as it was <- as it is now):", "~",
               back_words);
    tell_state(s, items, "already", STYLE_DIM, "As before already:", "=", was_words);
    tell_hindered(s, items, true);
    tell_state(s, items, "kept", STYLE_DIM, "Kept as evidence:", "=", NULL);
}

// --- afterwards --------------------------------------------------------------------

static const struct val *same_item(const struct val *items, const struct val *item) {
    for (size_t i = 0; i < val_count(items); i++) {
        const struct val *other = val_at(items, i);
        if (strcmp(val_get_str(other, "subject", ""), val_get_str(item, "subject", "")) == 0 &&
            strcmp(val_get_str(other, "attribute", ""), val_get_str(item, "attribute", "")) == 0)
            return other;
    }
    return NULL;
}

// What was to go back and is as before now.
static void tell_restored(const struct scene *s, const struct val *planned,
                          const struct val *now) {
    for (size_t i = 0; i < val_count(now); i++) {
        const struct val *item = val_at(now, i), *was = same_item(planned, item);
        if (!is_state(item, "already") || !was || !is_state(was, "back")) continue;
        const char *text = val_get_str(item, "was", "");
        console_say(s->console, STYLE_GOOD, "  restored: %s  %s  %s",
                    val_get_str(item, "subject", "?"), val_get_str(item, "attribute", ""),
                    *text ? text : "gone, as before the run");
    }
}

bool items_tell_end(const struct scene *s, const struct val *planned, const struct val *now) {
    tell_restored(s, planned, now);
    tell_state(s, now, "back", STYLE_ALARM, "NOT as before yet (as it was <- as it is now):", "!",
               back_words);
    tell_hindered(s, now, false);
    return !items_count(now, "back") && !items_count(now, "drift") && !items_count(now, "lost") &&
           !items_count(now, "unknown");
}

bool items_tell_left(const struct scene *s, const struct val *items) {
    tell_state(s, items, "as_left", STYLE_GOOD, "As the run left it:", "=", left_words);
    tell_state(s, items, "moved", STYLE_ALARM, "CAME LOOSE:", "!", moved_words);
    tell_state(s, items, "unknown", STYLE_ALARM, "Could not be read:", "?", NULL);
    return items_count(items, "as_left") == val_count(items);
}
