// fault.h - what went wrong, from a response that is no success.
//
// Owns: reading error bodies of all protocols, and describing what else came (HTML of a
// proxy, nothing at all). Private to host/codec.
#ifndef CORDON_CODEC_FAULT_H
#define CORDON_CODEC_FAULT_H

#include "codec/place.h"
#include "codec/xml.h"

// Fills `e` from the body of a failed response. Always returns false.
bool fault_read(const struct operation *op, int status, const char *body, size_t len,
                const char *query_error, struct err *e);
// The same for a document that is already parsed; false without touching `e`'s code
// when it holds no error.
bool fault_is_xml(const struct xml_element *root);
bool fault_from_xml(const struct xml_element *root, int status, struct err *e);

// Describes a body that is not what was expected. Returns false.
bool fault_unexpected(int status, const char *body, size_t len, const char *code, struct err *e);

#endif
