// cli.h - the command line: from argv to an exit code.
//
// Owns: the table of verbs, and making what a verb needs, in the right order: the fork server
// before anything else, the network only when it is needed.
#ifndef CORDON_CLI_CLI_H
#define CORDON_CLI_CLI_H

#include "child/child.h"
#include "cli/options.h"
#include "run/former.h"

// What lua/ gives, so that host/ knows no Lua.
struct parts {
    child_main *playbook_process;
    // Makes the advisor (false and `e` when it cannot); called when a verb needs it.
    bool (*make_advisor)(struct advisor *out, struct err *e);
    void (*free_advisor)(struct advisor *a);
};

int cli_main(int argc, char **argv, const struct parts *parts);

// The verbs. `words` are the verb's own, the verb itself first.
int verb_run(struct host *h, const struct options *o);
int verb_plan(struct host *h, const struct options *o);
int verb_resume(struct host *h, const struct options *o);
int verb_apply(struct host *h, const struct options *o);
int verb_call(struct host *h, const struct options *o);
int verb_close(struct host *h, const struct options *o);
int verb_undo(struct host *h, const struct options *o);
int verb_verify(struct host *h, const struct options *o);
int verb_drill(struct host *h, const struct options *o);
int verb_sim(struct host *h, const struct options *o);
int verb_snapshot(struct host *h, const struct options *o);
int verb_list(struct host *h, const struct options *o);
int verb_find(struct host *h, const struct options *o);
int verb_show(struct host *h, const struct options *o);
int verb_doctor(struct host *h, const struct options *o);
int verb_lint(struct host *h, const struct options *o);
int verb_new(struct host *h, const struct options *o);

// Says what is wrong with the command line; gives the exit code.
int usage(struct host *h, const char *text);

// A door to AWS with this profile (NULL: the usual) and the role_arn and external_id of `role` (NULL:
// none); other flags are `h`'s.
struct aws *open_door(struct host *h, const char *profile, const struct val *role, struct err *e);

// Makes h->backend, AWS. A NULL flag of `h` leaves the choice to environment and profile.
bool connect_aws(struct host *h, struct err *e);
// Makes h->backend: the world of --sim, or AWS.
bool connect_backend(struct host *h, struct err *e);

// The run that a verb's one word names. Free it in any case.
bool find_former(const struct options *o, struct former *f, struct err *e);

// Makes h->backend, the one that this run had: flags that were not given are the run's own (Region,
// profile, endpoint, ticket, the saved world). ERR_USAGE for a world that was not kept.
bool connect_as_run(struct host *h, const struct run_summary *run, struct err *e);

#endif
