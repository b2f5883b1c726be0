// confirm.h - the operator's word for a step.
//
// Owns: the questions of DESIGN section 9 and what counts as an answer. It shows what the
// host knows; it never takes silence, a time-out or a lost terminal for a yes.
#ifndef CORDON_RUN_CONFIRM_H
#define CORDON_RUN_CONFIRM_H

#include "prompt/prompt.h"
#include "run/scene.h"

// Somebody who answers without a terminal: the operator of a drill.
enum question { ASK_STEP, ASK_ID, ASK_UNPLANNED };
struct operator {
    void *ctx;
    // `about`: the step's title, the id to be typed, the operation. The answer is what would be
    // typed; false with `e`: none came.
    bool (*answer)(void *ctx, enum question q, const char *about, struct buf *answer,
                   struct err *e);
};

struct confirm {
    struct prompt *prompt;     // NULL: no terminal to ask on
    const struct operator *operator;  // asked instead; NULL: the terminal
    struct model *model;
    bool yes;                  // --yes
    bool all;                  // [a] was answered
    const struct val *accept;  // hazard codes that were accepted on the command line: a list
};

enum word { WORD_YES, WORD_ALL, WORD_NO, WORD_SKIP, WORD_FLAG };
const char *word_text(enum word w);  // "yes", "all", "no", "skip", "--yes"

// True when there is somebody to ask.
bool confirm_can_ask(const struct confirm *c);

// False when the plan needs a question that nobody is there to answer: said before anything is
// changed. `e` says what --yes does not cover.
bool confirm_possible(const struct confirm *c, const struct plan *p, struct err *e);

// True when confirm_step will ask, and not take the yes that was given beforehand.
bool confirm_will_ask(const struct confirm *c, const struct plan *p, size_t number);

// True when at least one step will be asked about at the terminal.
bool confirm_asks_on_terminal(const struct confirm *c, const struct plan *p);

// Asks about one step, which has been shown. False (ERR_DECLINED, ERR_INTERRUPTED) when there
// was no answer.
bool confirm_step(struct confirm *c, const struct scene *s, const struct plan *p, size_t number,
                  enum word *word, struct err *e);

// Asks about one call that was not rehearsed. True only for a yes.
bool confirm_unplanned(struct confirm *c, const struct scene *s, const struct plan *p,
                       size_t number, const struct planned_call *call, struct err *e);

#endif
