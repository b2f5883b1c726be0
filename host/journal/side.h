// side.h - values that are too large for a line.
//
// Owns: the files side-<seq>.json beside the journal, one for the line of that number, and
// the reference that the line keeps instead: {"file", "sha256", "bytes"}. A name is always
// computed, never taken from a line. For this folder alone.
#ifndef CORDON_JOURNAL_SIDE_H
#define CORDON_JOURNAL_SIDE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"

// Writes the text (JSON) for line `seq`, on disk when it returns. The reference, or NULL.
struct val *side_write(const char *run_dir, int64_t seq, const struct buf *text, struct err *e);

// Whether the file that this line refers to is there and unaltered; true when it refers to
// none. False with what is wrong in `why` ("" when memory ran out).
bool side_check(int dir_fd, const struct val *line, char *why, size_t why_size);

#endif
