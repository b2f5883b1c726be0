// scan.h - reading a journal from an open descriptor.
//
// Owns: the one streaming reader under journal_verify, journal_reopen and the summaries. For
// this folder alone.
#ifndef CORDON_JOURNAL_SCAN_H
#define CORDON_JOURNAL_SCAN_H

#include "journal/journal.h"

// Reads from the start of `fd`. Side files are looked up in `dir_fd`; -1 leaves them alone.
// As journal_verify otherwise.
bool scan_journal(int fd, int dir_fd, const char *path, struct journal_report *report,
                  journal_line_fn *each, void *ctx, struct err *e);

// Opens a journal (or any regular file) to read; -1 and `e`: ERR_USAGE when it cannot be
// opened.
int scan_open(const char *path, struct err *e);

#endif
