// drill_verb.c - `drill FILE|FOLDER ...`: playbooks rehearsed in scripted worlds. It never connects
// to AWS, whatever credentials there are.
#include "cli/cli.h"
#include "drill/drills.h"

int verb_drill(struct host *h, const struct options *o) {
    return drills_run(h, o->words + 1, o->word_count - 1, o->junit);
}
