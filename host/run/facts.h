// facts.h - what the first line of a journal says about a run.
//
// Owns: the members of run.start, so that every verb that changes something says the same.
#ifndef CORDON_RUN_FACTS_H
#define CORDON_RUN_FACTS_H

#include "run/origin.h"
#include "run/scene.h"

struct run_facts {
    const char *playbook;  // its name, or the verb
    const struct source *source;  // NULL when there is none
    const struct val *modules;    // name -> SHA-256 of what the playbook required; NULL: none
    int64_t started_us;           // the time that the playbook is told; 0: none
    const char *told_run;         // the run id that it is told, when that is not the run's own
    const char *plan;             // the id of the saved plan that is applied; NULL: none
    const struct val *args;
    const char *operator_name;
};

// New reference, NULL on no memory.
struct val *run_start(const struct scene *s, const struct run_facts *f);

#endif
