// tap.h - verdicts as TAP version 13.
#ifndef CORDON_DRILL_TAP_H
#define CORDON_DRILL_TAP_H

#include "drill/verdict.h"

// "TAP version 13" and the plan.
void tap_begin(struct buf *out, size_t count);
// One test point with its diagnostics. `verbose`: what the runs said, too.
void tap_add(struct buf *out, size_t number, const struct verdict *v, bool verbose);
void tap_bail_out(struct buf *out, const struct err *why);

// "contained after 12 round trips and 5 s of waiting (6.2 s), 31 calls"; nothing unless it
// finished.
void score_text(struct buf *out, const struct verdict *v);

#endif
