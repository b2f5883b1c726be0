// http_headers.h - the few response headers that anyone here reads.
//
// Owns: picking them out, whatever their case, with caps on each. It never keeps others.
#ifndef CORDON_AWS_HTTP_HEADERS_H
#define CORDON_AWS_HTTP_HEADERS_H

#include "aws/http.h"

// Sets all of them to absent.
void http_headers_clear(struct http_response *r);
// One line as received, with its line end. A status line clears what came before it.
void http_headers_line(struct http_response *r, const char *line, size_t len);

#endif
