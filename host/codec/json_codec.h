// json_codec.h - the protocol awsJson1_0 (and 1.1): documents both ways.
//
// Owns: how shapes lie in JSON. The text itself is base/json.h's. Private to
// host/codec.
#ifndef CORDON_CODEC_JSON_CODEC_H
#define CORDON_CODEC_JSON_CODEC_H

#include "codec/walk.h"

// Appends the document of `v` as the structure `shape` (NULL: "{}"). `response`: times
// keep their fractions.
bool json_write(const struct codec *c, const struct shape *shape, const struct val *v,
                bool response, struct buf *out);

// The value of a parsed document as the structure `shape`; NULL with the place.
struct val *json_read(const struct codec *c, const struct shape *shape, const struct val *document);

#endif
