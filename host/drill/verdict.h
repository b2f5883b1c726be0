// verdict.h - what became of one drill.
#ifndef CORDON_DRILL_VERDICT_H
#define CORDON_DRILL_VERDICT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"

struct verdict {
    const char *file;
    char *name;     // NULL: it does not load
    bool loaded;    // its declaration was read
    bool finished;  // it ran to its end
    bool passed;
    struct err err;      // unless finished
    struct val *result;  // drill.result of stdlib/host/drill.lua; NULL unless finished
    struct buf log;      // what it printed
    struct buf talk;     // what its runs said
};

void verdict_free(struct verdict *v);

#endif
