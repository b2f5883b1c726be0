// lease.h - one live run per instance, across hosts: the tag cordon:lease.
//
// Owns: the tag's text, who holds it, setting it beside the run's first mutations, reading it back
// beside the later ones, renewing it while somebody is asked, and taking it away at the end. It
// never delays a cut: nothing waits for it but the end of the run. It is a promise between
// cordons, no lock: whoever is not cordon does not look at it.
//
// The tag: "20261124T021530Z-isolate-sg-7f3a alice/host until 2026-11-24T02:30:30Z". It ends by
// itself after 15 minutes, so that a run that died holds nobody up for long. Its calls are in the
// journal as "lease#1", ...: they are the host's own, and undo has nothing to do with them.
#ifndef CORDON_RUN_LEASE_H
#define CORDON_RUN_LEASE_H

#include "run/guard.h"

#define LEASE_TAG "cordon:lease"
#define LEASE_TEXT_MAX 256

// A tag as it was read.
struct lease_text {
    char run[128];
    char holder[128];  // "alice/host"
    int64_t until_us;
};

// False for what is no lease of cordon's, or ends later than any cordon would write.
bool lease_parse(const char *text, int64_t now_us, struct lease_text *out);
// "" in `out` when it does not fit a tag. `holder` is made to fit.
void lease_write(const char *run, const char *holder, int64_t until_us, char out[LEASE_TEXT_MAX + 1]);

struct lease_call;

struct lease {
    struct host *host;
    struct gate *gate;
    struct live *live;
    const struct scene *scene;
    const char *run;
    char holder[128];
    struct val *ids;           // instances to be tagged, a list; empty: no lease
    struct val *told;          // instances that can read their own tags: none is set there
    char text[LEASE_TEXT_MAX + 1];
    char standing[LEASE_TEXT_MAX + 1];  // the last that was set, as far as is known
    int64_t until_us;
    int number;                // of the calls so far
    bool wanted;               // it is to be set with the next mutations
    bool set;                  // a call that sets it has left
    bool lost;                 // somebody else's stands there
    bool over;
    size_t looked_step;        // step in which it was read back last
    struct lease_call *calls;  // under way
    size_t under_way;
    bool idle;                 // none is under way
    struct loop_timer *tick;
};

// What the guard has read decides: ERR_BUSY when another host's run holds an instance, saying who,
// since when, until when, and the way on. A lease that a run of this machine left is no
// obstacle: whoever calls this holds its lock. Says where none will be set, and why.
bool lease_plan(struct lease *l, const struct guard *g, struct gate *gate, const char *run,
                struct err *e);

// The line of the plan; nothing when there is no lease.
void lease_show(const struct lease *l);

// From now on it is set with the first mutations that leave (gate->beside).
void lease_arm(struct lease *l);

// The run is over, well or not: waits for what is under way, and takes the tag away where it is
// still ours. What fails is a warning.
void lease_end(struct lease *l);

void lease_free(struct lease *l);

#endif
