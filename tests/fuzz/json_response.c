// json_response.c - responses of the protocol awsJson1_0.
#include "response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct fuzzed_operation operations[] = {
        {"sqs", "ReceiveMessage"}, {"sqs", "GetQueueAttributes"}, {"sqs", "SendMessageBatch"},
        {"sqs", "ListQueues"},     {"sqs", "DeleteMessage"},      {"sqs", "SendMessage"},
    };
    return response_fuzz(operations, sizeof operations / sizeof *operations, data, size);
}
