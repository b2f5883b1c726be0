// reopening.h - what a window's closing calls took away, given back before it is opened once more.
//
// Owns: the calls that do that. They are the host's own: no playbook asks for them, and what they
// give, the window's closing calls take away again.
#ifndef CORDON_RUN_REOPENING_H
#define CORDON_RUN_REOPENING_H

#include "gate/gate.h"
#include "run/record.h"

// The calls: a list of {key, service, operation, params}, empty when there are none. NULL and
// ERR_REFUSED when what was taken away cannot be given back.
struct val *reopening_calls(const struct record *r, const struct plan *p, struct model *m,
                            struct err *e);

// Makes them, all at once, and waits. What is there already is as good.
bool reopening_send(struct gate *g, const struct val *calls, struct err *e);

#endif
