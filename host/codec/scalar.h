// scalar.h - scalars as text and back.
//
// Owns: how numbers, booleans, instants and blobs are written and read, as botocore
// does it. Private to host/codec.
#ifndef CORDON_CODEC_SCALAR_H
#define CORDON_CODEC_SCALAR_H

#include "base/buf.h"
#include "base/val.h"
#include "codec/place.h"

// The text of a scalar in a form or in XML. `otherwise`: the protocol's own format of
// timestamps. False with the place when the value does not fit.
bool scalar_print(struct buf *out, const struct place *p, const struct val *v,
                  enum timestamp_format otherwise, struct err *e);
// The value of a text from a form or from XML; NULL with `e`.
struct val *scalar_parse(const struct place *p, const char *text, size_t len, struct err *e);

// As Python's repr(): the fewest digits that read back equal.
void double_print(struct buf *out, double d);

// Parameters give instants as ISO or RFC text or as Unix seconds. False when it is none.
bool instant_read(const struct val *v, int64_t *us);
void instant_print(struct buf *out, int64_t us, enum timestamp_format format);
// A result's instant in Python's isoformat(); a text that is no instant stays as it is.
struct val *instant_result(const struct val *v);

#endif
