// script.h - the process in which a drill file runs: confined as a playbook is.
//
// Owns: starting it, its messages one at a time, and its end. It trusts no message: what a drill
// asks is judged elsewhere.
#ifndef CORDON_DRILL_SCRIPT_H
#define CORDON_DRILL_SCRIPT_H

#include "base/buf.h"
#include "child/child.h"
#include "run/host.h"
#include "run/source.h"

struct script;

// `log` gets what it prints, a line each.
struct script *script_start(struct host *h, const struct source *source, struct buf *log,
                            struct err *e);
void script_free(struct script *s);

// Waits for the next word of the drill: {ask, on, options}, borrowed until it is answered. NULL
// when it has ended: well (*finished), or `e` says how.
const struct val *script_next(struct script *s, bool *finished, struct err *e);

// Answers it: `value` (consumed, NULL is nil), or the error where `error` is given. False when it
// cannot be reached any more; script_next then tells the end.
void script_answer(struct script *s, struct val *value, const struct err *error);

#endif
