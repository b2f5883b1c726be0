// stage.h - asking the trusted Lua about the current drill.
//
// Owns: the form of the questions to stdlib/host/drill.lua. The drill file's own words pass through
// here unchanged; they are checked there.
#ifndef CORDON_DRILL_STAGE_H
#define CORDON_DRILL_STAGE_H

#include "run/advisor.h"

// Calls drill.FUNCTION(about). `about` is consumed (NULL: no memory). *answer: a new reference.
bool stage_ask(const struct advisor *a, const char *function, struct val *about,
               struct val **answer, struct err *e);

// The same where nothing is wanted back.
bool stage_tell(const struct advisor *a, const char *function, struct val *about, struct err *e);

// An answer of the form {value} or {error}: false with `e` for the latter; `value` is borrowed
// from the answer.
bool stage_value(const struct val *answer, const struct val **value, struct err *e);

#endif
