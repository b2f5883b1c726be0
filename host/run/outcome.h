// outcome.h - how a run ended, as an exit code and as a word.
//
// Owns: the table of DESIGN section 9 and its order of precedence.
#ifndef CORDON_RUN_OUTCOME_H
#define CORDON_RUN_OUTCOME_H

#include <stdbool.h>

#include "base/err.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_PARTIAL = 3,
    EXIT_PERMISSION = 4,
    EXIT_DECLINED = 5,
    EXIT_LEFT_PLAN = 6,
    EXIT_NOT_VERIFIED = 7,
    EXIT_JOURNAL = 8,
    EXIT_WINDOW_OPEN = 9,
    EXIT_CHANGES_PENDING = 10
};

struct outcome {
    bool finished;         // the playbook ran to its end
    bool changed;          // something was changed, or may have been
    bool before;           // something was, in the part of this run that came before it was resumed
    bool resumable;        // its journal holds all that `cordon resume` goes by
    bool warned;           // a step whose failure does not stop the run failed, or one that was caught
    bool not_verified;     // an expectation did not hold
    bool journal_lost;
    bool window_may_be_open;
    bool is_undo;          // it takes another run back: the way on is the same command
    int signal;            // 0, SIGINT or SIGTERM
    struct err err;        // unless finished
};

int outcome_exit(const struct outcome *o);
const char *outcome_state(const struct outcome *o);  // "done", "partial", "failed"

// The exit code of an error alone, with nothing changed.
int error_exit(const struct err *e);

// AWS said that we may not.
bool error_is_denial(const struct err *e);

#endif
