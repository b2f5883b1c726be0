// failing_alloc.h - the N-th allocation fails, and what is alive is counted.
//
// Owns: malloc, calloc, realloc and free of the test program that includes it (once). Not
// in sanitizer builds, which have their own; there FAILING_ALLOC is not defined.
#ifndef CORDON_TESTS_FAILING_ALLOC_H
#define CORDON_TESTS_FAILING_ALLOC_H

#ifndef CORDON_SANITIZED
#define FAILING_ALLOC

#include <stdbool.h>
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

static long alloc_countdown = -1;  // how many still succeed; below 0: all
static long alloc_alive;           // blocks not freed yet
static bool alloc_failed;          // one was refused since alloc_fail_after

static bool alloc_refused(void) {
    if (alloc_countdown < 0) return false;
    if (alloc_countdown-- > 0) return false;
    alloc_countdown = 0;  // and every later one: memory does not come back
    alloc_failed = true;
    return true;
}

static inline void alloc_fail_after(long count) {
    alloc_countdown = count;
    alloc_failed = false;
}

void *malloc(size_t size) {
    void *block = alloc_refused() ? NULL : __libc_malloc(size);
    if (block) alloc_alive++;
    return block;
}

void *calloc(size_t count, size_t size) {
    void *block = alloc_refused() ? NULL : __libc_calloc(count, size);
    if (block) alloc_alive++;
    return block;
}

void *realloc(void *old, size_t size) {
    void *block = alloc_refused() ? NULL : __libc_realloc(old, size);
    if (block && !old) alloc_alive++;
    return block;
}

void free(void *block) {
    if (block) alloc_alive--;
    __libc_free(block);
}

#endif
#endif
