// folder.h - the private folders of a drill, and the lists of drill files.
//
// Owns: making and removing the folder in which a drill's runs keep their state, and finding
// drills. It removes only what it made.
#ifndef CORDON_DRILL_FOLDER_H
#define CORDON_DRILL_FOLDER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"

// A new private folder in $TMPDIR, or /tmp; its path in `out`.
bool folder_make(struct buf *out, struct err *e);
void folder_remove(const char *path);

// The directory of the first run under a state folder, in `out`. False when there is none.
bool folder_run(const char *state_dir, struct buf *out);

// Appends the drills that `path` names to `files`: itself, or every *.lua of the folder, sorted.
bool folder_drills(const char *path, struct val *files, struct err *e);

#endif
