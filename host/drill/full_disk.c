// full_disk.c - a limit on file sizes stands for a disk without room.
#include "drill/full_disk.h"

#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "drill/folder.h"

#define BLOCK 4096

// What has been written, and what was allocated ahead of it.
static int64_t room_of(const struct stat *st) {
    int64_t used = (st->st_size + BLOCK - 1) / BLOCK * BLOCK,
            allocated = st->st_blocks * INT64_C(512);
    return allocated > used ? allocated : st->st_size;
}

void fill_disk(const char *state_dir) {
    struct buf journal = BUF_EMPTY;
    struct stat st;
    struct rlimit limit;
    bool known = folder_run(state_dir, &journal) &&
                 (buf_add_str(&journal, "/journal.jsonl"), true) && !journal.failed &&
                 stat(journal.data, &st) == 0;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0) {
        limit.rlim_cur = known ? (rlim_t)room_of(&st) : 0;
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    buf_free(&journal);
}
