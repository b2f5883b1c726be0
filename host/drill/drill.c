// drill.c - one drill: its words, its runs, its verdict.
#include "drill/drill.h"

#include <stdlib.h>
#include <string.h>

#include "drill/evidence.h"
#include "drill/folder.h"
#include "drill/host_process.h"
#include "drill/jobs.h"
#include "drill/script.h"
#include "drill/stage.h"
#include "run/world_file.h"

#define MOST_RUNS 50

struct drill {
    struct host *host;
    struct verdict *out;
    struct source source;
    struct script *script;
    struct buf folder;     // of all its runs
    struct buf state_dir;  // of the last one
    struct buf run_dir;    // "" while there is none
    struct val *declared;
    size_t hosts;  // host processes so far
    bool interrupted;
};

void verdict_free(struct verdict *v) {
    free(v->name);
    val_unref(v->result);
    buf_free(&v->log);
    buf_free(&v->talk);
}

// --- host processes ------------------------------------------------------------------------

static bool use_host(struct drill *d, int (*job)(struct host *, void *), void *ctx,
                     struct host_end *end, struct err *e) {
    struct val *begin = NULL, *empty = val_map();
    if (!stage_ask(d->host->advisor, "facts", empty, &begin, e)) return false;
    uint64_t seed = (uint64_t)val_as_int(val_get(d->declared, "seed"), 1);
    struct host_setup setup = {
        .state_dir = buf_str(&d->state_dir),
        .seed = seed * UINT64_C(1000003) + d->hosts++,
        .now_us = val_as_int(val_get(begin, "now"), 0),
        .latency_ms = (int64_t)(val_as_double(val_get(d->declared, "latency"), 0) * 1000),
        .job = job,
        .ctx = ctx,
    };
    val_unref(begin);
    bool ok = host_process_run(d->host, &setup, end, e);
    d->interrupted = loop_signal(d->host->loop) != 0;
    buf_add(&d->out->talk, buf_str(&end->transcript), end->transcript.len);
    return ok;
}

static const char *run_dir(const struct drill *d) {
    return d->run_dir.len ? d->run_dir.data : NULL;
}

// --- a run ---------------------------------------------------------------------------------

static bool find_playbook(struct drill *d, const char *name, struct source *out, struct err *e) {
    bool found;
    if (!source_beside(&d->source, name, out, &found, e)) return false;
    return found || source_find(name, out, e);
}

static struct val *end_members(const struct host_end *end, struct val *lines, struct val *note) {
    struct val *v = val_map();
    bool told = end->transcript.len > 0;
    if (v && val_set(v, "exit", val_int(end->exit)) && val_set(v, "lines", val_ref(lines)) &&
        val_set(v, "note", val_ref(note)) &&
        (!told ||
         val_set(v, "transcript", val_string(buf_str(&end->transcript), end->transcript.len))))
        return v;
    val_unref(v);
    return NULL;
}

static bool tell_end(struct drill *d, const struct host_end *end, struct err *e) {
    struct val *lines = NULL, *note = NULL;
    folder_run(buf_str(&d->state_dir), &d->run_dir);
    bool ok = evidence_lines(run_dir(d), &lines, &note, e) &&
              stage_tell(d->host->advisor, "run_end", end_members(end, lines, note), e);
    val_unref(lines);
    val_unref(note);
    return ok;
}

static bool make_state_dir(struct drill *d, struct err *e) {
    buf_clear(&d->state_dir);
    buf_clear(&d->run_dir);
    buf_printf(&d->state_dir, "%s/%zu", buf_str(&d->folder), d->hosts);
    if (d->hosts >= MOST_RUNS)
        return err_set(e, ERR_PLAYBOOK, "a drill may have %d runs", MOST_RUNS);
    return !d->state_dir.failed || err_memory(e);
}

// The words "key=value"; *count of them. Free the array.
static char **words_of(const struct val *pairs, int *count) {
    char **words = calloc(val_count(pairs) + 1, sizeof *words);
    *count = words ? (int)val_count(pairs) : 0;
    // They are only read.
    for (int i = 0; i < *count; i++)
        words[i] = (char *)(uintptr_t)val_as_str(val_at(pairs, (size_t)i), "");
    return words;
}

// `run` as drill_declaration.lua made it.
static bool run_once(struct drill *d, const struct val *run, int *exit, struct err *e) {
    struct source source = {0};
    struct host_end end = {0};
    struct run_options o = {.playbook = val_get_str(run, "playbook", ""), .source = &source};
    if (!find_playbook(d, o.playbook, &source, e) || !make_state_dir(d, e)) return false;
    char **words = words_of(val_get(run, "pairs"), &o.pair_count);
    o.pairs = words;
    const char *ticket = d->host->ticket;
    d->host->ticket = val_get_str(run, "ticket", NULL);
    bool ok = (words || err_memory(e)) && stage_tell(d->host->advisor, "run_begin", val_map(), e) &&
              use_host(d, job_run, &o, &end, e) && tell_end(d, &end, e);
    d->host->ticket = ticket;
    *exit = end.exit;
    buf_free(&end.transcript);
    free(words);
    source_free(&source);
    return ok;
}

// --- words that the host answers -------------------------------------------------------------

static struct val *exit_value(int exit) {
    struct val *v = val_map();
    if (v && val_set(v, "exit", val_int(exit))) return v;
    val_unref(v);
    return NULL;
}

// Every word: *value for the drill (may stay NULL), or false and `e`, raised in it.
typedef bool word_fn(struct drill *d, const struct val *options, struct val **value, struct err *e);

static bool word_loaded(struct drill *d, const struct val *options, struct val **value,
                        struct err *e) {
    (void)options;
    (void)value;
    if (!stage_ask(d->host->advisor, "declared", val_map(), &d->declared, e)) return false;
    d->out->name = strdup(val_get_str(d->declared, "name", "?"));
    d->out->loaded = d->out->name != NULL;
    return d->out->loaded || err_memory(e);
}

static bool word_load(struct drill *d, const struct val *options, struct val **value,
                      struct err *e) {
    const char *name = val_get_str(options, "file", "");
    struct buf path = BUF_EMPTY;
    (void)value;
    if (!*name || strchr(name, '/') || name[0] == '.')
        return err_set(e, ERR_PLAYBOOK, "w:load takes the name of a file beside the drill");
    if (d->source.embedded) return err_set(e, ERR_PLAYBOOK, "an embedded drill loads no file");
    // The drill's world is read as any other.
    struct advisor a = *d->host->advisor;
    a.world = a.drill;
    buf_printf(&path, "%s/%s", d->source.folder, name);
    bool ok = (!path.failed || err_memory(e)) && world_open(&a, path.data, e);
    buf_free(&path);
    return ok;
}

static bool word_run_all(struct drill *d, const struct val *options, struct val **value,
                         struct err *e) {
    const struct val *runs = val_get(d->declared, "runs");
    int exit;
    (void)options;
    (void)value;
    if (!d->out->loaded || d->hosts) return err_set(e, ERR_PLAYBOOK, "the runs are made once");
    for (size_t i = 0; i < val_count(runs); i++)
        if (!run_once(d, val_at(runs, i), &exit, e)) return false;
    return true;
}

static bool word_run(struct drill *d, const struct val *options, struct val **value,
                     struct err *e) {
    struct val *about = val_map(), *answer = NULL;
    const struct val *run;
    int exit = 0;
    if (about && !val_set(about, "options", val_ref(options))) {
        val_unref(about);
        about = NULL;
    }
    bool ok = stage_ask(d->host->advisor, "one_run", about, &answer, e) &&
              stage_value(answer, &run, e) && run_once(d, run, &exit, e);
    val_unref(answer);
    if (ok) *value = exit_value(exit);
    return ok;
}

static bool keep_verdict(struct drill *d, const char *text, bool good, const char *why,
                         struct val **value, struct err *e) {
    struct val *about = val_map(), *answer = NULL;
    const struct val *kept;
    if (about && (!val_set(about, "text", val_cstr(text)) ||
                  !val_set(about, "ok", val_bool(good)) || !val_set(about, "why", val_cstr(why)))) {
        val_unref(about);
        about = NULL;
    }
    bool ok =
        stage_ask(d->host->advisor, "verdict", about, &answer, e) && stage_value(answer, &kept, e);
    if (ok && value) *value = val_ref(kept);
    val_unref(answer);
    return ok;
}

static bool reread_journal(struct drill *d, struct err *e) {
    struct val *lines = NULL, *note = NULL, *about = val_map();
    bool ok = evidence_lines(run_dir(d), &lines, &note, e);
    if (about && lines && !val_set(about, "lines", val_ref(lines))) ok = err_memory(e);
    if (ok)
        ok = stage_tell(d->host->advisor, "journal", about, e);
    else
        val_unref(about);
    val_unref(lines);
    val_unref(note);
    return ok;
}

// What follows a run, and is a verdict in itself: it ends as `options` say, else well.
static bool follow_up(struct drill *d, int (*job)(struct host *, void *), const char *text,
                      const struct val *options, struct val **value, struct err *e) {
    struct host_end end = {0};
    if (!run_dir(d)) return err_set(e, ERR_PLAYBOOK, "no run has a journal yet");
    bool ok = use_host(d, job, d->run_dir.data, &end, e) && reread_journal(d, e) &&
              keep_verdict(d, text, end.exit == val_as_int(val_get(options, "exit"), 0),
                           buf_str(&end.transcript), NULL, e);
    buf_free(&end.transcript);
    if (ok) *value = exit_value(end.exit);
    return ok;
}

static bool word_undo(struct drill *d, const struct val *options, struct val **value,
                      struct err *e) {
    const char *text = val_get(options, "exit") ? "the run is taken back as far as it can be"
                                                : "the run is taken back";
    return follow_up(d, job_undo, text, options, value, e);
}

static bool word_close(struct drill *d, const struct val *options, struct val **value,
                       struct err *e) {
    return follow_up(d, job_close, "the window is closed by `cordon close`", options, value, e);
}

static bool word_journal(struct drill *d, const struct val *options, struct val **value,
                         struct err *e) {
    struct err why = {0};
    (void)options;
    bool good = evidence_verifies(run_dir(d), &why);
    return keep_verdict(d, "the journal verifies", good, why.message, value, e);
}

static const struct {
    const char *name;
    word_fn *fn;
} words[] = {
    {"loaded", word_loaded},
    {"load", word_load},
    {"run_all", word_run_all},
    {"run", word_run},
    {"undo", word_undo},
    {"close", word_close},
    {"journal_verifies", word_journal},
};

static bool word_of_stage(struct drill *d, const struct val *message, struct val **value,
                          struct err *e) {
    struct val *answer = NULL;
    const struct val *found = NULL;
    bool ok = stage_ask(d->host->advisor, "ask", val_ref(message), &answer, e) &&
              stage_value(answer, &found, e);
    if (ok && found) *value = val_ref(found);
    val_unref(answer);
    return ok;
}

// False when the drill must end.
static bool answer_word(struct drill *d, const struct val *message, struct err *e) {
    const char *name = val_get_str(message, "ask", "");
    struct val *value = NULL;
    struct err told;
    word_fn *fn = NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].name, name) == 0) fn = words[i].fn;
    bool ok = fn ? fn(d, val_get(message, "options"), &value, &told)
                 : word_of_stage(d, message, &value, &told);
    if (d->interrupted) {
        val_unref(value);
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    }
    script_answer(d->script, value, ok ? NULL : &told);
    return true;
}

// --- one drill -------------------------------------------------------------------------------

static bool is_fatal(const struct err *e) {
    return err_is(e, ERR_INTERRUPTED) || err_is(e, ERR_MEMORY);
}

static bool talk(struct drill *d, struct err *e) {
    bool finished;
    const struct val *message;
    while ((message = script_next(d->script, &finished, e)))
        if (!answer_word(d, message, e)) return false;
    return finished;
}

static bool begin(struct drill *d, const char *file, bool embedded, struct err *e) {
    bool found = embedded ? source_asset(file, &d->source, e) : source_find(file, &d->source, e);
    if (!found || !folder_make(&d->folder, e)) return false;
    if (!stage_tell(d->host->advisor, "start", val_map(), e)) return false;
    d->script = script_start(d->host, &d->source, &d->out->log, e);
    return d->script != NULL;
}

bool drill_run(struct host *h, const char *file, bool embedded, struct verdict *out,
               struct err *e) {
    struct drill d = {.host = h, .out = out};
    *out = (struct verdict){.file = file};
    out->finished = begin(&d, file, embedded, &out->err) && talk(&d, &out->err);
    if (out->finished && !stage_ask(h->advisor, "result", val_map(), &out->result, &out->err))
        out->finished = false;
    out->passed = out->finished && val_as_bool(val_get(out->result, "passed"), false);
    script_free(d.script);
    source_free(&d.source);
    val_unref(d.declared);
    if (d.folder.len) folder_remove(d.folder.data);
    buf_free(&d.folder);
    buf_free(&d.state_dir);
    buf_free(&d.run_dir);
    if (out->finished || !is_fatal(&out->err)) return true;
    *e = out->err;
    return false;
}
