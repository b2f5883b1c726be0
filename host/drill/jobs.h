// jobs.h - what the host processes of a drill do.
//
// Owns: running a playbook, taking a run back through the gate, closing a window that a killed
// host left open: by the same code as the verbs.
#ifndef CORDON_DRILL_JOBS_H
#define CORDON_DRILL_JOBS_H

#include "run/host.h"
#include "run/run.h"

// For struct host_setup. ctx: a struct run_options.
int job_run(struct host *h, void *ctx);

// ctx: the run's directory. As `cordon undo --yes`: exit codes of undo.h.
int job_undo(struct host *h, void *ctx);

// ctx: the run's directory. 0, or 9.
int job_close(struct host *h, void *ctx);

#endif
