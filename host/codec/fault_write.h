// fault_write.h - error bodies, as a service writes them.
#ifndef CORDON_CODEC_FAULT_WRITE_H
#define CORDON_CODEC_FAULT_WRITE_H

#include "base/buf.h"
#include "base/err.h"
#include "model/model.h"

// Appends the body. `name`: the error's shape, which the JSON protocols send ("": the code).
// `query_error` (may be NULL) receives the value of x-amzn-query-error, "" when
// the service sends none. HTTP 500 and above is the receiver's fault, else the sender's.
void codec_encode_fault(const struct service *s, const struct err *fault, const char *name,
                        const char *request_id, struct buf *body, struct buf *query_error);

#endif
