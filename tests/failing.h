// failing.h - memory that runs out when a test says so.
//
// Owns: the linker's wraps of the allocators, for the one program that includes it. It needs
// "// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup" in that program.
#ifndef CORDON_TESTS_FAILING_H
#define CORDON_TESTS_FAILING_H

#include <stdbool.h>
#include <stddef.h>

// Allocations that succeed from now on; below 0: all.
static long allocations_left = -1;

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__real_calloc(size_t n, size_t m);
void *__wrap_calloc(size_t n, size_t m);
char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);

static bool allocation_allowed(void) {
    if (allocations_left < 0) return true;
    if (allocations_left == 0) return false;
    allocations_left--;
    return true;
}

void *__wrap_malloc(size_t n) {
    return allocation_allowed() ? __real_malloc(n) : NULL;
}

void *__wrap_realloc(void *p, size_t n) {
    return allocation_allowed() ? __real_realloc(p, n) : NULL;
}

void *__wrap_calloc(size_t n, size_t m) {
    return allocation_allowed() ? __real_calloc(n, m) : NULL;
}

char *__wrap_strdup(const char *s) {
    return allocation_allowed() ? __real_strdup(s) : NULL;
}

#endif
