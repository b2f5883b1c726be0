// http_easy.h - one transfer: what libcurl is told about it, what came of it.
//
// Owns: the options of a request and its response's bytes. Part of http.c's duty, apart
// for length.
#ifndef CORDON_AWS_HTTP_EASY_H
#define CORDON_AWS_HTTP_EASY_H

#include "aws/http.h"
#include "aws/http_curl.h"
#include "base/buf.h"

struct transfer {
    struct transfer *next;
    const struct curl_functions *curl;
    CURL *easy;
    struct curl_slist *headers;
    char *origin;  // scheme, host and port
    const char *body;
    size_t body_len;
    size_t body_given;  // to libcurl, to send
    bool body_asked;    // libcurl came for it: from here on its fate is unknown
    size_t header_bytes;
    bool too_large;
    struct buf received;
    char reason[CURL_ERROR_SIZE];
    bool withdrawn;
    bool ended;
    CURLcode result;
    struct http_response response;
    bool (*starting)(void *ctx, struct err *e);
    http_done *done;
    void *ctx;
};

struct transfer *transfer_new(const struct curl_functions *curl, const struct http_request *r,
                              const char *ca_bundle, struct err *e);
// Fills t->response from t->result.
void transfer_finish(struct transfer *t);
void transfer_free(struct transfer *t);

#endif
