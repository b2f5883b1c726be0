// failing.h - memory that runs out when a test says so.
//
// Owns: the linker's wraps of the allocators, for the one program that includes it, and the
// sweep: the same work again and again, each time with one allocation more. It needs
// "// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup" in that program.
#ifndef CORDON_TESTS_FAILING_H
#define CORDON_TESTS_FAILING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

// Allocations that succeed from now on; below 0: all.
static long allocations_left = -1;
// How many fail then, before all is well again; below 0: all.
static long allocations_failing = -1;

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
    if (allocations_left > 0) {
        allocations_left--;
        return true;
    }
    if (allocations_failing > 0 && --allocations_failing == 0) allocations_left = -1;
    return false;
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

// Does something; true when it went through. It leaks nothing either way (the sanitizer build
// sees to that), and a failure is told: `e` speaks of memory where there is one.
typedef bool attempt_fn(struct err *e);

// For n = 0, 1, 2, ... until it goes through: all allocations after the n-th fail. Ends the
// program when a failure is told as another one.
static inline void at_every_allocation(attempt_fn *attempt) {
    for (long n = 0; n < 20000; n++) {
        struct err e = {0};
        allocations_left = n;
        bool through = attempt(&e);
        bool used_all = allocations_left == 0;
        allocations_left = -1;
        if (through && !used_all) return;
        // A journal that is lost says so in its code, and why in its words.
        if (through || e.code[0] == '\0' || strstr(e.message, "memory")) continue;
        fprintf(stderr, "after %ld allocations: %s: %s\n", n, e.code, e.message);
        abort();
    }
    fprintf(stderr, "it never went through\n");
    abort();
}

#endif
