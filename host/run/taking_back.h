// taking_back.h - what a journal says of how to take a run back.
//
// Owns: finding the inverse calls of a run that is over, from its journal alone. It calls
// nobody, and judges nothing: whoever sends them goes through the gate.
#ifndef CORDON_RUN_TAKING_BACK_H
#define CORDON_RUN_TAKING_BACK_H

#include "base/err.h"
#include "base/val.h"

// The calls that take back what the run of this directory did or may have done, last change
// first; what it made and deleted itself is left out. New reference, NULL and `e`.
struct val *taking_back(const char *run_dir, struct err *e);

#endif
