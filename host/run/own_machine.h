// own_machine.h - this machine's own addresses, so that cordon does not cut off itself.
//
// Owns: looking them up, and comparing them with an instance's. It asks nobody.
#ifndef CORDON_RUN_OWN_MACHINE_H
#define CORDON_RUN_OWN_MACHINE_H

#include "base/err.h"
#include "base/val.h"

// The addresses of this machine's interfaces as text, a map address -> true, without loopback and
// link-local ones; empty when they cannot be listed. NULL on no memory.
struct val *own_addresses(void);

// The first of them that the Instance (as EC2 describes it) has, private or public; or NULL.
const char *own_address_of(const struct val *addresses, const struct val *instance);

// "i-0ab4..." when the caller's ARN is that of an instance's role: then this machine is it.
// Else NULL.
const char *own_instance(const char *arn);

#endif
