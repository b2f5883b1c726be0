// policy_shape.h - whether a value is a policy.
//
// Owns: the members that a policy may have, and the words for what is wrong. For policy.c alone.
#ifndef CORDON_GATE_POLICY_SHAPE_H
#define CORDON_GATE_POLICY_SHAPE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/val.h"

// False with ERR_USAGE: "FILE: protected.ids[2]: ...".
bool policy_shape(const struct val *doc, const char *path, struct err *e);

#endif
