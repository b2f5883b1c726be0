// host.h - what the verbs work with.
//
// Owns: nothing; main makes the parts and hands them round in one struct.
#ifndef CORDON_RUN_HOST_H
#define CORDON_RUN_HOST_H

#include "aws/aws.h"
#include "child/child.h"
#include "gate/policy.h"
#include "prompt/console.h"
#include "run/advisor.h"
#include "run/backend.h"

struct host {
    struct loop *loop;
    struct fork_server *server;
    struct model *model;
    struct backend backend;
    const struct advisor *advisor;
    struct console *console;
    // The global flags, as given; NULL or false when they were not.
    const char *profile, *region, *endpoint_url, *ticket, *sim;
    int64_t deadline_ms;
    const char *account;  // --account
    int64_t max_hit;      // --max-hit; -1: not given
    const char *policy_file;  // --policy
    struct policy *policy;    // in force; NULL: none
    bool ignore_lease, ignore_own_address;
    bool yes, no_input, json, verbose, save;
    const struct operator *operator;  // answers instead of the terminal; NULL: the terminal
    int64_t timeout_ms;  // of one request; 0: the usual
    struct val *kept;  // a former run's first line, in which flags may point
    bool changed;  // said by a verb at its end: something was changed
};

#endif
