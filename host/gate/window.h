// window.h - the time in which a conversion leaves a host open, and the duty to end it.
//
// Owns: the closing calls that are due, from before the first opening call leaves until
// each has been answered. Closing is the host's own duty: it goes on after errors, a
// latch, a lost journal and the playbook's death. It never opens anything.
#ifndef CORDON_GATE_WINDOW_H
#define CORDON_GATE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/val.h"

struct gate;
struct gate_request;
struct aws_reply;
struct operation;

enum duty_state { DUTY_DUE, DUTY_SENT, DUTY_DONE, DUTY_GIVEN_UP };

struct duty {
    char *key;
    const struct operation *op;
    struct val *params;  // real ids only
    enum duty_state state;
    int tries, in_flight;
    int64_t sent_ms;              // clock_mono_ms(), of the last one sent
    int64_t not_before_ms;        // clock_mono_ms(), after a failure
    struct err err;               // the last failure
    bool told;                    // and the operator knows of it
    struct gate_request *parked;  // the playbook's own call, whose answer waits for the end
};

struct window {
    bool open;      // the duty holds
    bool was_open;  // it held at some time of this run
    bool failed;    // a closing call was given up: it may still be open
    size_t step;
    double settle;
    struct duty *duties;
    size_t count;
    size_t openings_in_flight;
    bool repeat;  // an opening call's end came, or may come, after closing had begun
    int64_t stragglers_ms;  // clock_mono_ms(): until then one may take effect late; 0: none
    bool closing_begun;
    struct loop_timer *patience;  // at its end the host closes, opened half-way or not
    struct loop_timer *helper;    // looks after the playbook's closing calls
    int64_t settled_ms;           // clock_mono_ms(): since then closing calls are awaited
    int64_t first_opening_sent, last_opening_answered;  // clock_now_us(), 0: not yet
    int64_t first_closing_sent, last_closing_answered;
};

// `settle` seconds. In a rehearsal marks the step. In an execution puts the closing calls in
// the journal, on disk, with room for their outcomes, before it returns true.
bool window_begin(struct gate *g, double settle, struct err *e);

// The opening calls are answered, the settle time begins: it has no limit but its own.
void window_settling(struct gate *g);
// It is over: from now on the calls are closing ones.
void window_settled(struct gate *g);

// The playbook says that it is done. Sends what is still due, and journals the end.
// False when a closing call had to be given up, or the playbook's own part had failed.
bool window_end(struct gate *g, struct err *e);

// Takes the duty over: sends all that is due, at once, again and again, and returns when
// every duty is done or given up. `by`: "playbook", "host" or "close", for the journal.
bool window_close(struct gate *g, const char *by, struct err *e);

// For `cordon close`: takes up the duties found in a journal.
bool window_adopt(struct gate *g, const struct val *closing, struct err *e);

// What the gate tells: a call of the window was sent, was answered.
void window_sent(struct gate *g, const struct gate_request *r);
// True when the window keeps the request: it is finished when the duty is.
bool window_answered(struct gate *g, struct gate_request *r, const struct aws_reply *reply);

// Seconds that it was open as seen by the client, at most and at least.
double window_most(const struct window *w);
double window_least(const struct window *w);

void window_free(struct window *w);

#endif
