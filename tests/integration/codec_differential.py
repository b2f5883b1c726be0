#!/usr/bin/env python3
"""The codec beside botocore's, over every operation of every model.

Usage: codec_differential.py [CODEC_CLI] [--seed N] [--rounds N]

For random valid parameters the request must equal botocore's serializer's (forms as
sorted pairs, JSON structurally), and decoding it again must give the parameters. For
random responses the result must equal botocore's parser's; a response that the codec
encodes must parse back, by botocore too. Random values come from botocore's model.
"""

import argparse
import base64
import datetime
import json
import os
import random
import subprocess
import sys
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

try:
    from botocore import xform_name
    from botocore.loaders import Loader
    from botocore.model import ServiceModel
    from botocore.parsers import create_parser
    from botocore.serialize import create_serializer
except ImportError:
    print("SKIPPED: no botocore here")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

SERVICES = (
    ("ec2", "2016-11-15"), ("sqs", "2012-11-05"), ("sts", "2011-06-15"),
    ("autoscaling", "2011-01-01"), ("elbv2", "2015-12-01"), ("iam", "2010-05-08"),
)
TEXTS = ("web-7", "a b", "x&y=z", "tag:Name", "100%", "é-ü", "日本", "a/b+c~d*e", "<&>\"'", " lead", "\t", "0")
DEPTH = 5


class Random:
    """Random values of a shape; `response` allows what only servers send."""

    def __init__(self, seed, response):
        self.random = random.Random(seed)
        self.response = response

    def value(self, shape, depth=0, full=False):
        return getattr(self, shape.type_name)(shape, depth, full)

    def structure(self, shape, depth, full):
        out = {}
        for name, member in shape.members.items():
            needed = name in shape.required_members
            if not needed and not full and self.random.random() < (0.4 if depth < 2 else 0.65):
                continue
            if depth >= DEPTH and not needed and member.type_name in ("structure", "list", "map"):
                continue
            value = self.value(member, depth + 1, full and depth < 2)
            # What is empty leaves no trace in a form.
            if value in ({}, []) and not needed and not self.response:
                continue
            out[name] = value
        return out or self.one_member(shape, depth)

    def one_member(self, shape, depth):
        if self.response or depth > 3 * DEPTH:
            return {}
        containers = ("structure", "list", "map")
        for name, member in sorted(
            shape.members.items(), key=lambda item: item[1].type_name in containers
        ):
            return {name: self.value(member, depth + 1)}
        return {}

    def list(self, shape, depth, full):
        low = 0 if self.response else max(1, shape.metadata.get("min", 1))
        items = [self.value(shape.member, depth + 1) for _ in range(self.random.randint(low, 3))]
        return items if self.response else [item for item in items if item not in ({}, [])]

    def map(self, shape, depth, full):
        keys = {self.value(shape.key, depth + 1) for _ in range(self.random.randint(1, 3))}
        return {key: self.value(shape.value, depth + 1) for key in sorted(keys)}

    def string(self, shape, depth, full):
        if shape.enum:
            return self.random.choice(shape.enum)
        text = self.random.choice(TEXTS) + str(self.random.randint(0, 99))
        return text.ljust(min(shape.metadata.get("min", 1), 1000), "x")

    def integer(self, shape, depth, full):
        low = max(shape.metadata.get("min", -(2**31)), -(2**31))
        return self.random.choice((low, 7 if low < 7 else low, 2**31 - 1))

    def long(self, shape, depth, full):
        return self.random.choice((0, -5, 2**53 + 1, 2**63 - 1)) if not shape.metadata else 7

    def float(self, shape, depth, full):
        number = self.random.choice((0.5, 1.0, 1e-7, 1e22, 3.141592653589793, 123456789.125, 42))
        return max(number, shape.metadata.get("min", number))

    double = float

    def boolean(self, shape, depth, full):
        return self.random.random() < 0.5

    def timestamp(self, shape, depth, full):
        second = self.random.randint(0, 2**31)
        micro = self.random.choice((0, 0, 123000, 123456))
        when = datetime.datetime.fromtimestamp(second, datetime.timezone.utc)
        return when.replace(microsecond=micro).isoformat()

    def blob(self, shape, depth, full):
        return "raw " + self.random.choice(TEXTS)


def for_botocore(value, shape):
    """Blobs as bytes; the rest as it is."""
    if shape.type_name == "structure":
        return {k: for_botocore(v, shape.members[k]) for k, v in value.items()}
    if shape.type_name == "list":
        return [for_botocore(v, shape.member) for v in value]
    if shape.type_name == "map":
        return {k: for_botocore(v, shape.value) for k, v in value.items()}
    return value.encode() if shape.type_name == "blob" else value


def plain(value):
    """A result of botocore as cordon gives it."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != "ResponseMetadata"}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat()
    return value


class XmlWriter:
    """A server's XML, written from botocore's model alone."""

    def __init__(self, rng):
        self.random = rng

    def members(self, shape, value):
        return "".join(self.member(n, shape.members[n], v) for n, v in value.items())

    def member(self, name, shape, value):
        if shape.type_name == "list" and shape.serialization.get("flattened"):
            item = shape.member.serialization.get("name") or shape.serialization.get("name", name)
            return "".join(self.element(item, shape.member, v) for v in value)
        return self.element(shape.serialization.get("name", name), shape, value)

    def element(self, name, shape, value):
        text = self.content(shape, value)
        space = self.random.choice(("", "\n   ")) if text.startswith("<") else ""
        if not text and self.random.random() < 0.5:
            return "<%s/>" % name
        return "<%s>%s%s</%s>" % (name, space, text, name)

    def entry(self, shape, key, value):
        names = [part.serialization.get("name", default)
                 for part, default in ((shape.key, "key"), (shape.value, "value"))]
        return "<entry>%s%s</entry>" % (self.element(names[0], shape.key, key),
                                        self.element(names[1], shape.value, value))

    def content(self, shape, value):
        kind = shape.type_name
        if kind == "structure":
            return self.members(shape, value)
        if kind == "list":
            item = shape.member.serialization.get("name", "member")
            return "".join(self.element(item, shape.member, v) for v in value)
        if kind == "map":
            return "".join(self.entry(shape, k, v) for k, v in value.items())
        if kind == "boolean":
            return "true" if value else "false"
        if kind == "blob":
            return base64.b64encode(value.encode()).decode()
        return escape(str(value).replace("\t", "&#9;")).replace("&amp;#9;", "&#9;")


def json_document(shape, value):
    kind = shape.type_name
    if kind == "structure":
        members = shape.members
        return {
            members[k].serialization.get("name", k): json_document(members[k], v)
            for k, v in value.items()
        }
    if kind == "list":
        return [json_document(shape.member, v) for v in value]
    if kind == "map":
        return {k: json_document(shape.value, v) for k, v in value.items()}
    if kind == "timestamp":
        return datetime.datetime.fromisoformat(value).timestamp()
    if kind == "blob":
        return base64.b64encode(value.encode()).decode()
    return value


class Codec:
    def __init__(self, path):
        self.process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, **line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, expected, got):
        if expected == got:
            self.passed += 1
            return
        self.failed += 1
        if self.failed <= 20:
            print("FAILED %s\n  expected %.1500s\n  got      %.1500s" % (what, expected, got), file=sys.stderr)


def pairs(body):
    return sorted(parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body)))


def without_empty(value):
    """Parameters without the structures that leave no trace in a form."""
    if isinstance(value, dict):
        kept = {k: without_empty(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v != {}}
    return [without_empty(v) for v in value] if isinstance(value, list) else value


def request_of(serializer, operation, params):
    shape = operation.input_shape
    sent = serializer.serialize_to_request(for_botocore(params, shape) if shape else {}, operation)
    body = sent["body"]
    return sent, json.loads(body) if isinstance(body, bytes) else pairs(urlencode(body, doseq=True))


def check_request(tally, codec, service, serializer, operation, params):
    name = operation.name
    sent, expected = request_of(serializer, operation, params)
    spelling = name if len(params) % 2 else xform_name(name)
    got = codec.ask(do="encode", service=service, operation=spelling, params=params)
    if "error" in got:
        tally.check("%s request" % name, expected, got)
        return
    body = json.loads(got["body"]) if got["target"] else pairs(got["body"])
    tally.check("%s request" % name, expected, body)
    headers = {
        "Content-Type": got["content_type"],
        **({"X-Amz-Target": got["target"]} if got["target"] else {}),
        **({"x-amzn-query-mode": "true"} if got["query_mode"] else {}),
    }
    tally.check("%s headers" % name, sent["headers"], headers)
    back = codec.ask(do="decode_request", service=service, body=got["body"], target=got["target"])
    if not got["target"]:
        params = without_empty(params)
    tally.check("%s back" % name, {"operation": name, "params": params}, back)


def response_body(operation, shape, value, rng, namespace):
    protocol = operation.service_model.metadata["protocol"]
    if protocol == "json":
        return json.dumps(json_document(shape, value)) if shape else "{}"
    inner = XmlWriter(rng).members(shape, value) if shape else ""
    wrapper = shape.serialization.get("resultWrapper") if shape else None
    if wrapper:
        inner = "<%s>%s</%s>" % (wrapper, inner, wrapper)
    if protocol == "ec2":
        inner = "<requestId>id-1</requestId>" + inner
    else:
        inner += "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>"
    return '<?xml version="1.0" encoding="UTF-8"?>\n<%sResponse xmlns="%s">%s</%sResponse>' % (
        operation.name, namespace, inner, operation.name,
    )  # fmt: skip


def parse(parser, operation, body):
    response = {"body": body.encode(), "status_code": 200, "headers": {}}
    return plain(parser.parse(response, operation.output_shape))


def check_response(tally, codec, service, parser, operation, value, rng):
    name, shape = operation.name, operation.output_shape
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    body = response_body(operation, shape, value, rng, namespace)
    expected = parse(parser, operation, body)
    if name == "GetConsoleOutput":
        return  # decoded by a handler of boto3's, not by its parser; see the unit test
    got = codec.ask(do="decode", service=service, operation=name, status=200, body=body)
    tally.check("%s response" % name, expected, got.get("result", got))
    sent = codec.ask(do="encode_response", service=service, operation=name, result=expected, request_id="id-2")
    if "error" in sent:
        tally.check("%s sent" % name, expected, sent)
        return
    tally.check("%s sent" % name, expected, parse(parser, operation, sent["body"]))
    again = codec.ask(do="decode", service=service, operation=name, status=200, body=sent["body"])
    tally.check("%s again" % name, expected, again.get("result", again))


def run_service(tally, codec, service, version, seed, rounds):
    model = ServiceModel(Loader().load_service_model(service, "service-2", version), service)
    serializer = create_serializer(model.metadata["protocol"], True)
    parser = create_parser(model.metadata["protocol"])
    for name in model.operation_names:
        operation = model.operation_model(name)
        for turn in range(rounds):
            token = "%s %s %s %s" % (seed, service, name, turn)
            shape = operation.input_shape
            params = Random(token, False).value(shape, 0, turn == 0) if shape else {}
            check_request(tally, codec, service, serializer, operation, params)
            shape, rng = operation.output_shape, Random(token, True)
            value = rng.value(shape, 0, turn == 0) if shape else {}
            check_response(tally, codec, service, parser, operation, value, rng.random)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("codec", nargs="?", default="build/debug/tests/codec-cli")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--rounds", type=int, default=4)
    options = arguments.parse_args()
    if not os.access(options.codec, os.X_OK):
        sys.exit("%s is not built: make tests" % options.codec)
    os.environ["TZ"] = "UTC"  # botocore writes epoch times of forms in local time
    tally, codec = Tally(), Codec(options.codec)
    for service, version in SERVICES:
        run_service(tally, codec, service, version, options.seed, options.rounds)
    codec.process.stdin.close()
    if codec.process.wait() != 0:
        tally.failed += 1
        print("FAILED: codec-cli did not end well", file=sys.stderr)
    print("%d passed, %d failed, 0 skipped" % (tally.passed, tally.failed))
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
