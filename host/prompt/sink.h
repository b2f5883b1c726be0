// sink.h - bytes on their way to stdout or stderr.
//
// Owns: a bounded queue before one descriptor. A terminal that was stopped (Ctrl-S), a slow or
// a dead reader never blocks the host: what cannot be written now waits, and the loop writes it
// when there is room. For this folder alone.
#ifndef CORDON_PROMPT_SINK_H
#define CORDON_PROMPT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct sink;

// `fd` stays the caller's. `loop` may be NULL: then only later writes and sink_flush move what
// waits. At most `max` bytes wait. NULL on no memory.
struct sink *sink_new(struct loop *loop, int fd, size_t max);
void sink_free(struct sink *s);  // drops what waits

// All or nothing: false when the bytes do not fit the queue, or the reader is gone.
bool sink_write(struct sink *s, const char *bytes, size_t len);

// Writes what waits; gives up after `ms` without progress (below 0: never) and at a signal that
// the loop catches. True when all is out.
bool sink_flush(struct sink *s, int64_t ms);

bool sink_broken(const struct sink *s);  // its reader is gone, or it cannot be written
int sink_error(const struct sink *s);    // the errno of that, EPIPE for a reader; 0: not broken

#endif
