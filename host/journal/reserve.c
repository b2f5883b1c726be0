// reserve.c - room on the disk for what must still be written.
//
// Owns: preallocation and the padding file. It never changes the journal's length.
#include "journal/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

#define PADDING "reserve"

static bool write_padding(int fd, size_t bytes) {
    // Random, so that no file system compresses or shares it away.
    unsigned char block[4096];
    if (!random_bytes(block, sizeof block)) {
        errno = EIO;
        return false;
    }
    for (size_t left = bytes; left > 0;) {
        ssize_t put = write(fd, block, left < sizeof block ? left : sizeof block);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        left -= (size_t)put;
    }
    return fsync(fd) == 0;
}

static bool make_padding(int dir_fd, size_t bytes) {
    struct stat st;
    if (fstatat(dir_fd, PADDING, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
        st.st_size >= (off_t)bytes) {
        return true;
    }
    int fd = openat(dir_fd, PADDING, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    bool ok = write_padding(fd, bytes);
    int number = errno;
    close(fd);
    if (!ok) unlinkat(dir_fd, PADDING, 0);
    errno = number;
    return ok;
}

bool reserve_room(int fd, int dir_fd, int64_t size, size_t bytes) {
    if (bytes == 0) return true;
    int got;
    do {
        got = fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)size, (off_t)bytes);
    } while (got != 0 && errno == EINTR);
    if (got == 0) return true;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return false;
    return make_padding(dir_fd, bytes);
}

bool reserve_drop(int dir_fd) {
    return unlinkat(dir_fd, PADDING, 0) == 0;
}
