#!/usr/bin/env python3
"""Writes the API models of cordon from botocore's API description.

Usage: generate.py FOLDER        (`make model` runs it with host/model)

It reads the data of the installed botocore (1.43 or newer, from pip; distributions
ship older ones) and writes FOLDER/SERVICE.model for each of SERVICES: every operation and
shape. Names and types only, no prose.

The format
----------
ASCII text, one fact a line, the lines sorted bytewise (LC_ALL=C sort), each ended by
a newline, words separated by one blank. Bytes that would end a word or a trait are
written %XX (blank, comma, '%', control and non-ASCII bytes; in names also ':' and
'='). Comment lines begin with '#' and stand first. One service a file. Three kinds of lines:

  service NAME protocol=ec2|query|json version=DATE endpoint=PREFIX [signing=NAME]
          [config=NAME] [target=PREFIX] [json=VERSION] [ns=URI] [compatible]
      config: its name in configuration files and variables (auto_scaling, for
      AWS_ENDPOINT_URL_AUTO_SCALING), when it is not NAME;
      endpoint: the endpoint prefix; signing: the name that is signed, when it is not
      the endpoint's; target: X-Amz-Target before the dot; ns: the XML namespace;
      compatible: x-amzn-query-mode is sent.

  operation METHOD NAME read|mutate [in=SHAPE] [out=SHAPE] [wrapper=ELEMENT] [dryrun]
            [token=MEMBER] [credentials] [page=INPUT>OUTPUT] [limit=MEMBER]
            [results=MEMBER,MEMBER]
      METHOD is the boto3 method (describe_vpcs), NAME the operation (DescribeVpcs).
      dryrun: its input has DryRun. token: its idempotency member. credentials: it
      returns usable keys. page: the token's member in the request and in the result.

  shape NAME TYPE[,trait...] ITEM...
      TYPE: structure list map string integer long float double boolean timestamp blob
      traits: flat sensitive document union error code=CODE ts=FORMAT
      ITEM of a structure:  MEMBER:SHAPE[,trait...], in the order of the description
      ITEM of a list:       member:SHAPE[,trait...]
      ITEMs of a map:       key:SHAPE[,trait...] value:SHAPE[,trait...]
      ITEM of a string:     =VALUE, one for each enum value
      member traits: l=NAME (location name; a bare l is the member's name with its
      first letter in lower case), q=NAME (query name), req (required), sensitive,
      token (idempotency token), flat (flattened), attr (XML attribute), host (host
      label), ts=iso8601|rfc822|unix, ns=URI, np=PREFIX (XML namespace).

A member's traits are those of the reference merged over those of the shape it names,
as botocore does it: a reader never needs the target to know how a member travels.

What is decided here
--------------------
An operation reads when its name begins with Describe, Get, List or Search; all else
mutates. READS and MUTATES below are the reviewed exceptions, CREDENTIALS the
operations that return usable keys, SENSITIVE the shapes that botocore does not mark
although they hold secrets.
"""

import os
import sys

SERVICES = (
    ("autoscaling", "2011-01-01"), ("ec2", "2016-11-15"), ("elbv2", "2015-12-01"),
    ("iam", "2010-05-08"), ("sqs", "2012-11-05"), ("sts", "2011-06-15"),
)  # fmt: skip
READ_PREFIXES = ("Describe", "Get", "List", "Search")

READS = {
    "iam": {"SimulateCustomPolicy", "SimulatePrincipalPolicy"},
    "sts": {"DecodeAuthorizationMessage"},  # decodes a text, changes nothing
}
MUTATES = {
    "ec2": {
        "GetConsoleScreenshot",  # WakeUp=true is a keystroke on the instance
        "GetFlowLogsIntegrationTemplate",  # writes the template to an S3 bucket
    },
    # These issue credentials; nothing may pass them as a read.
    "sts": {
        "GetDelegatedAccessToken",
        "GetFederationToken",
        "GetSessionToken",
        "GetWebIdentityToken",
    },
}
CREDENTIALS = {
    "ec2": {"CreateKeyPair"},  # KeyMaterial is the only copy of the private key
    "iam": {
        "CreateAccessKey",
        "CreateServiceSpecificCredential",
        "CreateVirtualMFADevice",
        "ResetServiceSpecificCredential",
    },
    "sts": {
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "AssumeRoot",
        "GetDelegatedAccessToken",
        "GetFederationToken",
        "GetSessionToken",
        "GetWebIdentityToken",
    },
}
SENSITIVE = {
    "sts": {"tokenType"},  # session tokens
}
TYPES = {
    "structure", "list", "map", "string", "integer", "long",
    "float", "double", "boolean", "timestamp", "blob",
}  # fmt: skip
TIMESTAMPS = {"iso8601": "iso8601", "rfc822": "rfc822", "unixTimestamp": "unix"}


def fail(message):
    sys.exit("generate.py: " + message)


def escape(text, more=""):
    out = []
    for byte in text.encode("utf-8"):
        char = chr(byte)
        if byte <= 0x20 or byte >= 0x7F or char in "%," or char in more:
            out.append("%%%02X" % byte)
        else:
            out.append(char)
    return "".join(out)


def name_of(text):
    return escape(text, ":=")


def timestamp_trait(traits):
    if "timestampFormat" not in traits:
        return []
    return ["ts=" + TIMESTAMPS[traits["timestampFormat"]]]


def location_trait(member, traits):
    location = traits.get("locationName")
    if location is None:
        return []
    if member and location == member[0].lower() + member[1:]:
        return ["l"]
    return ["l=" + escape(location)]


def member_item(name, ref, shapes, structure, sensitive):
    traits = {k: v for k, v in shapes[ref["shape"]].items() if k != "required"}
    traits.update(ref)
    words = [name_of(name) + ":" + name_of(ref["shape"])]
    words += location_trait(name if structure is not None else "", traits)
    if "queryName" in traits:
        words.append("q=" + escape(traits["queryName"]))
    if structure is not None and name in structure.get("required", ()):
        words.append("req")
    for word, trait in (
        ("sensitive", "sensitive"), ("token", "idempotencyToken"), ("flat", "flattened"),
        ("attr", "xmlAttribute"), ("host", "hostLabel"),
    ):  # fmt: skip
        if traits.get(trait) or (word == "sensitive" and ref["shape"] in sensitive):
            words.append(word)
    words += timestamp_trait(traits)
    namespace = traits.get("xmlNamespace") or {}
    if isinstance(namespace, str):
        namespace = {"uri": namespace}
    if namespace.get("uri"):
        words.append("ns=" + escape(namespace["uri"]))
    if namespace.get("prefix"):
        words.append("np=" + escape(namespace["prefix"]))
    return ",".join(words)


def shape_line(name, shape, shapes, sensitive):
    kind = {"character": "string"}.get(shape["type"], shape["type"])
    if kind not in TYPES:
        fail("shape %s has the unknown type %s" % (name, kind))
    head = [kind]
    if shape.get("flattened"):
        head.append("flat")
    if shape.get("sensitive") or name in sensitive:
        head.append("sensitive")
    for trait in ("document", "union"):
        if shape.get(trait):
            head.append(trait)
    if shape.get("exception"):
        head.append("error")
        code = (shape.get("error") or {}).get("code")
        if code and code != name:
            head.append("code=" + escape(code))
    head += timestamp_trait(shape)
    words = ["shape", name_of(name), ",".join(head)]
    if kind == "structure":
        for member, ref in shape.get("members", {}).items():
            words.append(member_item(member, ref, shapes, shape, sensitive))
    elif kind == "list":
        words.append(member_item("member", shape["member"], shapes, None, sensitive))
    elif kind == "map":
        words.append(member_item("key", shape["key"], shapes, None, sensitive))
        words.append(member_item("value", shape["value"], shapes, None, sensitive))
    elif kind == "string":
        words += ["=" + escape(value) for value in shape.get("enum", ())]
    return " ".join(words)


def mutates(service, name):
    if name in READS.get(service, ()):
        return False
    return name in MUTATES.get(service, ()) or not name.startswith(READ_PREFIXES)


def page_words(page):
    if not page:
        return []
    tokens = page["input_token"], page["output_token"]
    if not all(isinstance(token, str) and token.isalnum() for token in tokens):
        return []  # several tokens, or an expression: no such operation in these services
    words = ["page=%s>%s" % tokens]
    if "limit_key" in page:
        words.append("limit=" + name_of(page["limit_key"]))
    results = page["result_key"]
    results = results if isinstance(results, list) else [results]
    words.append("results=" + ",".join(name_of(result) for result in results))
    return words


def operation_line(service, name, operation, shapes, page):
    from botocore import xform_name

    words = ["operation", xform_name(name), name_of(name)]
    words.append("mutate" if mutates(service, name) else "read")
    members = {}
    if "input" in operation:
        words.append("in=" + name_of(operation["input"]["shape"]))
        members = shapes[operation["input"]["shape"]].get("members", {})
    if "output" in operation:
        words.append("out=" + name_of(operation["output"]["shape"]))
        if "resultWrapper" in operation["output"]:
            words.append("wrapper=" + name_of(operation["output"]["resultWrapper"]))
    if "DryRun" in members:
        words.append("dryrun")
    for member, ref in members.items():
        if ref.get("idempotencyToken"):
            words.append("token=" + name_of(member))
            break
    if name in CREDENTIALS.get(service, ()):
        words.append("credentials")
    return " ".join(words + page_words(page))


def service_line(service, version, metadata):
    words = ["service", service, "protocol=" + metadata["protocol"], "version=" + version]
    words.append("endpoint=" + metadata["endpointPrefix"])
    config = metadata["serviceId"].replace(" ", "_").lower()
    if config != service:
        words.append("config=" + config)
    for word, key in (
        ("signing", "signingName"), ("target", "targetPrefix"),
        ("json", "jsonVersion"), ("ns", "xmlNamespace"),
    ):  # fmt: skip
        if metadata.get(key):
            words.append(word + "=" + escape(metadata[key]))
    if "awsQueryCompatible" in metadata:
        words.append("compatible")
    return " ".join(words)


def model(service, description, pages):
    """The text of one service's model."""
    shapes = description["shapes"]
    sensitive = SENSITIVE.get(service, ())
    lines = [service_line(service, description["metadata"]["apiVersion"], description["metadata"])]
    for name, operation in description["operations"].items():
        if operation["http"] != {"method": "POST", "requestUri": "/"}:
            fail("operation %s is not a POST to /" % name)
        lines.append(operation_line(service, name, operation, shapes, pages.get(name)))
    for name, shape in shapes.items():
        lines.append(shape_line(name, shape, shapes, sensitive))
    return "".join(line + "\n" for line in sorted(lines, key=lambda line: line.encode()))


def check_botocore():
    try:
        import botocore
    except ImportError:
        fail("no botocore here; install it with: pip install 'botocore>=1.43'")
    if tuple(int(part) for part in botocore.__version__.split(".")[:2]) < (1, 43):
        fail(
            "botocore %s is too old, its API description lacks operations; "
            "install a newer one with: pip install 'botocore>=1.43'" % botocore.__version__
        )


def main(arguments):
    if len(arguments) != 1:
        fail("usage: generate.py FOLDER")
    check_botocore()
    from botocore.exceptions import UnknownServiceError, DataNotFoundError
    from botocore.loaders import Loader

    loader = Loader()
    for service, version in SERVICES:
        description = loader.load_service_model(service, "service-2", version)
        try:
            pages = loader.load_service_model(service, "paginators-1", version)["pagination"]
        except (UnknownServiceError, DataNotFoundError):
            pages = {}
        path = os.path.join(arguments[0], service + ".model")
        with open(path, "w", encoding="ascii", newline="\n") as out:
            out.write(model(service, description, pages))
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
