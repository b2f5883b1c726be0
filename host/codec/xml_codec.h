// xml_codec.h - results of the protocols ec2 and query, both ways.
//
// Owns: how shapes lie in XML. The text itself is xml.h's. Private to host/codec.
#ifndef CORDON_CODEC_XML_CODEC_H
#define CORDON_CODEC_XML_CODEC_H

#include "codec/walk.h"
#include "codec/xml.h"

// The value of the element as the structure `shape`; NULL with the place.
struct val *xml_read(const struct codec *c, const struct shape *shape,
                     const struct xml_element *element);

// Appends the elements of the members of `v`; the element around them is the caller's.
bool xml_write(const struct codec *c, const struct shape *shape, const struct val *v,
               struct buf *out);
void xml_escape(struct buf *out, const char *bytes, size_t len);

#endif
