// record.h - what a run's journal says that happened, in order: what a resumed run goes by.
//
// Owns: reading the journal into events, and the point up to which they are replayed. It asks
// nobody, sends nothing and writes nothing.
#ifndef CORDON_RUN_RECORD_H
#define CORDON_RUN_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/val.h"
#include "plan/plan.h"

enum event_kind {
    EVENT_STEP,      // line: step.open; answer: its confirm
    EVENT_STEP_END,  // line: step.close
    EVENT_CALL,      // line: call.intent; answer: its call.outcome
    EVENT_READ,      // line: read
    EVENT_WAIT,      // line: wait
    EVENT_EXPECT,    // line: expect
    EVENT_LOG,       // line: log
    EVENT_WINDOW     // line: window.open; answer: window.closed
};

struct event {
    enum event_kind kind;
    int64_t seq;            // of its line
    const char *key;        // of a call
    struct val *line, *answer;  // answer: NULL when there is none
    bool again;             // not replayed: it is done again
    bool used;              // the playbook came to it in this replay
};

struct record {
    char *dir;
    struct val *start;  // run.start
    struct val *plan;   // the plan line, its steps in it; NULL when the run did not get so far
    struct val *end;    // the last run.end; NULL when there is none
    struct event *events;
    size_t count, cap;
    // Calls that took effect, or may have, and will be made again, in a window that was interrupted:
    // their intents, by key. Their before-states are what an undo goes back to.
    struct val *past;
    bool undone;        // an undo was begun
    bool memory;        // ran out
};

// Reads the journal of this directory, which must verify. Free it in any case.
bool record_read(const char *dir, struct record *r, struct err *e);
void record_free(struct record *r);

// The events that are not to be replayed are marked, `again`: what follows the last change that
// took effect and the last step that ended well, the calls of parallel that failed beside it, and a
// window whose conversion was interrupted. *replayed_to: the seq of the last line that is replayed,
// -1: none. False when memory ran out.
bool record_cut(struct record *r, const struct plan *p, int64_t *replayed_to, struct err *e);

// The journal's word for later: {replayed_to, again = {seqs before it}}. NULL on no memory.
struct val *record_mark(const struct record *r, int64_t replayed_to);

// The first intent whose outcome nobody knows, but in a window that is done again anyway; NULL: none.
const struct event *record_unknown(const struct record *r, const struct plan *p);

// Notes in `past` a call that will be made again although it took effect, or may have. For
// record.c and record_cut.c alone.
bool record_set_aside(struct record *r, const struct event *v);

// The confirmed steps among the events.
size_t record_confirmed(const struct record *r);

// True when a window was interrupted, and is done again.
bool record_redoes_window(const struct record *r);

#endif
