// used_plans.h - which saved plans were applied on this machine.
//
// Owns: $XDG_STATE_HOME/cordon/plans-used/, one file a plan, named by its id. Other machines do not
// see it.
#ifndef CORDON_RUN_USED_PLANS_H
#define CORDON_RUN_USED_PLANS_H

#include "base/err.h"

// False (ERR_LEFT_PLAN, naming the run) when the plan was applied.
bool used_plans_is_free(const char *id, struct err *e);

// From now on it is applied, by `run`: on disk when it returns. False (ERR_LEFT_PLAN) when it was
// already, even by a process that runs now.
bool used_plans_take(const char *id, const char *run, struct err *e);

#endif
