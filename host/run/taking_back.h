// taking_back.h - what a journal says that a run changed.
//
// Owns: reading the changes of a run that is over from its journal alone. It calls nobody, and
// judges nothing: what is taken back, the advisor says (undo.lua).
#ifndef CORDON_RUN_TAKING_BACK_H
#define CORDON_RUN_TAKING_BACK_H

#include "base/err.h"
#include "base/val.h"

// All that the run of this directory did or may have done, in the order of its intents: a list of
// {key, service, operation, params, before, inverse, result, ok}. `ok` is true, false (it did not
// happen) or absent (nobody knows). New reference; NULL and `e`: the journal does not verify, or
// cannot be read.
struct val *run_changes(const char *run_dir, struct err *e);

// The resources that the stages of an undo delete as a whole: the run had made them. A new list of
// ids, NULL on no memory.
struct val *made_by_the_run(const struct val *stages);

// The instances that the arguments or parameters in `v` name: a new list of {id, name = ""}, as
// the labels of a scene. NULL on no memory.
struct val *instances_in(const struct val *v);

#endif
