// inquiry.h - reads that are asked once, however many want to know.
//
// Owns: the answers, by the read's text. It never sends anything but reads.
#ifndef CORDON_RUN_INQUIRY_H
#define CORDON_RUN_INQUIRY_H

#include "base/buf.h"
#include "run/batch.h"
#include "run/live.h"

struct asked {
    struct asked *next;
    struct buf key;
    struct val *read;
    struct val *answer;  // {value} or {error}; NULL until it came
    bool outdated;
};

struct inquiry {
    struct batch batch;
    struct live *live;
    struct model *model;
    struct asked *asked;
    struct inquiry *earlier;  // answers that may be used too; NULL: none
};

// Starts the read {service, operation, params} unless it was asked already, here or earlier.
// A read that names what does not exist yet is answered so at once. The node lives as long as
// the inquiry that has it.
bool inquiry_ask(struct inquiry *q, const struct val *read, struct asked **asked, struct err *e);

// Until all is answered; the earlier one's too.
bool inquiry_wait(struct inquiry *q, struct err *e);

// Answers about anything that these parameters name are no longer true.
void inquiry_outdate(struct inquiry *q, const struct val *params);

void inquiry_free(struct inquiry *q);

#endif
