// scratch.h - a folder of its own for a test, and whole files in it.
//
// Owns: what several unit tests need of the file system. Every function fails the test that
// calls it when the system says no.
#ifndef CORDON_TESTS_SCRATCH_H
#define CORDON_TESTS_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct scratch {
    char dir[64];
    char path[512];
};

static inline void scratch_make(struct scratch *s) {
    snprintf(s->dir, sizeof s->dir, "/tmp/cordon-test-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
}

// The path of a name in the folder; valid until the next call.
static inline const char *scratch_path(struct scratch *s, const char *name) {
    int len = snprintf(s->path, sizeof s->path, "%s/%s", s->dir, name);
    assert_in_range(len, 1, sizeof s->path - 1);
    return s->path;
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int flag,
                                     struct FTW *ftw) {
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void scratch_remove(struct scratch *s) {
    nftw(s->dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void scratch_write(const char *path, const char *bytes, size_t len) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

// The bytes, NUL-terminated; free() them.
static inline char *scratch_read(const char *path, size_t *len) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *len = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(*len + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *len, f), *len);
    bytes[*len] = '\0';
    fclose(f);
    return bytes;
}

static inline bool scratch_exists(const char *path) {
    return access(path, F_OK) == 0;
}

#endif
