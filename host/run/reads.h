// reads.h - a list of reads, asked at once.
#ifndef CORDON_RUN_READS_H
#define CORDON_RUN_READS_H

#include "run/inquiry.h"

// The answers beside the reads, as the advisor wants them; a read that failed is its error. New
// reference in *answers. False when it was interrupted, or on a failure of our own.
bool reads_ask(struct loop *loop, struct live *live, struct model *m, const struct val *reads,
               struct val **answers, struct err *e);

#endif
