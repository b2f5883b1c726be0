#!/usr/bin/env python3
"""What stands between here and AWS: certificates, clocks, hostile JSON, lost answers to single
calls. The program refuses in plain words, or finds out; it never believes.

Usage: fault_wire.py [CORDON] [--full] [TEST ...]
"""
import json
import os
import re
import shlex
import socket
import ssl
import subprocess
import sys
import time
import warnings
from email.utils import formatdate

from harness import Checks, Cordon, binary, is_sanitized, scratch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import aws_peer  # noqa: E402
from fault_matrix import Simulator, VICTIM, values_of  # noqa: E402
from fault_peer import EC2_ERROR, FAULTS, FaultPeer, Injection, is_read  # noqa: E402

PATH = binary()
SLOW = 4 if is_sanitized(PATH) else 1
checks = Checks()
folder = scratch()
READ = ("call", "ec2", "describe_vpcs")
VPCS = aws_peer.ok()


# --- certificates ------------------------------------------------------------------------

def certificate(name, subject, start="", end=""):
    """Signed by itself; with dates when they are given. The paths of both files."""
    cert, key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
    config = os.path.join(folder, name + ".cnf")
    for extra in ("index.txt", "index.txt.attr"):
        open(os.path.join(folder, extra), "w").close()
    with open(config, "w") as f:
        f.write("[req]\ndistinguished_name=dn\n[dn]\n[ca]\ndefault_ca=me\n[me]\ndatabase=%s/index.txt\n"
                "new_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n"
                "x509_extensions=ext\n[any]\ncommonName=supplied\n[ext]\nsubjectAltName=%s\n"
                "basicConstraints=CA:true\n" % (folder, folder, subject))
    request = os.path.join(folder, name + ".csr")
    subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=peer",
                    "-config", config, "-keyout", key, "-out", request], check=True,
                   capture_output=True)
    year = time.gmtime().tm_year
    subprocess.run(["openssl", "ca", "-batch", "-selfsign", "-config", config, "-in", request,
                    "-keyfile", key, "-out", cert, "-notext",
                    "-startdate", start or "%d0101000000Z" % (year - 1),
                    "-enddate", end or "%d0101000000Z" % (year + 2)], check=True,
                   capture_output=True)
    return cert, key


def tls(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


def refused(name, cordon, server, *texts):
    """Nothing was sent, one plain sentence, exit 1; a run says that nothing was changed."""
    done = cordon.run(*READ, "--timeout", "5")
    checks.equal(name + ": exit", done.code, 1, done)
    for text in texts:
        checks.check("%s: says %r" % (name, text), text in done.err, done)
    done = cordon.run("run", "isolate-sg", "instance=i-0123456789abcdef0", "--yes", "--timeout", "5")
    checks.equal(name + ": exit of a run", done.code, 1, done)
    checks.check(name + ": a run says it too", all(t in done.err for t in texts)
                 and "Nothing was changed." in done.err, done)
    if server:
        checks.equal(name + ": nothing was sent", len(server.requests), 0)


def test_certificates():
    good = certificate("good", "IP:127.0.0.1")
    other = certificate("other", "DNS:ec2.example.com,IP:127.0.0.2")
    old = certificate("old", "IP:127.0.0.1", "20200101000000Z", "20200201000000Z")
    with aws_peer.Server(VPCS, tls=tls(good)) as s:
        refused("self-signed", Cordon(PATH, s.url), s, "certificate", "AWS_CA_BUNDLE")
        trusting = Cordon(PATH, s.url, AWS_CA_BUNDLE=good[0])
        checks.equal("with AWS_CA_BUNDLE: exit", trusting.run(*READ).code, 0)
        refused("another's bundle", Cordon(PATH, s.url, AWS_CA_BUNDLE=other[0]),
                None, "certificate")
        missing = Cordon(PATH, s.url, AWS_CA_BUNDLE=os.path.join(folder, "nowhere.pem"))
        refused("a bundle that is not there", missing, None, "nowhere.pem")
    with aws_peer.Server(VPCS, tls=tls(old)) as s:
        refused("expired", Cordon(PATH, s.url, AWS_CA_BUNDLE=old[0]), s, "expired")
    with aws_peer.Server(VPCS, tls=tls(other)) as s:
        refused("another host's", Cordon(PATH, s.url, AWS_CA_BUNDLE=other[0]), s, "127.0.0.1")


def test_old_tls():
    files = certificate("old-tls", "IP:127.0.0.1")
    warnings.simplefilter("ignore", DeprecationWarning)
    context = tls(files)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1
    with aws_peer.Server(VPCS, tls=context) as s:
        refused("TLS 1.0", Cordon(PATH, s.url, AWS_CA_BUNDLE=files[0], AWS_MAX_ATTEMPTS="1"), s,
                "TLS")


def test_no_tls():
    with aws_peer.Server(VPCS) as s:
        cordon = Cordon(PATH, s.url.replace("http:", "https:"), AWS_MAX_ATTEMPTS="1")
        refused("plain HTTP where TLS is wanted", cordon, s, "SSL")
    silent = socket.create_server(("127.0.0.1", 0))
    url = "https://127.0.0.1:%d" % silent.getsockname()[1]
    began = time.time()
    done = Cordon(PATH, url, AWS_MAX_ATTEMPTS="1").run(*READ, "--timeout", "2")
    checks.check("a handshake that never ends: ends", done.code == 1 and time.time() - began < 20,
                 done)
    silent.close()
    cordon = Cordon(PATH, "http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1")
    refused("nobody listens", cordon, None, "127.0.0.1:1", "cordon doctor")


# --- clocks --------------------------------------------------------------------------------

class Clocked(FaultPeer):
    """A server whose clock is `ahead` seconds off, and that refuses signatures by it."""

    def __init__(self, upstream, ahead, date=True, code="RequestExpired"):
        super().__init__(upstream)
        self.ahead, self.date, self.code, self.refused = ahead, date, code, 0

    def forward(self, handler, request):
        stamp = handler.headers.get("X-Amz-Date", "")
        at = time.mktime(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - time.timezone
        if abs(at - time.time() - self.ahead) < 300:
            return super().forward(handler, request)
        self.refused += 1
        return 400, "text/xml", EC2_ERROR % (self.code, "its date is too far off")

    def send(self, handler, request, status, kind, text):
        data = text if isinstance(text, bytes) else text.encode()
        head = "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n" % (
            status, kind, len(data))
        if self.date:
            head += "Date: %s\r\n" % formatdate(time.time() + self.ahead, usegmt=True)
        handler.wfile.write(head.encode() + b"\r\n" + data)


def isolate(cordon, *more, timeout=90):
    return cordon.run("run", "isolate-sg", "instance=" + VICTIM, "settle=0", "--yes", *more,
                      timeout=timeout)


def test_clocks():
    for ahead in (600, -600):
        simulator = Simulator(False)
        peer = Clocked(simulator.url, ahead)
        done = isolate(Cordon(PATH, peer.url))
        checks.check("a clock %d s off: isolated all the same" % ahead,
                     done.code == 0 and simulator.state().isolated(), done)
        checks.check("a clock %d s off: was refused, and learnt from it" % ahead,
                     0 < peer.refused < 20, peer.refused)
        peer.stop()
        simulator.stop()


def test_clocks_that_cannot_be_learnt():
    simulator = Simulator(False)
    for name, peer in (("without a Date", Clocked(simulator.url, 600, date=False)),
                       ("that moves", Clocked(simulator.url, 100000, code="SignatureDoesNotMatch"))):
        if name == "that moves":
            peer.forward = lambda h, r: (403, "text/xml", EC2_ERROR % ("SignatureDoesNotMatch", "no"))
        done = isolate(Cordon(PATH, peer.url))
        checks.equal("a clock %s: exit" % name, done.code, 4, done)
        checks.check("a clock %s: says what to do" % name, "clock" in done.err
                     and "Nothing was changed." in done.err, done)
        checks.check("a clock %s: not asked for ever" % name, len(peer.recording()) < 10,
                     len(peer.recording()))
        peer.stop()
    simulator.stop()


# --- hostile JSON ----------------------------------------------------------------------------

JSON_TYPE = "application/x-amz-json-1.0"


def answer(data, kind=JSON_TYPE, status=200):
    def act(s, _):
        s.sendall(b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
                  % (status, kind.encode(), len(data), data))
    return act


HOSTILE = {
    "a key twice": b'{"QueueUrls":["http://a/1"],"QueueUrls":["http://evil/1"]}',
    "deep": b'{"QueueUrls":' + b"[" * 200000 + b"]" * 200000 + b"}",
    "trailing": b'{"QueueUrls":[]} {"QueueUrls":["http://evil/1"]}',
    "truncated": b'{"QueueUrls":["http://a/1"',
    "NUL": b'{"QueueUrls":["http://a/1\\u0000evil"]}',
    "raw NUL": b'{"QueueUrls":["http://a/1\x00evil"]}',
    "invalid UTF-8": b'{"QueueUrls":["http://a/\xff\xfe"]}',
    "half a surrogate": b'{"QueueUrls":["http://a/\\ud800"]}',
    "a list": b'["http://a/1"]',
    "a string": b'"http://a/1"',
    "of a wrong type": b'{"QueueUrls":"http://a/1"}',
    "NaN": b'{"QueueUrls":[NaN]}',
    "HTML": b"<html>Sign in to the guest network</html>",
    "XML": b"<ListQueuesResponse/>",
    "gzip": b"\x1f\x8b\x08\x00garbage",
    "binary": bytes(range(256)),
    "a list without end": b'{"QueueUrls":[' + b'"x",' * 3000000,
}
PRINTABLE = re.compile(r"[^\n\t\x20-\x7e\u00a0-\uffff]|\u202e")


def test_json():
    for name, data in HOSTILE.items():
        with aws_peer.Server(answer(data)) as s:
            cordon = Cordon(PATH, s.url, AWS_MAX_ATTEMPTS="1")
            done = cordon.run("call", "sqs", "list_queues", timeout=60)
        checks.check("JSON: %s: refused" % name, done.code == 1 and done.out == "", done)
        checks.check("JSON: %s: says whose fault it is" % name, "ListQueues" in done.err
                     or "answer" in done.err, done)
        checks.check("JSON: %s: harmless on a terminal" % name, not PRINTABLE.search(done.err), done)


def test_json_that_is_big():
    with aws_peer.Server(aws_peer.giant) as s:
        done = Cordon(PATH, s.url, AWS_MAX_ATTEMPTS="1").run("call", "sqs", "list_queues")
    checks.check("JSON of 100 MB: refused", done.code == 1 and "larger" in done.err, done)
    number = b'{"Attributes":{"ApproximateNumberOfMessages":"9007199254740993"}}'
    with aws_peer.Server(answer(number)) as s:
        done = Cordon(PATH, s.url).run("call", "sqs", "get_queue_attributes",
                                       '{"QueueUrl":"http://a/1"}')
    checks.check("JSON: large numbers are not rounded", "9007199254740993" in done.out, done)


def test_json_errors():
    for name, body, status in (
            ("terminal codes", '{"__type":"com.x#A\\u001b[31mB","message":"m\\u001b]0;owned\\u0007"}', 400),
            ("no message", '{"__type":"QueueDoesNotExist"}', 400),
            ("no type", '{"message":"hello"}', 400), ("not JSON", "<html/>", 403),
            ("a list", "[]", 500), ("empty", "", 503)):
        with aws_peer.Server(answer(body.encode(), status=status)) as s:
            done = Cordon(PATH, s.url, AWS_MAX_ATTEMPTS="1").run("call", "sqs", "list_queues")
        checks.check("a JSON error, %s: ends" % name, done.code in (1, 4) and done.err, done)
        checks.check("a JSON error, %s: harmless" % name, not PRINTABLE.search(done.err), done)


# --- one call, and its answer is lost --------------------------------------------------------

LOST = [f for f in FAULTS if f.name in (
    ("time-out before", "time-out after", "reset before", "reset after", "truncated",
     "500 before", "500 after", "login page", "emptied") if "--full" in sys.argv else
    ("time-out before", "reset after", "emptied"))]


def single_calls(simulator):
    """Each kind of change that isolate-sg makes, as `cordon call` sends it."""
    state = simulator.state()
    vpc = simulator.call("describe_vpcs")["Vpcs"][0]["VpcId"]
    group = simulator.call("create_security_group", GroupName="probe", Description="probe",
                           VpcId=vpc)["GroupId"]
    everyone = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    interface = sorted(state.carried)[0]
    return [
        ("create_security_group", {"GroupName": "new", "Description": "new", "VpcId": vpc}),
        ("authorize_security_group_ingress", {"GroupId": group, "IpPermissions": everyone}),
        ("revoke_security_group_egress", {"GroupId": group, "IpPermissions": everyone}),
        ("modify_network_interface_attribute", {"NetworkInterfaceId": interface,
                                                "Groups": [group]}),
        ("create_tags", {"Resources": [group], "Tags": [{"Key": "a", "Value": "b"}]}),
        ("modify_network_interface_attribute", {"NetworkInterfaceId": interface,
                                                "Groups": state.carried[interface]}),
        ("delete_security_group", {"GroupId": group}),
    ]


def test_lost_answers():
    """Every kind of change, every way to lose an answer: it takes effect once, and exit 0 says
    so."""
    for fault in LOST:
        simulator = Simulator(False)
        peer = FaultPeer(simulator.url, quiet_s=10)
        cordon = Cordon(PATH, peer.url, AWS_MAX_ATTEMPTS="2")
        for operation, params in single_calls(simulator):
            action = "".join(w.capitalize() for w in operation.split("_"))
            name = "%s, %s" % (operation, fault.name)
            peer.committed = []
            peer.injection = Injection(fault, lambda r: r.action == action and not r.dry)
            done = cordon.run("call", "ec2", operation, json.dumps(params), "--yes",
                              "--timeout", str(SLOW))
            checks.equal(name + ": exit", done.code, 0, done)
            made = [r for r in peer.committed if not is_read(r)]
            twice = 2 if action.startswith(("Modify", "CreateTags")) else 1
            checks.check(name + ": took effect once", 1 <= len(made) <= twice, made)
            checks.equal(name + ": verifies", cordon.verifies(), "")
            intents = [line for line in cordon.journal() if line["kind"] == "call.intent"]
            checks.check(name + ": its intent", intents and sorted(values_of(
                intents[-1]["params"])) == sorted(made[-1].params.values()) if made else False)
        peer.stop()
        simulator.stop()


def test_nobody_can_tell():
    """Neither an answer nor a read: the exit is 3, and the line to type shows it."""
    simulator = Simulator(False)
    peer = FaultPeer(simulator.url, quiet_s=10)
    cordon = Cordon(PATH, peer.url, AWS_MAX_ATTEMPTS="1")
    vpc = simulator.call("describe_vpcs")["Vpcs"][0]["VpcId"]
    reset = next(f for f in FAULTS if f.name == "reset after")

    class Dark(Injection):
        def takes(self, request):
            self.count += request.action == "CreateSecurityGroup" and not request.dry
            return self.count > 0

    peer.injection = Dark(reset, None)
    done = cordon.run("call", "ec2", "create_security_group", json.dumps(
        {"GroupName": "dark", "Description": "dark", "VpcId": vpc}), "--yes", "--timeout", str(SLOW))
    checks.equal("nobody can tell: exit", done.code, 3, done)
    checks.check("nobody can tell: said", "not known whether it took effect" in done.err, done)
    peer.injection = None
    found = re.search(r"this shows it:  (cordon .*)", done.err)
    checks.check("nobody can tell: what to type", found, done)
    if found:
        shown = cordon.run(*shlex.split(found.group(1))[1:])
        checks.check("nobody can tell: what is typed shows it", '"dark"' in shown.out, shown)
    peer.stop()
    simulator.stop()


def main():
    only = [w for w in sys.argv[1:] if w.startswith("test_")]
    for name, test in sorted(globals().items()):
        if name.startswith("test_") and (not only or name in only):
            test()
    checks.finish()


if __name__ == "__main__":
    main()
