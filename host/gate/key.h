// key.h - the names that tie an executed call to the one that was rehearsed.
//
// Owns: keys such as "2:1.3#1": step 2, item 3 of the first parallel of the step that changes
// anything, its first mutation. Each step counts anew, and parallels that only read do not
// count: a step that was skipped or failed half-way, a read that had to be repeated, leave the
// keys of all that follow as they were rehearsed.
#ifndef CORDON_GATE_KEY_H
#define CORDON_GATE_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/val.h"

#define KEY_SIZE 256

struct keys {
    struct val *ordinals;   // branch -> mutations so far
    struct val *parallels;  // branch and number of its parallel -> number among those that change
};

bool keys_init(struct keys *k, struct err *e);
void keys_free(struct keys *k);

// A step begins.
bool keys_restart(struct keys *k, struct err *e);

// The key of the branch's next mutation. ERR_REFUSED for a branch that is none, or too deep.
bool keys_next(struct keys *k, size_t step, const char *branch, char key[KEY_SIZE], struct err *e);

#endif
