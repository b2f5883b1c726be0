// reserve.h - room on the disk for what must still be written.
//
// Owns: allocating ahead of a journal's end, or the padding file `reserve` beside it where the
// file system cannot. For this folder alone.
#ifndef CORDON_JOURNAL_RESERVE_H
#define CORDON_JOURNAL_RESERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Room for `bytes` after `size`, the journal's length. False with errno.
bool reserve_room(int fd, int dir_fd, int64_t size, size_t bytes);

// Gives the padding file up; false when there was none.
bool reserve_drop(int dir_fd);

#endif
