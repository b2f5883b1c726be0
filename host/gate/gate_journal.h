// gate_journal.h - what the gate writes down. For this folder alone.
#ifndef CORDON_GATE_GATE_JOURNAL_H
#define CORDON_GATE_GATE_JOURNAL_H

#include "gate/gate.h"

// A copy without secrets, never NULL but when memory is gone.
struct val *gate_redacted(struct gate *g, const struct operation *op, bool output,
                          const struct val *v);

// call.intent, not yet synced. False: the journal is lost, and latched.
bool gate_record_intent(struct gate *g, struct gate_request *r, struct err *e);

// call.outcome and read; `value` is redacted. A loss latches.
void gate_record_outcome(struct gate *g, const struct gate_request *r,
                         const struct aws_reply *reply, const struct val *value);
void gate_record_read(struct gate *g, const struct gate_request *r, const struct aws_reply *reply,
                      const struct val *value);

#endif
