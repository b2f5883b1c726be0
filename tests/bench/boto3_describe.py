"""One DescribeInstances with boto3, printed as JSON: the rival of `cordon call`."""
import json
import sys

import boto3

answer = boto3.client("ec2").describe_instances()
del answer["ResponseMetadata"]
json.dump(answer, sys.stdout, default=lambda moment: moment.isoformat())
