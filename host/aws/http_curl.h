// http_curl.h - libcurl's functions, looked up when the network is first needed.
//
// Owns: the table of those that http.c calls. Nothing links libcurl: loading it costs
// 20 ms, and a process that never talks to a network shall not have it.
#ifndef CORDON_AWS_HTTP_CURL_H
#define CORDON_AWS_HTTP_CURL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/err.h"

#define HTTP_CURL_FUNCTIONS(X)                                                                     \
    X(global_init)                                                                                 \
    X(version)                                                                                     \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_getinfo)                                                                                \
    X(easy_strerror)                                                                               \
    X(easy_cleanup)                                                                                \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(multi_init)                                                                                  \
    X(multi_setopt)                                                                                \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_socket_action)                                                                         \
    X(multi_info_read)                                                                             \
    X(multi_cleanup)

struct curl_functions {
#define X(name) __typeof__(curl_##name) *name;
    HTTP_CURL_FUNCTIONS(X)
#undef X
};

// The table, loaded at the first call; NULL and `e` when there is no usable libcurl.
const struct curl_functions *http_curl(struct err *e);

#endif
