// tap.c - lines of TAP.
#include "drill/tap.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

void tap_begin(struct buf *out, size_t count) {
    buf_printf(out, "TAP version 13\n1..%zu\n", count);
}

// A description: one line, and no '#' that would be taken for a directive.
static void add_description(struct buf *out, const char *text) {
    struct buf plain = BUF_EMPTY;
    text_escape(&plain, text, strlen(text), 200);
    for (const char *c = buf_str(&plain); *c; c++) {
        if (*c == '#') buf_add_char(out, '\\');
        buf_add_char(out, *c);
    }
    buf_free(&plain);
}

// Text of one or more lines as diagnostics.
static void add_lines(struct buf *out, const char *text) {
    for (const char *end; *text; text = end + (*end == '\n')) {
        end = strchrnul(text, '\n');
        buf_add_str(out, "# ");
        text_escape(out, text, (size_t)(end - text), 0);
        buf_add_char(out, '\n');
    }
}

void score_text(struct buf *out, const struct verdict *v) {
    const struct val *score = val_get(v->result, "score"), *after = val_get(score, "seconds"),
                     *trips = val_get(score, "round_trips");
    if (!score) return;
    bool wanted = val_as_bool(val_get(score, "wanted"), false);
    if (!after)
        buf_add_str(out, wanted ? "not contained, " : "");
    else if (trips)
        buf_printf(out, "contained after %" PRId64 " round trips and %g s of waiting (%.1f s), ",
                   val_as_int(trips, 0), val_as_double(val_get(score, "waited"), 0),
                   val_as_double(after, 0));
    else
        buf_printf(out, "contained after %.1f s simulated, ", val_as_double(after, 0));
    buf_printf(out, "%" PRId64 " calls", val_as_int(val_get(score, "calls"), 0));
}

static void add_member(struct buf *out, const char *key, const char *text) {
    buf_printf(out, "  %s: ", key);
    json_print_string(out, text, strlen(text));
    buf_add_char(out, '\n');
}

// A YAML block; its strings are JSON's.
static void add_block(struct buf *out, const struct verdict *v) {
    const struct val *failures = val_get(v->result, "failures");
    buf_add_str(out, "  ---\n");
    add_member(out, "file", v->file);
    if (!v->finished && !err_is(&v->err, ERR_PLAYBOOK)) add_member(out, "code", v->err.code);
    if (!v->finished) add_member(out, "message", v->err.message);
    if (*val_get_str(v->result, "why", ""))
        add_member(out, "message", val_get_str(v->result, "why", ""));
    if (val_count(failures)) buf_add_str(out, "  failed:\n");
    for (size_t i = 0; i < val_count(failures); i++) {
        const char *text = val_get_str(val_at(failures, i), "text", ""),
                   *why = val_get_str(val_at(failures, i), "why", "");
        buf_add_str(out, "    - expected: ");
        json_print_string(out, text, strlen(text));
        buf_add_str(out, "\n      found: ");
        json_print_string(out, why, strlen(why));
        buf_add_char(out, '\n');
    }
    buf_add_str(out, "  ...\n");
}

// A drill that is meant to fail, and does, is TAP's TODO: not ok, and no failure.
void tap_add(struct buf *out, size_t number, const struct verdict *v, bool verbose) {
    const struct val *meant = val_get(v->result, "meant");
    bool failed = !v->passed || meant;
    buf_printf(out, "%s %zu - ", failed ? "not ok" : "ok", number);
    add_description(out, v->name ? v->name : v->file);
    if (v->passed && meant) {
        buf_add_str(out, " # TODO it is meant to fail in: ");
        add_description(out, val_as_str(val_at(meant, 0), ""));
    }
    buf_add_char(out, '\n');
    if (failed) add_block(out, v);
    if (v->finished) {
        buf_add_str(out, "# ");
        score_text(out, v);
        buf_add_char(out, '\n');
    }
    if (v->log.len) add_lines(out, v->log.data);
    if (verbose && v->talk.len) add_lines(out, v->talk.data);
}

void tap_bail_out(struct buf *out, const struct err *why) {
    buf_add_str(out, "Bail out! ");
    add_description(out, why->message);
    buf_add_char(out, '\n');
}
