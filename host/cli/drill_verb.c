// drill_verb.c - `drill FILE|FOLDER ...`: playbooks rehearsed in scripted worlds. It never connects
// to AWS, whatever credentials there are.
#include "cli/cli.h"
#include "drill/drills.h"

// A playbook or a drill that computes for so long has a mistake, unless --deadline says more.
#define DEADLINE_MS 30000

int verb_drill(struct host *h, const struct options *o) {
    if (!o->deadline_s) h->deadline_ms = DEADLINE_MS;
    return drills_run(h, o->words + 1, o->word_count - 1, o->junit);
}
