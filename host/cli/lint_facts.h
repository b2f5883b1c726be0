// lint_facts.h - what lint must know besides a playbook's text.
//
// Owns: looking up what the playbook and its modules name: operations and their input shapes in
// the API model, modules where `require` would find them. It runs nothing and calls nobody.
#ifndef CORDON_CLI_LINT_FACTS_H
#define CORDON_CLI_LINT_FACTS_H

#include "run/host.h"
#include "run/source.h"

// *facts is a new reference, a map as stdlib/host/lint.lua wants it.
bool lint_facts(struct host *h, const struct source *playbook, struct val **facts, struct err *e);

#endif
