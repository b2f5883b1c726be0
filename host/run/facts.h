// facts.h - what the first line of a journal says about a run.
//
// Owns: the members of run.start, so that every verb that changes something says the same.
#ifndef CORDON_RUN_FACTS_H
#define CORDON_RUN_FACTS_H

#include "run/scene.h"

struct run_facts {
    const char *playbook;  // its name, or the verb
    const char *file;      // NULL when there is none
    const char *text;      // the source, whose SHA-256 is recorded; NULL when there is none
    size_t text_len;
    const struct val *args;
    const char *operator_name;
};

// New reference, NULL on no memory.
struct val *run_start(const struct scene *s, const struct run_facts *f);

#endif
