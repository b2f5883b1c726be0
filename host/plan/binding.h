// binding.h - planned ids and the real ids they turned into.
//
// Owns: the pairs. A planned id reads "sg-(planned-1)"; it exists only in rehearsals and
// plans, and nothing that names an unbound one may ever be sent.
#ifndef CORDON_PLAN_BINDING_H
#define CORDON_PLAN_BINDING_H

#include <stdbool.h>

#include "base/err.h"
#include "base/val.h"

// Planned to real, a map of strings; val_map() starts an empty one.
// Walks the rehearsed result beside the real one and notes each planned id's real string.
bool binding_learn(struct val *bindings, const struct val *planned, const struct val *real,
                   struct err *e);

// The first planned id of the rehearsed result that `needed` wants and for which the real one
// has no string; NULL when there is none.
const char *binding_missing(const struct val *planned, const struct val *real,
                            bool (*needed)(void *ctx, const char *id), void *ctx);

// A copy with every bound planned id replaced. New reference, NULL on no memory.
struct val *binding_apply(const struct val *bindings, const struct val *v, struct err *e);

// The first planned id in the value (valid as long as it), or NULL when there is none.
const char *planned_id_in(const struct val *v);

// True when the value holds this exact string somewhere.
bool val_mentions(const struct val *v, const char *text);

// The first string that looks like a resource id ("i-0ab4...", an ARN, a queue URL), or NULL.
const char *resource_id_in(const struct val *v);

// Of a call's parameters, the id that says what it is about: one that the call names by itself
// before one in a list. NULL when there is none.
const char *subject_of(const struct val *params);

// All that the call is about: its subject, or each id that its lists name. A new list without
// doubles, NULL on no memory.
struct val *subjects_of(const struct val *params);

#endif
