// profile_file.h - one shared file, line by line.
//
// Owns: the INI syntax as AWS's tools read it, on libinih. It never merges and never
// interprets a section's name.
#ifndef CORDON_AWS_PROFILE_FILE_H
#define CORDON_AWS_PROFILE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

// Called for every section (key NULL) and every value, in order. `nested` is the key of an
// indented line (lower case, as `key`), NULL for a plain one. Returning false stops, with
// failure.
typedef bool profile_line_fn(void *ctx, const char *section, const char *key, const char *nested,
                             const char *value);

// `path` names the text in messages. ERR_USAGE with the line when it is malformed.
bool profile_file_parse(const char *text, size_t len, const char *path, profile_line_fn *fn,
                        void *ctx, struct err *e);

#endif
