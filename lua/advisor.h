// advisor.h (lua) - fills the host's struct advisor from stdlib/host/.
#ifndef CORDON_LUA_ADVISOR_H
#define CORDON_LUA_ADVISOR_H

#include "run/advisor.h"
#include "trusted.h"

// The functions of advisor.lua, arguments.lua and recording.lua. `t` must outlive it.
struct advisor advisor_from_lua(struct trusted *t);

#endif
