// scene.h - who acts where on what, and how it is said to people.
//
// Owns: the facts of a run that every header line, prompt and event shows. It shows what the
// host knows, never the playbook's words alone.
#ifndef CORDON_RUN_SCENE_H
#define CORDON_RUN_SCENE_H

#include "gate/gate.h"
#include "plan/plan.h"
#include "prompt/console.h"
#include "run/host.h"

struct scene {
    struct console *console;
    bool json;            // events on stdout
    const struct backend *backend;  // whether it is simulated is said in every headline and journal
    const char *sim;      // --sim's value; NULL when it was not given
    bool save;
    const char *profile;  // NULL when none was named
    const char *region;
    const char *wanted_account, *policy_file;  // --account and --policy, as given; NULL: not
    const char *policy;        // the file of the one in force; NULL: none
    const char *endpoint_url;  // NULL: AWS's own
    const char *ticket;        // NULL when none
    struct val *identity;      // GetCallerIdentity's answer; nil before
    struct val *labels;        // {{id, name}, ...}: what the arguments stand for
};

// With what the host knows before anything was asked.
struct scene scene_new(const struct host *h);
void scene_free(struct scene *s);

bool scene_is_simulated(const struct scene *s);
const char *scene_account(const struct scene *s);  // "?" before it is known
// The ids of the instances that the arguments name, each once. A new list, NULL on no memory.
struct val *scene_instances(const struct scene *s);

// "Cut off  i-0ab4 "web-7"   111122223333 / eu-west-1   IR-42"
void scene_headline(const struct scene *s, const char *title, struct buf *out);

// The step's lines: + ~ - with before and after, its permission; then the line of facts.
// `number` counts from 1.
void show_step(const struct scene *s, const struct plan *p, size_t number);
// All steps.
void show_plan(const struct scene *s, const struct plan *p);
// "What can survive this:" and the list, with what would close each: the forecast on the copy
// of the VPC, or else the playbook's own words.
void show_survivors(const struct scene *s, const struct plan *p);
// One call as it would be sent, for [s]how.
void show_calls(const struct scene *s, const struct plan *p, size_t number, struct model *m);
// What each call does, its before-state and how it is taken back, for [e]xplain.
void explain_step(const struct scene *s, const struct plan *p, size_t number);

// "hits only this instance | open to the internet for about 5 s | undo: yes | permission: proven"
void step_facts(const struct plan *p, size_t number, struct buf *out);

// True when the advisor knows no way back for this call.
bool is_irreversible(const struct planned_call *c);

// An event on stdout when `json`; `members` (may be NULL) is consumed.
void scene_event(const struct scene *s, const char *event, struct val *members);

// What the gate tells in the middle of things; `scene` is a struct scene.
void scene_alarm(void *scene, const char *text);

// A command line for the operator to type: `cordon VERB` with this scene's global flags.
void scene_command(const struct scene *s, const char *rest, struct buf *out);

#endif
