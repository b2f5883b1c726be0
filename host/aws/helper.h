// helper.h - a helper program that prints something, run without a shell.
//
// Owns: the child, its two pipes, its time limit and the caps on what it prints. It keeps
// the environment, passes on no descriptor but stdin, stdout and stderr, and waits without
// blocking the loop.
#ifndef CORDON_AWS_HELPER_H
#define CORDON_AWS_HELPER_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

#define HELPER_MAX_OUTPUT ((size_t)64 * 1024)
#define HELPER_MAX_TALK ((size_t)4 * 1024)  // of stderr; the rest is dropped

struct helper;

struct helper_end {
    bool finished;    // it ended by itself; else `why` says what happened
    int status;       // as of waitpid
    const char *out;  // stdout, NUL-terminated
    size_t out_len;
    const char *talk;  // stderr
    size_t talk_len;
    const struct err *why;
};
typedef void helper_done(void *ctx, const struct helper_end *end);

// `argv[0]` is looked up in PATH. `done` is called once, later, from the loop; the helper is
// freed behind it. NULL and `e`, and no call, when it cannot be started.
struct helper *helper_start(struct loop *l, char *const argv[], int64_t limit_ms, helper_done *done,
                            void *ctx, struct err *e);
// Kills it; `done` is not called.
void helper_cancel(struct helper *h);

#endif
