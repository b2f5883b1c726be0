// doctor.h - the parts of `doctor`.
//
// Owns: nothing; the verb gathers facts, may plan a playbook, and shows both.
#ifndef CORDON_CLI_DOCTOR_H
#define CORDON_CLI_DOCTOR_H

#include "cli/options.h"
#include "run/host.h"

// Asks AWS and the machine. A map: `settings` (aws_explain), `checks` (a list of {name, ok,
// text}), `identity`. NULL on no memory. *healthy: no check failed.
struct val *doctor_facts(struct host *h, bool *healthy);

// Plans the playbook of the words behind the verb: a map {playbook, calls: [{call, step,
// permission, note}], counts}. NULL, with the exit code and after saying why, when it cannot.
struct val *doctor_plan(struct host *h, const struct options *o, int *code);

// Adds what people read.
void doctor_show(const struct val *report, struct buf *out);

// One more check in a report's list; `text` is consumed. False when memory ran out.
bool doctor_check(struct val *checks, const char *name, bool ok, struct val *text);

#endif
