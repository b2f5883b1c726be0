// sigv4_canonical.h - the canonical form of a request's path, query and headers.
//
// Owns: the rules in which signers differ: dot segments, double encoding, the order of
// an encoded query, folded and repeated headers. It never sees a key.
#ifndef CORDON_AWS_SIGV4_CANONICAL_H
#define CORDON_AWS_SIGV4_CANONICAL_H

#include "aws/sigv4.h"

// All append to `out`; false when memory runs out.
bool canonical_path(struct buf *out, const char *path, bool normalize);
bool canonical_query(struct buf *out, const char *query);
// The header lines, each with its newline; `names` receives "host;x-amz-date".
bool canonical_headers(struct buf *out, struct buf *names, const struct sigv4_header *headers,
                       size_t header_count, const struct sigv4_header *added, size_t added_count);

#endif
