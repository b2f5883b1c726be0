// json_scan.h - the strict look at JSON text before cJSON sees it.
//
// Owns: what cJSON lets through or loses: UTF-8, control characters, \u0000, the grammar
// of numbers, depth, and the text of every number (cJSON keeps doubles only). It is
// private to json.c.
#ifndef CORDON_BASE_JSON_SCAN_H
#define CORDON_BASE_JSON_SCAN_H

#include <stddef.h>

#include "base/err.h"

// The numbers of a text in document order: where each starts.
struct json_numbers {
    size_t *at;
    size_t count, cap;
};

// False with ERR_INVALID naming `what` and the byte. The caller frees numbers->at.
bool json_scan(const char *text, size_t len, const char *what, struct json_numbers *numbers,
               struct err *e);

// True when the number at `number` has neither fraction nor exponent.
bool json_number_is_integer(const char *number);

#endif
