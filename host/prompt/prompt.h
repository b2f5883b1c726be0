// prompt.h - asking the operator, on the terminal.
//
// Owns: /dev/tty while a question is open: its modes, what was typed before (discarded, so that
// a stray "y" confirms nothing), and the line that is typed. The loop goes on meanwhile. It
// never takes an answer from stdin, a pipe or a file, and never remembers one.
#ifndef CORDON_PROMPT_PROMPT_H
#define CORDON_PROMPT_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

struct prompt;

// Opens the terminal of this process. NULL with ERR_DECLINED when there is none: nobody to ask.
struct prompt *prompt_open(struct loop *l, struct err *e);
void prompt_close(struct prompt *p);

// False when what is shown before a question goes to a file or to nowhere (2>FILE): a yes to
// what nobody has seen is none. A pipe may lead to a screen, and counts as seen.
bool prompt_talk_is_seen(void);

enum prompt_how {
    PROMPT_ANSWER,  // a line came; it may be empty
    PROMPT_EOF,     // Ctrl-D
    PROMPT_GONE,    // the terminal hung up
    PROMPT_SIGNAL,  // Ctrl-C or SIGTERM: loop_signal says which
    PROMPT_TIMEOUT,
    PROMPT_UNUSABLE  // five lines in a row that were no text, or too long
};

// Shows `question` (escaped but for newlines; no newline is added) and runs the loop until a
// line arrives: white space around it cut, valid UTF-8 without control characters, at most
// `max` bytes. Other lines are refused, and the question is asked again. `answer` is cleared
// first. `timeout_ms` below 0: no limit. In the background it waits, reading nothing, until the
// process is in the foreground, and then shows the question again.
// False with `e` only when the loop or memory fails; anything but PROMPT_ANSWER means: not
// confirmed.
bool prompt_line(struct prompt *p, const char *question, struct buf *answer, size_t max,
                 int64_t timeout_ms, enum prompt_how *how, struct err *e);

#endif
