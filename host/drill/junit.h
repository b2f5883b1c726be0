// junit.h - verdicts as a JUnit XML report.
#ifndef CORDON_DRILL_JUNIT_H
#define CORDON_DRILL_JUNIT_H

#include "drill/verdict.h"

// Appends one testcase to `cases`; times are simulated seconds.
void junit_add(struct buf *cases, const struct verdict *v);

// The whole report around the cases.
void junit_report(struct buf *out, const struct buf *cases, size_t count, size_t failed,
                  size_t errors);

#endif
