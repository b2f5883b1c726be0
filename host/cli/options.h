// options.h - the words of the command line.
//
// Owns: which flags exist, which take a value, and what stays when they are taken out. It
// does nothing else.
#ifndef CORDON_CLI_OPTIONS_H
#define CORDON_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct options {
    const char *profile, *region, *endpoint_url, *ticket;
    int64_t deadline_s, timeout_s;
    bool yes, no_input, json, quiet, verbose, no_color;
    const char *hold;  // run: how long it is looked after
    bool recut;
    bool dry_run, detailed_exitcode, help;
    const char *sim;  // a world's file; "" for the default world; NULL: not simulated
    const char *policy, *account;
    int64_t max_hit;  // -1: not given
    bool ignore_lease, ignore_own_address;
    bool save;        // write the world back to its file
    const char *world, *out, *junit;
    int64_t port;
    // What is left: the verb and its words. Points into the argv that was given.
    char **words;
    int word_count;
};

// Reorders `argv` (flags are taken out wherever they stand, until "--"). ERR_USAGE with "did
// you mean" for what it does not know.
bool options_parse(int argc, char **argv, struct options *o, struct err *e);

#endif
