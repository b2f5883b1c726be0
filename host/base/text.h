// text.h - what strings from outside need before anyone looks at them.
//
// Owns: UTF-8 validity, escaping for terminals, edit distance for "did you mean",
// and the small predicates that several files share.
#ifndef CORDON_BASE_TEXT_H
#define CORDON_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

// True when all bytes are well-formed UTF-8 (no surrogates, no overlong forms).
bool utf8_valid(const char *bytes, size_t len);
// Length in bytes of the well-formed character at `bytes`, 0 when there is none.
size_t utf8_char(const char *bytes, size_t len);

// Appends the text safe for a terminal: control characters (C0, C1, DEL), bidi
// controls and invalid bytes as \xNN or \u{NNNN}; newline and tab too. At most `max`
// bytes of output, then "..." (0: no limit).
void text_escape(struct buf *out, const char *bytes, size_t len, size_t max);

// Edit distance, case-insensitive; strings of over 64 bytes are never similar.
size_t text_distance(const char *a, const char *b);
// The candidate nearest to `word`, or NULL when none is near enough to suggest.
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);

// DescribeVpcs or describe_vpcs to the two spellings. Botocore's xform_name rules:
// "DescribeVPCs"-like runs of capitals become one word. `out` is cleared first.
void text_snake(struct buf *out, const char *camel);

#endif
