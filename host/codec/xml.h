// xml.h - an XML document as a light tree.
//
// Owns: parsing with expat, and the tree's memory. Any DOCTYPE ends the parse, so there
// are no entities but XML's own five; size, depth and count are capped. Names lose
// their prefixes. It knows nothing of AWS. Private to host/codec.
#ifndef CORDON_CODEC_XML_H
#define CORDON_CODEC_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/arena.h"

#define XML_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define XML_MAX_DEPTH 160
#define XML_MAX_ELEMENTS ((size_t)4000000)

struct xml_attribute {
    const char *name, *value;  // the name as written, with its prefix
    struct xml_attribute *next;
};

struct xml_element {
    const char *name;  // equal names are the same pointer
    const char *text;  // what stands before the first child; NUL-terminated
    size_t text_len;
    struct xml_attribute *attributes;
    struct xml_element *child, *next;
};

struct xml {
    struct arena arena;
    struct xml_element *root;
};

// ERR_INVALID naming `what` and the line. The caller frees `x` in either case.
bool xml_parse(struct xml *x, const char *text, size_t len, const char *what, struct err *e);
void xml_free(struct xml *x);

// The first child of that name; NULL for none, and for a NULL element.
const struct xml_element *xml_child(const struct xml_element *parent, const char *name);
// Its text, "" when there is none.
const char *xml_child_text(const struct xml_element *parent, const char *name);

#endif
