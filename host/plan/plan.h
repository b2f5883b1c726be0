// plan.h - what a rehearsal found: steps, their calls, and what is known of each.
//
// Owns: the recorded calls and their keys. It never asks AWS and never decides; it holds
// what the recording, the proofs and the advisor put in, and finds a call by its key.
#ifndef CORDON_PLAN_PLAN_H
#define CORDON_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/val.h"
#include "model/model.h"

// What is known about the permission for a call.
enum proof {
    PROOF_PREDICTED,      // names something not created yet: cannot be asked
    PROOF_PROVEN,         // AWS answered DryRunOperation
    PROOF_DENIED,         // AWS answered that we may not
    PROOF_FAILS,          // AWS answered another error: it would not succeed
    PROOF_NOT_CHECKABLE   // the operation has no DryRun
};

enum window_part { WINDOW_NONE, WINDOW_OPENING, WINDOW_CLOSING };

struct planned_call {
    char *key;  // as gate/key.h makes it
    const struct operation *op;
    struct val *params;  // as rehearsed; planned ids in it
    struct val *result;  // what the rehearsal answered; nil for a call that was not rehearsed
    struct val *before, *diff, *inverse, *hits;  // the advisor's; nil until asked
    enum proof proof;
    int64_t proven_ms;  // when, on the monotonic clock
    char proof_note[320];  // DENIED: "ec2:CreateTags"; FAILS: code and message
    enum window_part window;
    size_t step;
    bool made;       // sent in the execution
    bool succeeded;  // answered with success
    bool unknown;    // sent, and its fate is not known
    bool known;      // of a resumed run: its outcome is in the journal, it is not made again
    bool past;       // of a resumed run: it is made again, and goes back to what was before the first
};

enum step_state { STEP_NOT_BEGUN, STEP_BEGUN, STEP_SKIPPED, STEP_DONE, STEP_FAILED };

struct planned_step {
    char *title;
    enum step_state state;  // of the execution
    bool optional;        // may be skipped
    bool warn;            // its failure does not stop the run
    struct val *hazards;  // {code = text}; an empty map when none
    struct val *notes;    // what the rehearsal said in it: a list of {text, verify?}
    size_t first, count;  // its calls in plan.calls
    bool has_window;
    double settle;        // seconds the window stays open
};

struct plan {
    struct planned_step *steps;
    size_t step_count, step_cap;
    struct planned_call **calls;
    size_t call_count, call_cap;
    size_t rehearsed_count;  // calls beyond were made without a rehearsal
    struct val *notes;       // what the rehearsal said outside steps, as in a step
    struct val *survivors;   // what the playbook says may survive: a list of texts
    struct val *around;      // and what it says of the rest: credentials, Auto Scaling
    struct val *consequences;  // the advisor's; nil when there are none
};

// False only when memory ran out.
bool plan_init(struct plan *p);
void plan_free(struct plan *p);

// Adds a step; `options` is the playbook's map (optional, on_failure, hazards).
// The pointer is valid until the next plan_add_step. NULL and `e` on no memory.
struct planned_step *plan_add_step(struct plan *p, const char *title, const struct val *options,
                                   struct err *e);

// Adds a call to the newest step (any step when `step` says so). Keeps its own references.
struct planned_call *plan_add_call(struct plan *p, size_t step, const char *key,
                                   const struct operation *op, const struct val *params,
                                   enum window_part window, struct err *e);

// Notes a text of the rehearsal, in the step that is open (NO_STEP: outside). `verify`: the run
// will check it.
#define NO_STEP SIZE_MAX
bool plan_note(struct plan *p, size_t step, const char *text, bool verify);
bool plan_has_note(const struct plan *p, const char *text);

// The calls of the step that are still to be made; all but those whose outcome is known.
size_t plan_calls_left(const struct plan *p, const struct planned_step *s);

struct planned_call *plan_find(struct plan *p, const char *key);

// Replaces a field of a planned call: takes over `v`.
void plan_put(struct val **field, struct val *v);

const char *proof_word(enum proof p);  // "proven", "denied", "not checkable", "predicted", "fails"

// The call as the advisor wants it: {service, operation, params, created}. New reference.
struct val *call_value(const struct operation *op, const struct val *params,
                       const struct val *created);

// The plan as a value, for events, the journal and plan.json: a list of steps; parameters redacted,
// and such a call marked as `redacted`.
struct val *plan_to_val(const struct plan *p, struct model *m, struct err *e);

// The reverse, into a plan that plan_init made. ERR_INVALID names the step and call that is not as
// plan_to_val writes it; ERR_REFUSED for a redacted call. Free the plan in any case.
bool plan_from_val(struct plan *p, struct model *m, const struct val *steps, struct err *e);

#endif
