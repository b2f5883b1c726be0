// http_headers.c - http_headers_line: what is kept of a response's headers is harmless.
#include "fuzz.h"

#include "aws/http_headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct http_response r = {0};
    http_headers_clear(&r);
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) + 1 : size;
        // Its own block, so that a byte read past the line is seen.
        char *line = malloc(len);
        if (line == NULL) abort();
        memcpy(line, data, len);
        http_headers_line(&r, line, len);
        free(line);
        data += len;
        size -= len;
        MUST(memchr(r.request_id, '\0', sizeof r.request_id) && fuzz_harmless(r.request_id));
        MUST(memchr(r.query_error, '\0', sizeof r.query_error) && fuzz_harmless(r.query_error));
        MUST(memchr(r.content_type, '\0', sizeof r.content_type) && fuzz_harmless(r.content_type));
        MUST(r.retry_after_ms >= -1);
    }
    return 0;
}
