// console.h - what the program says: talk on stderr, data on stdout.
//
// Owns: levels, colours, escaping, and the queues before both descriptors. Everything said
// passes text_escape, whole lines at a time: nothing from outside can move the cursor, change a
// colour or forge a line. It never blocks on a stopped terminal or a slow reader, and never
// asks: prompt.h does.
#ifndef CORDON_PROMPT_CONSOLE_H
#define CORDON_PROMPT_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/val.h"
#include "prompt/columns.h"

struct console;

struct console_options {
    bool quiet;     // warnings, errors and alarms only
    bool verbose;   // details too
    bool no_color;  // besides NO_COLOR, TERM=dumb and a stderr that is no terminal
    struct buf *transcript;  // talk goes here instead of stderr, all of it, without colour
};

// `loop` may be NULL (verbs without one); `o` too. NULL on no memory.
struct console *console_new(struct loop *loop, const struct console_options *o);
// Waits 2 s for a terminal that takes no talk, and for the reader of data (a pager) as long
// as it is there and no signal comes.
void console_free(struct console *c);

enum console_style {
    STYLE_PLAIN,
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_GOOD,  // green
    STYLE_CARE,  // yellow
    STYLE_ALARM  // red, bold
};

// One line on stderr, without a newline of its own: a newline in it shows as \x0a. When quiet
// alarms only. What a stopped terminal has no room for (1 MiB) is dropped, and said later.
void console_say(struct console *c, enum console_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// From now on as without --quiet: somebody is asked and must see what about, or has to act.
void console_aloud(struct console *c);
void console_detail(struct console *c, const char *format, ...)  // with --verbose only
    __attribute__((format(printf, 2, 3)));

// "cordon: warning: ..." and "cordon: ...", also when quiet.
void console_warn(struct console *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void console_error(struct console *c, const struct err *e);

// A table on stderr, as console_say.
void console_table(struct console *c, const struct columns *table);

// What is asked about must be seen: from now on talk is shown although it was to be quiet.
// Gives a terminal that is behind a moment to catch up.
void console_before_question(struct console *c);
// Lines of talk that were never shown, all told.
int64_t console_lost_lines(const struct console *c);

// Data on stdout, as it is: the caller escapes what people will read. False when its reader is
// gone or does not keep up (128 MiB wait); console_data_lost stays true from then on.
bool console_data(struct console *c, const char *bytes, size_t len);
bool console_data_lost(const struct console *c);
// Writes all data that waits, as console_free would. False when any was lost; that is said on
// stderr, unless its reader just left (a pager, head).
bool console_finish(struct console *c);

// {"format_version":1,"event":"...",members...} and a newline on stdout. `members` (a map, or
// NULL) is consumed; its own "format_version" and "event" are left out.
bool console_event(struct console *c, const char *event, struct val *members);

#endif
