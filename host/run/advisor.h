// advisor.h - the interface through which trusted Lua advises the host.
//
// Owns: the struct of function pointers that lua/ fills and main hands to the host, and
// the shapes of the values that cross. Pure functions from values to values: they never
// call out. All results are new references; false and `e` when the Lua raised.
//
// A `call` is {service = "ec2", operation = "modify_network_interface_attribute", params = {...}}.
#ifndef CORDON_RUN_ADVISOR_H
#define CORDON_RUN_ADVISOR_H

#include <stdbool.h>

#include "base/err.h"
#include "base/val.h"

struct advisor {
    void *ctx;

    // The reads that give a call's before-state: a list of calls, maybe empty.
    bool (*reads_needed)(void *ctx, const struct val *call, struct val **reads, struct err *e);

    // The before-state, from the reads' results: `answers` is a list beside the reads,
    // {value = ...} or {error = {...}} each. nil when the operation is not known.
    bool (*before)(void *ctx, const struct val *call, const struct val *answers,
                   struct val **before, struct err *e);

    // {class = "inverted" | "kept" | "irreversible", calls = {call, ...}, note = text}.
    // `calls` in the order in which they take the call back. `result` is the call's own
    // (it names what was created), nil before it was made.
    bool (*inverse)(void *ctx, const struct val *call, const struct val *before,
                    const struct val *result, struct val **inverse, struct err *e);

    // A list of lines {sign = "+" | "~" | "-", subject = "eni-0a1", attribute = "groups",
    // before = text, after = text}. A generic one for operations it does not know.
    bool (*diff)(void *ctx, const struct val *call, const struct val *before, struct val **diff,
                 struct err *e);

    // What the call touches: {target = {ids}, others = {{id, name, kind}, ...}}; others are
    // whatever is hit besides what the call names. nil when that is not known.
    bool (*hits)(void *ctx, const struct val *call, const struct val *before, struct val **hits,
                 struct err *e);

    // The reads that tell whether a call whose answer never came has taken effect; empty when
    // that cannot be told.
    bool (*fate_reads)(void *ctx, const struct val *call, struct val **reads, struct err *e);
    // From their results (as for `before`): {state = "done" | "not_done" | "unknown", result}.
    bool (*fate)(void *ctx, const struct val *call, const struct val *answers, struct val **fate,
                 struct err *e);

    // Taking a whole run back. `changes`: what it changed, in order, {key, service, operation,
    // params (with real ids), before, inverse, result, ok = true | false | nil when nobody knows}.
    // `undo_reads`: the calls that show how things are now. From their answers (as for `before`):
    // `undo` gives {items, stages}, `left` gives {items} (stdlib/host/undo.lua has the shapes).
    bool (*undo_reads)(void *ctx, const struct val *changes, struct val **reads, struct err *e);
    bool (*undo)(void *ctx, const struct val *changes, const struct val *answers,
                 struct val **plan, struct err *e);
    bool (*left)(void *ctx, const struct val *changes, const struct val *answers,
                 struct val **found, struct err *e);

    // A playbook's declared arguments against the "key=value" pairs given (a map of strings):
    // {args = {...}, reads = {call, ...}, errors = {text, ...}}. `reads` find what names stand
    // for (an instance's Name tag); their answers go into resolve_arguments, which gives
    // {args = {...}, errors = {...}, labels = {{id, name}, ...}}.
    bool (*check_arguments)(void *ctx, const struct val *declared, const struct val *given,
                            struct val **checked, struct err *e);
    bool (*resolve_arguments)(void *ctx, const struct val *declared, const struct val *checked,
                              const struct val *answers, struct val **resolved, struct err *e);

    // The current simulated world (stdlib/host/world.lua): one of its functions, by name, a
    // map in, a value out.
    bool (*world)(void *ctx, const char *function, const struct val *about, struct val **answer,
                  struct err *e);

    // The current drill (stdlib/host/drill.lua), likewise; it has a world of its own.
    bool (*drill)(void *ctx, const char *function, const struct val *about, struct val **answer,
                  struct err *e);

    // A rehearsal on a copy of the VPCs involved (stdlib/host/rehearsal.lua). `begin` forgets
    // all. `wants` gives the reads that the copy still needs (calls, to be told to `seen` as they
    // are); empty when it is complete. `answer` is asked about every call of a rehearsal: {send =
    // true} (a read that the copy does not cover: ask AWS), {value = ..., fresh = true when AWS
    // said so a moment ago}, or {error = ...}. For a mutation `skeleton` is an output made from
    // the shape, with planned ids in it, for what is not modelled; for reads it is nil. `seen`
    // gives it the results of reads that went to AWS.
    bool (*rehearsal_begin)(void *ctx, struct err *e);
    bool (*rehearsal_answer)(void *ctx, const struct val *call, const struct val *skeleton,
                             struct val **answer, struct err *e);
    // What the rehearsed plan would do to connections: {instances = {ids}, convert = true when a
    // window opens, settle = seconds} gives {reach = {{instance, into_before, into_after,
    // out_before, out_after}, ...} (sentences), survivors = {{text, lever, certainty}, ...},
    // missing = {reads that failed}}.
    bool (*consequences)(void *ctx, const struct val *about, struct val **found, struct err *e);
    bool (*rehearsal_wants)(void *ctx, struct val **reads, struct err *e);
    bool (*rehearsal_seen)(void *ctx, const struct val *call, const struct val *result,
                           struct err *e);

    // Checks a playbook without running it, in two rounds. `lint_names` says what must be looked
    // up: {operations = {"ec2.describe_vpcs", ...}, modules = {"isolate", ...}} for one source;
    // `services` is the list of service modules. `lint` gets the answers in `facts` (lint.lua says
    // what is in them; what a playbook can name is added here) and gives the findings: a list of
    // {file, line, column, severity = "error" | "warning", rule, text}, sorted.
    bool (*lint_names)(void *ctx, const struct val *source, const struct val *services,
                       struct val **names, struct err *e);
    bool (*lint)(void *ctx, const struct val *file, const struct val *source,
                 const struct val *facts, struct val **findings, struct err *e);
};

#endif
