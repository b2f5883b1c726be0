// custom.h - what boto3 changes by hand, beyond its model.
//
// Owns: the list of these changes (botocore/handlers.py, for EC2, SQS and STS):
// RunInstances' UserData is encoded, GetConsoleOutput's Output is decoded. Private to
// host/codec.
#ifndef CORDON_CODEC_CUSTOM_H
#define CORDON_CODEC_CUSTOM_H

#include "base/val.h"
#include "model/model.h"

// Changes a parsed result that nobody shares yet. False when memory ran out.
bool custom_result(const struct operation *op, struct val *result);
// A result as the server sends it, a new reference. NULL when memory ran out.
struct val *custom_sent(const struct operation *op, const struct val *result);
// Changes parameters that nobody shares. False when memory ran out.
bool custom_params(const struct operation *op, struct val *params);

#endif
