// argv_split.h - a command line into words, as botocore's shlex does.
//
// Owns: quotes and backslashes. Nothing is expanded: no variable, no glob, no pipe.
#ifndef CORDON_AWS_ARGV_SPLIT_H
#define CORDON_AWS_ARGV_SPLIT_H

#include "base/err.h"

#define ARGV_MAX_WORDS 256

// NULL-terminated, for argv_free. NULL and ERR_USAGE for an open quote, a backslash at the
// end, no word or too many.
char **argv_split(const char *line, struct err *e);
void argv_free(char **words);

#endif
