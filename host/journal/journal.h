// journal.h - a run's append-only, hash-chained record.
//
// Owns: journal.jsonl in the run directory: the line format of DESIGN section 6, its
// order on disk, recovery and verification. It never forgets a failure: once an
// append or a sync has failed, `lost` stays set and every later append fails. A line that may
// not be written at all (ERR_INVALID: a name of the envelope's, too deep, over 4 MiB) is
// refused before anything is touched, and loses nothing.
//
// What a crash may leave is a last line without its newline; whatever was synced is whole.
// Strings that JSON cannot carry (NUL, invalid UTF-8) are written with those bytes as \xNN.
#ifndef CORDON_JOURNAL_JOURNAL_H
#define CORDON_JOURNAL_JOURNAL_H

#include <stdint.h>

#include "base/err.h"
#include "base/val.h"

struct journal;

// Reads of over this many bytes of JSON go to a side file beside the journal.
#define JOURNAL_SIDE_BYTES ((size_t)64 * 1024)

// Makes the run directory (0700) and an empty journal in it (0600), locked (flock) by
// this process, folder synced.
struct journal *journal_create(const char *run_dir, const char *run_id, struct err *e);

// Opens an existing journal to append: takes the lock (ERR_USAGE, naming the holder's
// pid if it can be known, when another process has it for over 200 ms), verifies the chain and
// the side files (ERR_JOURNAL when they do not), drops an incomplete last line.
struct journal *journal_reopen(const char *run_dir, struct err *e);
void journal_free(struct journal *j);  // closes; does not sync

// Appends a line of this kind. `members` (a map, or NULL) is consumed. Buffered by
// nothing: the bytes are written when it returns; on disk after journal_sync.
bool journal_append(struct journal *j, const char *kind, struct val *members, struct err *e);

// As journal_append; a value of over JOURNAL_SIDE_BYTES is written to its own synced
// file and replaced under `key` by {"file": name, "sha256": hex, "bytes": n}; the line's own
// member "side" then names the key, so that no value can pass for such a reference.
// `members` and `value` are consumed.
bool journal_append_large(struct journal *j, const char *kind, struct val *members, const char *key,
                          struct val *value, struct err *e);

// fdatasync of all lines so far. Cheap when nothing was appended since.
bool journal_sync(struct journal *j, struct err *e);

// Reserves room on the disk for `bytes` more, so that what must be written later can be. Where
// the file system cannot allocate ahead, a file `reserve` beside the journal holds the room and
// is given up when the disk is full. A failure loses nothing: it says that there is no room.
bool journal_reserve(struct journal *j, size_t bytes, struct err *e);

bool journal_lost(const struct journal *j);
const char *journal_head(const struct journal *j);  // hash of the last line, hex
const char *journal_run_id(const struct journal *j);
const char *journal_dir(const struct journal *j);
int64_t journal_next_seq(const struct journal *j);

// Its name in the run directory.
#define JOURNAL_FILE "journal.jsonl"

enum journal_state { JOURNAL_VERIFIED, JOURNAL_INCOMPLETE_TAIL, JOURNAL_TAMPERED };

struct journal_report {
    enum journal_state state;
    int64_t lines;       // good ones
    int64_t good_bytes;  // up to the end of the last good line
    char head[65];       // 64 zeros while there is no line
    char run[128];       // "" while there is no line
    char why[512];       // names the line when tampered, the bytes of an incomplete tail
};

// Streams the file, calling `each` (may be NULL) with every good line as a value; memory does
// not grow with the file. Side files named by lines are verified too. `each` returning
// false stops early, with success. False only when the file cannot be read (ERR_USAGE: cannot
// be opened).
typedef bool journal_line_fn(void *ctx, const struct val *line);
bool journal_verify(const char *path, struct journal_report *report, journal_line_fn *each,
                    void *ctx, struct err *e);

// The value a read's line holds, from the line itself or its side file. New reference.
struct val *journal_large_value(const char *run_dir, const struct val *line, const char *key,
                                struct err *e);

#endif
