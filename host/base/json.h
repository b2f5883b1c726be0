// json.h - JSON text to and from values.
//
// Owns: the one checked wrapper around cJSON, and our own printer (cJSON rounds
// integers above 2^52). It never accepts what a second parser could read
// differently: trailing bytes, duplicate keys, invalid UTF-8, \u0000.
#ifndef CORDON_BASE_JSON_H
#define CORDON_BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"

#define JSON_MAX_BYTES ((size_t)64 * 1024 * 1024)
// The most keys one object may have: values keep keys sorted, and a hostile order makes
// that quadratic.
#define JSON_MAX_KEYS ((size_t)20000)

// Parses `len` bytes. A number without '.', 'e' is an integer and must fit 64
// bits. A JSON null becomes nil: absent in maps, kept in lists. `what` names the
// text in errors ("arguments", a file's path). NULL and `e` on failure.
struct val *json_parse(const char *text, size_t len, const char *what, struct err *e);

// Looks through text that json_print made: UTF-8, strings, numbers and depth are as json_parse
// wants them. It makes no values, so it costs a tenth.
bool json_look(const char *text, size_t len, const char *what, struct err *e);

// Appends compact JSON, keys sorted. Bytes that are not UTF-8 print as U+FFFD.
// Doubles print with 17 significant digits at most and always read back equal;
// NaN and infinities print as null.
void json_print(struct buf *out, const struct val *v);
// The same, indented by two blanks a level, for people.
void json_print_pretty(struct buf *out, const struct val *v);
// One JSON string, quotes included.
void json_print_string(struct buf *out, const char *bytes, size_t len);

#endif
