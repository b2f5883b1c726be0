// fetch.h - one small document over HTTP, for the sources of keys.
//
// Owns: asking again when nobody answers, the cap on the answer. It sends what it is given
// and knows no service.
#ifndef CORDON_AWS_FETCH_H
#define CORDON_AWS_FETCH_H

#include "aws/credentials.h"

#define FETCH_MAX_BODY ((size_t)256 * 1024)

// `text` is NULL when nothing was answered, and `why` says why; else `status` and the text
// (NUL-terminated) are there. Valid during the call only.
struct fetch_answer {
    int status;
    const char *text;
    size_t len;
    const struct err *why;
};
typedef void fetch_done(void *ctx, const struct fetch_answer *a);

// Part of a source's state. Texts are borrowed until `done`.
struct fetch {
    const struct source_tools *tools;
    const char *method;  // "GET" or "PUT"
    const char *url;
    struct http_header headers[5];
    size_t header_count;
    int64_t timeout_ms;
    int attempts;      // in all; a status of 500 and more, or no answer, is tried again
    int64_t pause_ms;  // between them
    bool direct;       // never through a proxy
    fetch_done *done;
    void *ctx;
    // Its own:
    int made;
    struct loop_timer *timer;
};

// `done` is called once, later. False, and no call, when it cannot start.
bool fetch_start(struct fetch *f, struct err *e);
void fetch_cancel(struct fetch *f);  // the request itself must be gone already

#endif
