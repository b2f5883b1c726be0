// reads.h - a list of reads, asked at once.
#ifndef CORDON_RUN_READS_H
#define CORDON_RUN_READS_H

#include "run/inquiry.h"

// One of EC2's Filters, {Name, Values}. Takes over `values`, a list; NULL on no memory.
struct val *reads_filter(const char *name, struct val *values);
// The same with one value.
struct val *reads_filter_by(const char *name, const char *value);
// A call's parameters: one list under this name, with this item (taken over) alone in it.
struct val *reads_params(const char *name, struct val *item);

// The answers beside the reads, as the advisor wants them; a read that failed is its error. New
// reference in *answers. False when it was interrupted, or on a failure of our own.
bool reads_ask(struct loop *loop, struct live *live, struct model *m, const struct val *reads,
               struct val **answers, struct err *e);

#endif
