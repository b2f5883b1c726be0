// closing.h - sending the closing calls of a window until each is done. For window.c alone.
#ifndef CORDON_GATE_CLOSING_H
#define CORDON_GATE_CLOSING_H

#include "gate/window.h"

// A closing call was answered. True when its request is kept: a failure that may pass is no
// answer yet for the playbook, since the call is sent again.
bool duty_answered(struct window *w, struct duty *d, struct gate_request *r,
                   const struct aws_reply *reply);

// While the playbook closes: repeats what failed and may pass, hurries what hangs.
void help_closing(struct gate *g);

// Sends what is due, again and again, until every duty is done or given up and no opening
// call can still arrive. Signals do not end it.
void close_all(struct gate *g);

size_t count_duties(const struct window *w, enum duty_state state);

#endif
