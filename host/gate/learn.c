// learn.c - what answers say of ids: which are real now, which this run made.
#include "gate/gate.h"

#include "plan/binding.h"

// Ids that a create answered with: what its rehearsed answer held planned ids for.
void gate_note_created(struct gate *g, const struct val *planned, const struct val *real) {
    const char *id = val_as_str(real, NULL);
    if (val_as_str(planned, NULL)) {
        // A planned id that is bound already was made by an earlier call, not by this one.
        bool fresh = planned_id_in(planned) && !val_get(g->bindings, val_as_str(planned, ""));
        if (id && fresh) val_append(g->created, val_ref(real));
        return;
    }
    for (size_t i = 0; i < val_count(planned); i++) {
        const char *key = val_key_at(planned, i);
        gate_note_created(g, val_at(planned, i), key ? val_get(real, key) : val_at(real, i));
    }
}

void gate_learn(struct gate *g, const struct planned_call *p, const struct val *result) {
    gate_note_created(g, p->result, result);
    binding_learn(g->bindings, p->result, result, NULL);
}
