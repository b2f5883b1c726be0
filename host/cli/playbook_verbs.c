// playbook_verbs.c - `list` and `show`: what can be said of a playbook before it runs.
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "run/outcome.h"
#include "run/run.h"
#include "run/source.h"

static void put_text(struct host *h, const struct buf *text) {
    console_data(h->console, buf_str(text), text->len);
}

static void put_json(struct host *h, const struct val *v) {
    struct buf text = BUF_EMPTY;
    json_print(&text, v);
    buf_add_char(&text, '\n');
    put_text(h, &text);
    buf_free(&text);
}

// --- list ----------------------------------------------------------------------

struct listing {
    struct host *host;
    struct columns *table;
    bool failed;
};

static void list_one(void *ctx, const char *name, const char *file) {
    struct listing *l = ctx;
    struct err e;
    struct val *d = playbook_declaration(l->host, name, NULL, &e);
    const char *cells[] = {name, d ? val_get_str(d, "summary", "") : "DOES NOT LOAD: see lint", file};
    struct val *v = l->host->json ? val_map() : NULL;
    if (!d) l->failed = true;
    if (v && val_set(v, "name", val_cstr(name)) && val_set(v, "file", val_cstr(file)) &&
        val_set(v, "summary", val_cstr(cells[1])))
        console_event(l->host->console, "playbook", val_ref(v));
    else if (l->table) columns_add(l->table, cells, 0);
    val_unref(v);
    val_unref(d);
}

int verb_list(struct host *h, const struct options *o) {
    struct listing l = {h, columns_new(3), false};
    (void)o;
    source_each(list_one, &l);
    struct buf text = BUF_EMPTY;
    if (l.table && !h->json) columns_print(l.table, &text);
    put_text(h, &text);
    buf_free(&text);
    columns_free(l.table);
    return l.failed ? EXIT_USAGE : EXIT_DONE;
}

// --- show ----------------------------------------------------------------------

static void add_default(struct buf *out, const struct val *arg) {
    const struct val *value = val_get(arg, "default");
    if (val_as_bool(val_get(arg, "required"), false)) buf_add_str(out, "required");
    if (val_is_nil(value)) return;
    buf_add_str(out, "default ");
    if (val_type(value) == VAL_STRING) buf_add_str(out, val_as_str(value, ""));
    else json_print(out, value);
}

static void add_type(struct buf *out, const struct val *arg) {
    const struct val *choices = val_get(arg, "choices"), *of = val_get(arg, "of");
    buf_add_str(out, val_get_str(arg, "type", "?"));
    if (val_type(of) == VAL_STRING) buf_printf(out, " of %s", val_as_str(of, ""));
    else if (val_type(of) == VAL_MAP) {
        buf_add_str(out, " of ");
        choices = val_get(of, "choices") ? val_get(of, "choices") : choices;
        buf_add_str(out, val_get_str(of, "type", "?"));
    }
    for (size_t i = 0; i < val_count(choices); i++)
        buf_printf(out, "%s%s", i ? "|" : ": ", val_as_str(val_at(choices, i), ""));
}

static void show_arguments(struct host *h, const struct val *args, struct buf *out) {
    struct columns *t = columns_new(4);
    for (size_t i = 0; t && i < val_count(args); i++) {
        const struct val *arg = val_at(args, i);
        struct buf name = BUF_EMPTY, type = BUF_EMPTY, otherwise = BUF_EMPTY;
        buf_printf(&name, "  %s=", val_key_at(args, i));
        add_type(&type, arg);
        add_default(&otherwise, arg);
        const char *cells[] = {buf_str(&name), buf_str(&type), buf_str(&otherwise),
                               val_get_str(arg, "help", "")};
        columns_add(t, cells, 0);
        buf_free(&name);
        buf_free(&type);
        buf_free(&otherwise);
    }
    (void)h;
    if (t) columns_print(t, out);
    columns_free(t);
}

// `word` is what the playbook was called by: that works again.
static void show_text(struct host *h, const struct val *d, const char *word, const char *file) {
    struct buf text = BUF_EMPTY;
    const char *name = val_get_str(d, "name", "");
    const char *help = val_get_str(d, "help", "");
    buf_printf(&text, "%s: %s\n%s\n\n", name, val_get_str(d, "summary", ""), file);
    if (*help) buf_printf(&text, "%s\n\n", help);
    if (val_count(val_get(d, "args"))) buf_add_str(&text, "Arguments:\n");
    show_arguments(h, val_get(d, "args"), &text);
    buf_add_str(&text, "\ncordon run ");
    text_escape(&text, word, strlen(word), 0);
    for (size_t i = 0; i < val_count(val_get(d, "args")); i++) {
        const struct val *arg = val_at(val_get(d, "args"), i);
        if (val_as_bool(val_get(arg, "required"), false))
            buf_printf(&text, " %s=...", val_key_at(val_get(d, "args"), i));
    }
    buf_add_char(&text, '\n');
    put_text(h, &text);
    buf_free(&text);
}

int verb_show(struct host *h, const struct options *o) {
    struct err e;
    char *file = NULL;
    if (o->word_count != 2) return usage(h, "show takes one playbook: `cordon show PLAYBOOK`");
    struct val *d = playbook_declaration(h, o->words[1], &file, &e);
    if (!d) console_error(h->console, &e);
    else if (h->json) put_json(h, d);
    else show_text(h, d, o->words[1], file ? file : "");
    int code = d ? EXIT_DONE : EXIT_USAGE;
    val_unref(d);
    free(file);
    return code;
}
