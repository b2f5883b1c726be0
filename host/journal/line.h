// line.h - one line of the journal: its text, and what makes it a good one.
//
// Owns: the line format of DESIGN section 6. Shared by the writer, the verifier and the
// side files, and by nobody else. It never touches a file.
#ifndef CORDON_JOURNAL_LINE_H
#define CORDON_JOURNAL_LINE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/val.h"

#define LINE_MAX_BYTES ((size_t)4 * 1024 * 1024)  // of one line, newline included
#define LINE_RUN_SIZE 128                         // a run id with its NUL
#define LINE_SIDE_KEY "side"                      // names the member whose value is in a side file

// Where a line stands in its chain.
struct line_place {
    int64_t seq;
    const char *run;   // "" while it is not known: the first line read tells
    const char *prev;  // the previous line's hash
};

// "no line before": 64 zeros.
extern const char line_no_prev[SHA256_HEX];

// A run id, a kind and a member name that can be written: short, plain ASCII, and for a
// member none of the envelope's own names.
bool line_run_ok(const char *run);
bool line_kind_ok(const char *kind);
bool line_member_ok(const char *name);

// A value that reads back as it was written: the same one when its strings are UTF-8 without
// NUL and it is not too deep, else a copy with the offending bytes spelled as \xNN. NULL and
// ERR_INVALID when it is deeper than a line may be. `depth`: of the value in its line.
struct val *line_clean(const struct val *v, int depth, struct err *e);

// Appends the line, newline included, and gives its hash; `side` (or NULL) names the member
// that stands for a side file. What line_read would not take is refused, so whatever is
// written verifies. Nothing is appended on failure: ERR_INVALID for what may not be written,
// ERR_MEMORY.
bool line_compose(struct buf *out, const struct line_place *at, const char *kind,
                  const struct val *members, const char *side, char hash[SHA256_HEX],
                  struct err *e);

// Reads a line (without its newline) that must stand at this place. False with what is wrong
// in `why` ("" when memory ran out); else a new reference and the line's hash.
bool line_read(const char *bytes, size_t len, const struct line_place *at, struct val **line,
               char hash[SHA256_HEX], char *why, size_t why_size);

#endif
