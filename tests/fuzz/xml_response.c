// xml_response.c - responses of the protocols ec2 and query.
#include "response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct fuzzed_operation operations[] = {
        {"ec2", "DescribeInstances"},
        {"ec2", "DescribeSecurityGroups"},
        {"ec2", "DescribeNetworkInterfaces"},
        {"ec2", "DescribeVpcs"},
        {"ec2", "CreateSecurityGroup"},
        {"ec2", "GetConsoleOutput"},
        {"ec2", "DescribeNetworkAcls"},
        {"ec2", "DescribeImages"},
        {"ec2", "ModifyNetworkInterfaceAttribute"},
        {"ec2", "CreateSnapshot"},
        {"ec2", "DescribeSpotPriceHistory"},
        {"sts", "GetCallerIdentity"},
        {"sts", "AssumeRole"},
    };
    return response_fuzz(operations, sizeof operations / sizeof *operations, data, size);
}
