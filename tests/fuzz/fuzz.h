// fuzz.h - what the fuzz targets share.
//
// Owns: how a target says that a property is broken, and small helpers to take an input
// apart. A target is a file NAME.c with LLVMFuzzerTestOneInput; libFuzzer or driver.c calls
// it. It must give the same result for the same bytes, whatever came before.
#ifndef CORDON_TESTS_FUZZ_H
#define CORDON_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "base/val.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A property that must hold. Both engines take abort() for a finding and keep the input.
#define MUST(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))

static inline void fuzz_broken(const char *condition, const char *file, int line) {
    fprintf(stderr, "\n%s:%d: broken property: %s\n", file, line, condition);
    abort();
}

// As MUST(val_equal(a, b)), showing both.
static inline void fuzz_same(const struct val *a, const struct val *b) {
    if (val_equal(a, b)) return;
    struct buf text = BUF_EMPTY;
    json_print(&text, a);
    buf_add_str(&text, "\n  is not\n");
    json_print(&text, b);
    fprintf(stderr, "\n%s\n", buf_str(&text));
    abort();
}

// Takes the first byte off the input; 0 when there is none.
static inline uint8_t fuzz_byte(const uint8_t **data, size_t *size) {
    if (*size == 0) return 0;
    --*size;
    return *(*data)++;
}

// A NUL-terminated copy, cut at the first NUL byte; free() it.
static inline char *fuzz_string(const uint8_t *data, size_t size) {
    char *s = malloc(size + 1);
    if (s == NULL) abort();
    if (size > 0) memcpy(s, data, size);
    s[size] = '\0';
    return s;
}

// Takes the bytes up to `separator` (or the end) off the input, as fuzz_string.
static inline char *fuzz_field(const uint8_t **data, size_t *size, char separator) {
    const uint8_t *end = *size ? memchr(*data, separator, *size) : NULL;
    size_t len = end ? (size_t)(end - *data) : *size;
    char *s = fuzz_string(*data, len);
    *data += len + (end != NULL);
    *size -= len + (end != NULL);
    return s;
}

// True when no byte of the text moves a cursor or forges a line.
static inline bool fuzz_harmless(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f) return false;
    return true;
}

// The embedded models, opened once.
static inline struct model *fuzz_model(void) {
    static struct model *model;
    struct err e;
    if (model == NULL) model = model_open(NULL, &e);
    if (model == NULL) fuzz_broken(e.message, __FILE__, __LINE__);
    return model;
}

#endif
