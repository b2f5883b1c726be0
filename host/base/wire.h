// wire.h - values as bytes, for the socket between host and playbook process.
//
// Owns: a compact binary form of val with caps, and frames of a 32-bit
// little-endian length. The reader trusts nothing: every length is checked
// against what is there before it is used.
#ifndef CORDON_BASE_WIRE_H
#define CORDON_BASE_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"

#define WIRE_MAX_FRAME ((size_t)16 * 1024 * 1024)  // bytes of one frame's body
#define WIRE_MAX_NODES ((size_t)1000000)           // values in one frame

// Appends one frame (length and body) to `out`. False when the value is too deep
// or the frame would exceed its caps.
bool wire_write(struct buf *out, const struct val *v, struct err *e);

// Looks for one whole frame at the start of `in`. Returns 1 with *v (new
// reference) and *used bytes to consume; 0 when more bytes are needed; -1 and `e`
// when the bytes can never become a valid frame.
int wire_read(const char *bytes, size_t len, struct val **v, size_t *used, struct err *e);

#endif
