// console.c - what the program says: talk on stderr, data on stdout.
//
// Owns: levels, colours, and the two sinks. It never writes text that was not escaped.
#include "prompt/console.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "prompt/sink.h"
#include "prompt/wrap.h"

#define TALK_MAX ((size_t)1024 * 1024)
#define DATA_MAX ((size_t)128 * 1024 * 1024)
#define TALK_FLUSH_MS 2000
#define HANG 2
#define TABLE_HANG 6

struct console {
    struct sink *talk, *data;
    struct buf *transcript;  // NULL: talk goes to its sink
    bool quiet, verbose, color;
    bool data_lost;
    int64_t dropped;  // lines of talk since the last that went through
    int64_t lost;     // all that were dropped
};

static bool wants_color(const struct console_options *o) {
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (o->no_color || (no_color != NULL && no_color[0] != '\0')) return false;
    return isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

struct console *console_new(struct loop *loop, const struct console_options *o) {
    static const struct console_options plain = {0};
    if (o == NULL) o = &plain;
    struct console *c = calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    c->quiet = o->quiet;
    c->verbose = o->verbose && !o->quiet;
    c->transcript = o->transcript;
    c->color = !c->transcript && wants_color(o);
    c->talk = sink_new(loop, STDERR_FILENO, TALK_MAX);
    c->data = sink_new(loop, STDOUT_FILENO, DATA_MAX);
    if (c->talk != NULL && c->data != NULL) return c;
    sink_free(c->talk);
    sink_free(c->data);
    free(c);
    return NULL;
}

void console_free(struct console *c) {
    if (c == NULL) return;
    sink_flush(c->talk, TALK_FLUSH_MS);
    sink_flush(c->data, -1);
    sink_free(c->data);
    sink_free(c->talk);
    free(c);
}

// --- talk --------------------------------------------------------------------

static void drop(struct console *c) {
    c->dropped++;
    c->lost++;
}

static void put(struct console *c, const struct buf *text) {
    if (c->transcript) {
        if (!text->failed) buf_add(c->transcript, buf_str(text), text->len);
        return;
    }
    if (c->dropped > 0 && !text->failed) {
        struct buf note = BUF_EMPTY;
        buf_printf(&note, "(%" PRId64 " lines were not shown: the terminal was stopped)\n",
                   c->dropped);
        if (!note.failed && sink_write(c->talk, note.data, note.len)) c->dropped = 0;
        buf_free(&note);
    }
    if (text->failed || !sink_write(c->talk, buf_str(text), text->len)) drop(c);
}

static const char *color_of(const struct console *c, enum console_style style) {
    static const char *const codes[] = {"",         "\033[1m",  "\033[2m",
                                        "\033[32m", "\033[33m", "\033[1;31m"};
    return c->color ? codes[style] : "";
}

// Plain and bold lines and alarms hold the commands to type: a break would spoil the copy.
static bool is_prose(enum console_style style) {
    return style == STYLE_DIM || style == STYLE_GOOD || style == STYLE_CARE;
}

static size_t width_of(const struct console *c) {
    return c->transcript ? 0 : wrap_width(STDERR_FILENO);
}

static void put_line(struct console *c, enum console_style style, const char *text, size_t len) {
    const char *color = color_of(c, style);
    struct buf line = BUF_EMPTY, escaped = BUF_EMPTY;
    buf_add_str(&line, color);
    text_escape(&escaped, text, len, 0);
    wrap_line(&line, buf_str(&escaped), escaped.len, is_prose(style) ? width_of(c) : 0, HANG);
    if (escaped.failed) line.failed = true;
    buf_free(&escaped);
    if (color[0] != '\0') buf_add_str(&line, "\033[0m");
    buf_add_char(&line, '\n');
    put(c, &line);
    buf_free(&line);
}

static void put_format(struct console *c, enum console_style style, const char *prefix,
                       const char *format, va_list args) {
    char *text = NULL, *whole = NULL;
    if (vasprintf(&text, format, args) < 0) {
        drop(c);
        return;
    }
    if (asprintf(&whole, "%s%s", prefix, text) < 0) {
        drop(c);
    } else {
        put_line(c, style, whole, strlen(whole));
        free(whole);
    }
    free(text);
}

void console_aloud(struct console *c) {
    c->quiet = false;
}

void console_say(struct console *c, enum console_style style, const char *format, ...) {
    if (c->quiet && style != STYLE_ALARM) return;
    va_list args;
    va_start(args, format);
    put_format(c, style, "", format, args);
    va_end(args);
}

void console_detail(struct console *c, const char *format, ...) {
    if (!c->verbose) return;
    va_list args;
    va_start(args, format);
    put_format(c, STYLE_DIM, "", format, args);
    va_end(args);
}

void console_warn(struct console *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    put_format(c, STYLE_CARE, "cordon: warning: ", format, args);
    va_end(args);
}

void console_error(struct console *c, const struct err *e) {
    char text[sizeof e->message + sizeof e->code + 32];
    bool ours = e->status == 0 && e->operation[0] == '\0';
    int len = ours ? snprintf(text, sizeof text, "cordon: %s", e->message)
                   : snprintf(text, sizeof text, "cordon: %s: %s", e->code, e->message);
    if (len > 0) put_line(c, STYLE_ALARM, text, strlen(text));
}

void console_table(struct console *c, const struct columns *table) {
    if (c->quiet) return;
    struct buf text = BUF_EMPTY, wrapped = BUF_EMPTY;
    columns_print(table, &text);
    for (const char *at = buf_str(&text), *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        wrap_line(&wrapped, at, (size_t)(end - at), width_of(c), TABLE_HANG);
        buf_add_char(&wrapped, '\n');
    }
    if (text.failed) wrapped.failed = true;
    put(c, &wrapped);
    buf_free(&wrapped);
    buf_free(&text);
}

void console_before_question(struct console *c) {
    c->quiet = false;
    sink_flush(c->talk, TALK_FLUSH_MS);
}

int64_t console_lost_lines(const struct console *c) {
    return c->lost;
}

// --- data --------------------------------------------------------------------

bool console_data(struct console *c, const char *bytes, size_t len) {
    if (!c->data_lost && !sink_write(c->data, bytes, len)) c->data_lost = true;
    return !console_data_lost(c);
}

bool console_data_lost(const struct console *c) {
    return c->data_lost || sink_broken(c->data);
}

bool console_finish(struct console *c) {
    bool out = sink_flush(c->data, -1) && !console_data_lost(c);
    int why = sink_error(c->data);
    if (!out && why != EPIPE) {
        console_warn(c, "standard output could not be written%s%s", why ? ": " : "",
                     why ? strerror(why) : "");
    }
    return out;
}

static bool reserved(const char *key) {
    return strcmp(key, "format_version") == 0 || strcmp(key, "event") == 0;
}

bool console_event(struct console *c, const char *event, struct val *members) {
    struct buf line = BUF_EMPTY;
    buf_add_str(&line, "{\"format_version\":1,\"event\":");
    json_print_string(&line, event, strlen(event));
    for (size_t i = 0; val_type(members) == VAL_MAP && i < val_count(members); i++) {
        if (reserved(val_key_at(members, i))) continue;
        buf_add_char(&line, ',');
        json_print_string(&line, val_key_at(members, i), val_key_len_at(members, i));
        buf_add_char(&line, ':');
        json_print(&line, val_at(members, i));
    }
    buf_add_str(&line, "}\n");
    if (line.failed) c->data_lost = true;
    bool ok = !line.failed && console_data(c, line.data, line.len);
    buf_free(&line);
    val_unref(members);
    return ok;
}
