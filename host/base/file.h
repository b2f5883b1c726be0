// file.h - whole files, and paths.
//
// Owns: reading a file with a cap, and replacing one so that no reader and no
// crash ever sees half of it. It never follows the caller into formats.
#ifndef CORDON_BASE_FILE_H
#define CORDON_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

// Appends the file's bytes; fails (ERR_USAGE when it cannot be opened, and errno
// is kept) when it has more than `max`. Only regular files.
bool file_read(const char *path, size_t max, struct buf *out, struct err *e);

// Writes a new file beside `path` (mode 0600), syncs it, renames it over, syncs the
// folder.
bool file_replace(const char *path, const void *bytes, size_t len, struct err *e);

// mkdir -p with mode 0700 for what is made.
bool file_make_dirs(const char *path, struct err *e);
// fsync of a folder, so that a new entry survives a crash.
bool file_sync_dir(const char *path, struct err *e);

// "$NAME/rest" when the variable is set and absolute, else "$HOME/fallback/rest".
// False with ERR_USAGE when neither is there. As the XDG base directory specification.
bool file_xdg_path(struct buf *out, const char *variable, const char *home_fallback,
                   const char *rest, struct err *e);

#endif
