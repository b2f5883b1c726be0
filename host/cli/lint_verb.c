// lint_verb.c - `lint`: what is wrong with playbooks, without a call to AWS.
//
// Owns: the order (load in the sandbox, facts, findings) and how findings are shown. What is a
// finding is decided by stdlib/host/lint.lua.
#include <inttypes.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/lint_facts.h"
#include "run/outcome.h"
#include "run/run.h"

#define LOADING_MS 10000  // a file that computes for longer while it is loaded is at fault

struct tally {
    size_t errors, warnings;
};

// --- showing ---------------------------------------------------------------------

static void add_text(struct buf *out, const struct val *v) {
    text_escape(out, val_as_str(v, ""), val_str_len(v), 0);
}

// file:line:column: text
static void show_finding(struct host *h, const struct val *finding, bool is_error) {
    struct buf line = BUF_EMPTY;
    add_text(&line, val_get(finding, "file"));
    buf_printf(&line, ":%" PRId64 ":%" PRId64 ": %s", val_as_int(val_get(finding, "line"), 1),
               val_as_int(val_get(finding, "column"), 1), is_error ? "" : "warning: ");
    add_text(&line, val_get(finding, "text"));
    buf_add_char(&line, '\n');
    console_data(h->console, buf_str(&line), line.len);
    buf_free(&line);
}

static void show_findings(struct host *h, const struct val *findings, struct tally *t) {
    for (size_t i = 0; i < val_count(findings); i++) {
        const struct val *finding = val_at(findings, i);
        bool is_error = !text_starts(val_get_str(finding, "severity", "error"), "warning");
        t->errors += is_error;
        t->warnings += !is_error;
        if (h->json)
            console_event(h->console, "finding", val_copy(finding));
        else
            show_finding(h, finding, is_error);
    }
}

static void show_tally(struct host *h, const char *playbook, const struct tally *t) {
    struct val *v = h->json ? val_map() : NULL;
    if (v && val_set(v, "playbook", val_cstr(playbook)) &&
        val_set(v, "errors", val_int((int64_t)t->errors)) &&
        val_set(v, "warnings", val_int((int64_t)t->warnings)))
        console_event(h->console, "lint", val_ref(v));
    val_unref(v);
    const char *many_errors = t->errors == 1 ? "" : "s", *many = t->warnings == 1 ? "" : "s";
    if (t->errors)
        console_say(h->console, STYLE_ALARM, "%s: %zu error%s, %zu warning%s", playbook, t->errors,
                    many_errors, t->warnings, many);
    else if (t->warnings)
        console_say(h->console, STYLE_CARE, "%s: ok, %zu warning%s", playbook, t->warnings, many);
    else
        console_say(h->console, STYLE_GOOD, "%s: ok", playbook);
}

// --- one playbook ------------------------------------------------------------------

// Loads it in the sandbox, as every use of it would; notes in `facts` why that failed.
static bool load(const struct host *h, const char *name, struct val *facts, struct err *e) {
    struct host limited = *h;
    struct err why;
    if (limited.deadline_ms > LOADING_MS) limited.deadline_ms = LOADING_MS;
    struct val *declaration = playbook_declaration(&limited, name, NULL, &why);
    bool ok = declaration || val_set(facts, "load_error", val_cstr(why.message));
    val_unref(declaration);
    return ok || err_memory(e);
}

static bool find(struct host *h, const char *name, const struct source *source,
                 struct val **findings, struct err *e) {
    const struct advisor *a = h->advisor;
    struct val *facts = NULL, *file = val_cstr(source->file);
    struct val *text = val_string(buf_str(&source->text), source->text.len);
    bool ok = (file && text) || err_memory(e);
    ok = ok && lint_facts(h, source, &facts, e) && load(h, name, facts, e) &&
         a->lint(a->ctx, file, text, facts, findings, e);
    val_unref(facts);
    val_unref(file);
    val_unref(text);
    return ok;
}

static int lint_one(struct host *h, const char *name) {
    struct source source;
    struct tally tally = {0};
    struct val *findings;
    struct err e;
    if (!source_find(name, &source, &e)) {
        console_error(h->console, &e);
        return error_exit(&e);
    }
    bool ok = find(h, name, &source, &findings, &e);
    source_free(&source);
    if (!ok) {
        err_prefix(&e, "%s", name);
        console_error(h->console, &e);
        return error_exit(&e);
    }
    show_findings(h, findings, &tally);
    show_tally(h, name, &tally);
    val_unref(findings);
    return tally.errors ? EXIT_USAGE : EXIT_DONE;
}

int verb_lint(struct host *h, const struct options *o) {
    int worst = EXIT_DONE;
    if (o->word_count < 2) return usage(h, "lint takes playbooks: `cordon lint PLAYBOOK ...`");
    for (int i = 1; i < o->word_count; i++) {
        int code = lint_one(h, o->words[i]);
        if (code != EXIT_DONE && worst != EXIT_USAGE) worst = code;
    }
    return worst;
}
