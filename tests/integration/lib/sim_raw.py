"""Requests that no client sends: signed by hand, then spoilt. And the answers as they come."""
import datetime
import http.client
import json
import re
import socket
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import sim_peer

READS = {
    "ec2": "Action=DescribeVpcs&Version=2016-11-15",
    "sts": "Action=GetCallerIdentity&Version=2011-06-15",
    "sqs": '{"QueueName":"findings"}',
}
TARGET = "AmazonSQS.GetQueueUrl"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def code(self):
        """AWS's code, in whatever protocol it came."""
        found = re.search(rb"<Code>([^<]*)</Code>", self.body)
        if found:
            return found.group(1).decode()
        try:
            return json.loads(self.body)["__type"].split("#")[-1]
        except (ValueError, KeyError, TypeError):
            return ""


def headers_of(service, target=TARGET):
    if service == "sqs":
        return {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target}
    return {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def signed(sim, service, body, headers=None, keys=None, hours=0, scope=None):
    """The headers of a signed POST of `body`; `hours`: how far its clock is off."""
    key = keys or (sim_peer.KEYS["aws_access_key_id"], sim_peer.KEYS["aws_secret_access_key"])
    request = AWSRequest("POST", sim.url + "/", data=body, headers=dict(headers or headers_of(service)))
    signer = SigV4Auth(Credentials(*key), scope or service, sim_peer.REGION)
    if hours:
        then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
        request.context["timestamp"] = then.strftime("%Y%m%dT%H%M%SZ")
        import botocore.auth
        original = botocore.auth.get_current_datetime
        botocore.auth.get_current_datetime = lambda *a, **k: then.replace(tzinfo=None)
        try:
            signer.add_auth(request)
        finally:
            botocore.auth.get_current_datetime = original
    else:
        signer.add_auth(request)
    return dict(request.headers.items())


def send(sim, headers, body, method="POST", path="/", timeout=20):
    connection = http.client.HTTPConnection("127.0.0.1", sim.port(), timeout=timeout)
    try:
        data = body if isinstance(body, bytes) else body.encode()
        connection.request(method, path, body=data, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def request(sim, service, body, **kw):
    return send(sim, signed(sim, service, body, **kw), body)


def refusals(sim):
    """(why, service, send, code, status) of requests that are bad before they are read."""
    words = {
        "ec2": {"unsigned": ("MissingAuthenticationToken", 401), "key": ("AuthFailure", 401),
                "signature": ("AuthFailure", 401), "old": ("RequestExpired", 400)},
        "sts": {"unsigned": ("MissingAuthenticationToken", 403), "key": ("InvalidClientTokenId", 403),
                "signature": ("SignatureDoesNotMatch", 403), "old": ("SignatureDoesNotMatch", 403)},
        "sqs": {"unsigned": ("MissingAuthenticationTokenException", 403),
                "key": ("UnrecognizedClientException", 403),
                "signature": ("InvalidSignatureException", 403), "old": ("InvalidSignatureException", 403)},
    }
    for service, body in READS.items():
        said = words[service]
        if service != "sqs":  # without a signature nothing says which service was meant
            yield ("unsigned", service, lambda s=service, b=body: send(sim, headers_of(s), b),
                   words["ec2"]["unsigned"][0], 401)
        yield ("unknown key", service, lambda s=service, b=body: request(sim, s, b, keys=("AKIDNOBODY", "x"))) + said["key"]
        yield ("wrong secret", service, lambda s=service, b=body: request(
            sim, s, b, keys=(sim_peer.KEYS["aws_access_key_id"], "wrong"))) + said["signature"]
        yield ("another body", service, lambda s=service, b=body: send(
            sim, signed(sim, s, b), b.replace("e", "i", 1))) + said["signature"]
        yield ("old date", service, lambda s=service, b=body: request(sim, s, b, hours=-1)) + said["old"]
        yield ("date to come", service, lambda s=service, b=body: request(sim, s, b, hours=1)) + said["old"]

    def form(service, text):
        return lambda: request(sim, service, text)

    version = "&Version=2016-11-15"
    yield "unknown action", "ec2", form("ec2", "Action=MakeCoffee" + version), "InvalidAction", 400
    yield "no action", "ec2", form("ec2", version[1:]), "MissingAction", 400
    yield "another version", "ec2", form("ec2", "Action=DescribeVpcs&Version=1999-01-01"), "NoSuchVersion", 400
    yield "unknown parameter", "ec2", form("ec2", "Action=DescribeVpcs&Colour=red" + version), "UnknownParameter", 400
    yield "a broken escape", "ec2", form("ec2", "Action=Describe%ZZVpcs" + version), "MalformedQueryString", 400
    yield "no number", "ec2", form("ec2", "Action=DescribeVpcs&MaxResults=ten" + version), "InvalidParameterValue", 400
    yield "no boolean", "ec2", form("ec2", "Action=DescribeVpcs&DryRun=maybe" + version), "InvalidParameterValue", 400
    yield "DryRun where there is none", "ec2", form(
        "ec2", "Action=ModifySubnetAttribute&SubnetId=subnet-1&DryRun=true" + version), "UnknownParameter", 400
    yield "empty", "ec2", form("ec2", ""), "MissingAction", 400
    yield "unknown action", "sts", form("sts", "Action=MakeTea&Version=2011-06-15"), "InvalidAction", 400
    yield "no JSON", "sqs", form("sqs", "{\"QueueName\":"), "SerializationException", 400
    yield "a number for a name", "sqs", form("sqs", "{\"QueueName\":7}"), "SerializationException", 400
    yield "a list", "sqs", form("sqs", "[]"), "SerializationException", 400
    yield ("unknown operation", "sqs", lambda: request(sim, "sqs", "{}", headers=headers_of("sqs", "AmazonSQS.MakeCoffee")),
           "UnknownOperationException", 400)
    yield ("no target", "sqs", lambda: request(sim, "sqs", "{}", headers={"Content-Type": "application/x-amz-json-1.0"}),
           "UnknownOperationException", 400)
    large = "Action=DescribeVpcs&Colour=" + "x" * (3 << 20) + version
    yield "three megabytes", "ec2", form("ec2", large), "RequestEntityTooLarge", 413
    yield "GET", "ec2", lambda: send(sim, signed(sim, "ec2", ""), "", method="GET"), "InvalidRequest", 405
    yield "another path", "ec2", lambda: send(sim, signed(sim, "ec2", ""), "", path="/a/b"), "InvalidRequest", 404


def connect_and_leave(sim, queue_url):
    """Starts a long poll and goes away; True when the message sent then is still there."""
    body = json.dumps({"QueueUrl": queue_url, "WaitTimeSeconds": 20})
    headers = signed(sim, "sqs", body, headers=headers_of("sqs", "AmazonSQS.ReceiveMessage"))
    connection = socket.create_connection(("127.0.0.1", sim.port()), timeout=10)
    lines = ["POST / HTTP/1.1", "Host: 127.0.0.1:%d" % sim.port(), "Content-Length: %d" % len(body)]
    lines += ["%s: %s" % pair for pair in headers.items() if pair[0].lower() != "host"]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
    time.sleep(0.4)
    connection.close()
    time.sleep(0.4)
    return sim.is_alive()
