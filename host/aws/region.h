// region.h - the Region, when only the instance's metadata can say it.
//
// Owns: asking for it once, and who waits for the answer. Flags, variables and profiles come
// first and are endpoint.h's.
#ifndef CORDON_AWS_REGION_H
#define CORDON_AWS_REGION_H

#include <stdbool.h>

#include "base/err.h"

struct aws;
struct imds;

struct region_search {
    struct imds *imds;
    bool under_way;
    bool over;       // asked, with or without success
    struct err why;  // that it was not found
};

// True when a->region is set, from what is configured. False and an error with `*later` false
// when it cannot be; with `*later` true it is being asked for, and the calls that wait for it
// (waits_for_region) are started or failed when it is over.
bool region_ready(struct aws *a, bool *later, struct err *e);
void region_free(struct aws *a);

#endif
