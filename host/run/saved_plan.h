// saved_plan.h - a plan in a file: what `plan --out` writes and `apply` takes.
//
// Owns: the file's format and its checks. The file holds no secret and is believed in nothing: it is
// compared with what a new rehearsal finds, and what is executed is that rehearsal's plan.
#ifndef CORDON_RUN_SAVED_PLAN_H
#define CORDON_RUN_SAVED_PLAN_H

#include "base/err.h"
#include "base/val.h"
#include "model/model.h"
#include "plan/plan.h"
#include "run/scene.h"
#include "run/source.h"

#define SAVED_PLAN_HOURS 24

struct saved_plan {
    struct val *value;  // the whole file
    const char *id;     // a UUID
    const char *run;    // the run id that the playbook is told
    int64_t started_us;  // the time that it is told
    const struct val *given, *args;  // as typed, and as resolved
    const struct val *steps;
};

// What a plan is made of besides its steps.
struct saved_facts {
    const struct scene *scene;
    const struct source *source;
    const struct val *declaration, *given, *args, *modules;
    const char *run;
    int64_t started_us;
};

// Where a plan shall go is free; said before anything is read from AWS. ERR_USAGE.
bool saved_plan_can_write(const char *path, struct err *e);

// Writes a new file, 0600, on disk. Never over another. ERR_REFUSED when a call has a secret
// parameter: what cannot be kept cannot be compared.
bool saved_plan_write(const char *path, const struct saved_facts *f, const struct plan *p,
                      struct model *m, struct err *e);

// Reads and checks a file. ERR_USAGE when it cannot be read, ERR_INVALID naming the place that is
// not as it should be, ERR_LEFT_PLAN when it has expired.
bool saved_plan_read(const char *path, struct model *m, struct saved_plan *out, struct err *e);
void saved_plan_free(struct saved_plan *s);

// It was made for this account, Region and backend. ERR_CREDENTIALS, ERR_LEFT_PLAN.
bool saved_plan_is_for(const struct saved_plan *s, const struct scene *scene, struct err *e);

// What has moved since: sentences, a list (new reference; empty: nothing has). NULL on failure.
struct val *saved_plan_moved(const struct saved_plan *s, const struct plan *now,
                             const struct val *args_now, struct model *m, struct err *e);

// A call's before-state in 64 letters. False when there is no memory.
bool saved_plan_fingerprint(const struct val *before, char out[65]);

#endif
