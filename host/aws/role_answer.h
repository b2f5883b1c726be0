// role_answer.h - the keys in an answer of STS AssumeRole*.
//
// Owns: reading them. It asks nothing.
#ifndef CORDON_AWS_ROLE_ANSWER_H
#define CORDON_AWS_ROLE_ANSWER_H

#include "aws/credentials.h"

// `where` names the role in messages and becomes the source. ERR_CREDENTIALS.
bool role_answer_take(const struct val *answer, const char *where, struct credentials *out,
                      struct err *e);

#endif
