"""A peer that fails in every way we know: a proxy before a server that works.

`Fault` is one way to fail. Where `commits` is true the request reaches the server first, so that
what it asked for is done and only the answer is lost. Nothing here knows what is tested.
"""
import gzip
import os
import socket
import threading
import time

from proxy import EC2_ERROR, Proxy, Request, Rule  # noqa: F401

LOGIN = b"<html><head><title>Sign in to the guest network</title></head><body>Welcome</body></html>"
DOCTYPE = (b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
           + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
           + b"]><r>&j;</r>")


class Fault:
    """`act(line, answer)` answers on a connection: `line` is a Line, `answer` what the server
    said (None when the fault does not commit). `late`: seconds after the client has hung up at
    which the server carries it out all the same."""

    def __init__(self, name, act, commits=False, kind="transient", late=None):
        self.name, self.act, self.commits, self.kind = name, act, commits, kind
        self.late = late

    def __repr__(self):
        return self.name


class Line:
    """The connection to the client, for answers that no HTTP library would give."""

    def __init__(self, handler, quiet_s):
        self.handler, self.quiet_s = handler, quiet_s
        handler.close_connection = True

    def raw(self, data):
        try:
            self.handler.wfile.write(data)
            self.handler.wfile.flush()
            return True
        except OSError:
            return False

    def answer(self, status, body, kind="text/xml;charset=UTF-8", headers=(), length=None):
        """A whole answer, after which the connection may be used again."""
        head = ["HTTP/1.1 %d X" % status, "Content-Type: " + kind,
                "Content-Length: %d" % (len(body) if length is None else length), *headers, "", ""]
        whole = length is None
        self.handler.close_connection = not self.raw("\r\n".join(head).encode() + body) or not whole

    def cut(self):
        Proxy.cut(self.handler)

    def gone(self):
        """The client has hung up, or `quiet_s` seconds are over."""
        self.handler.connection.settimeout(self.quiet_s)
        try:
            self.handler.connection.recv(1)
        except OSError:
            pass


# --- before and after the commit ----------------------------------------------------------

def close(line, _):
    pass


def reset(line, _):
    line.cut()


def silence(line, _):
    line.gone()


def drip(line, answer):
    body = answer[2] if answer else b"<x>" + b" " * 500
    if not line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
                    % len(body)):
        return
    end = time.time() + line.quiet_s
    for i in range(len(body)):
        if time.time() > end or not line.raw(body[i:i + 1]):
            return
        time.sleep(0.1)


def headers_only(line, _):
    line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n")
    line.gone()


def truncated(line, answer):
    body = answer[2] if answer else b"<DescribeXResponse><reservationSet>"
    line.answer(200, body[:len(body) // 2], length=max(len(body), 10))


def cut_by_close(line, answer):
    body = answer[2] if answer else b"<DescribeXResponse><reservationSet>"
    line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n"
             + body[:len(body) // 2])


def cut_chunk(line, answer):
    body = answer[2] if answer else b"<DescribeXResponse>"
    line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
             b"%x\r\n%s\r\n" % (len(body) // 2, body[:len(body) // 2]))


def says(status, body, kind="text/xml;charset=UTF-8", headers=()):
    return lambda line, _: line.answer(status, body, kind, headers)


def error(status, code, message="injected by the test"):
    return says(status, (EC2_ERROR % (code, message)).encode())


# --- hostile ---------------------------------------------------------------------------------

def oversized(line, _):
    line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 104857600\r\n\r\n<a>")
    block = b" " * 1048576
    for _ in range(100):
        if not line.raw(block):
            return


def header_flood(line, _):
    line.raw(b"HTTP/1.1 200 OK\r\n")
    for i in range(2000):
        if not line.raw(b"X-%d: " % i + b"y" * 1000 + b"\r\n"):
            return
    line.raw(b"\r\n")


def with_type(kind):
    def act(line, answer):
        line.answer(answer[0], answer[2], kind)
    return act


def gzipped(line, answer):
    line.answer(200, gzip.compress(os.urandom(2000)), headers=("Content-Encoding: gzip",))


def interim(line, answer):
    line.raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    line.answer(answer[0], answer[2])


def bad_utf8(line, answer):
    line.answer(200, answer[2].replace(b"</", b"\xff\xfe\xc0\x80</", 1) if answer
                else b"<a>\xff\xc0\x80</a>")


def emptied(line, answer):
    """The element that the operation answers with, and nothing in it."""
    root = answer[2].split(b"<", 2)[1 if not answer[2].startswith(b"<?") else 2]
    name = root.split(b" ")[0].split(b">")[0].strip()
    line.answer(200, b"<%s/>" % name)


# As a default VPC's: of all that was to be revoked nothing was found, and nothing was done.
def unknown_permissions(line, _):
    line.answer(200, b'<RevokeXResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
                b"<requestId>req-unknown</requestId><return>true</return><unknownIpPermissionSet>"
                b"<item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item>"
                b"</ipRanges><ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges></item>"
                b"</unknownIpPermissionSet></RevokeXResponse>")


TERMINAL = "ouch &#x9;\u009b31m\u202e &#xd;]0;owned"

# Kinds: `transient` may pass and must be survived when it comes once; `final` may stop the run;
# `good` is no fault at all; `odd` may be either.
FAULTS = [
    Fault("throttled", error(503, "RequestLimitExceeded")),
    Fault("500 before", error(500, "InternalError")),
    Fault("500 after", error(500, "InternalError"), commits=True),
    Fault("503 html", says(503, b"<html>no backend</html>", "text/html")),
    Fault("502 empty", says(502, b"")),
    Fault("close before", close),
    Fault("close after", close, commits=True),
    Fault("reset before", reset),
    Fault("reset after", reset, commits=True),
    Fault("time-out before", silence),
    Fault("time-out after", silence, commits=True),
    Fault("slow drip", drip, commits=True),
    Fault("headers never end", headers_only, commits=True),
    Fault("truncated", truncated, commits=True),
    Fault("cut by close", cut_by_close, commits=True),
    Fault("chunk cut", cut_chunk, commits=True),
    Fault("no HTTP", lambda line, _: line.raw(b"SSH-2.0-OpenSSH_9.2\r\n")),
    Fault("login page", says(200, LOGIN, "text/html")),
    Fault("empty 200", says(200, b""), commits=True),
    Fault("JSON", says(200, b'{"GroupId":"sg-0"}', "application/json"), commits=True),
    Fault("gzip garbage", gzipped, commits=True),
    Fault("binary", lambda line, _: line.answer(200, bytes(range(256)) * 20), commits=True),
    Fault("oversized", oversized, commits=True),
    Fault("header flood", header_flood, commits=True),
    Fault("entity bomb", says(200, DOCTYPE), commits=True),
    Fault("deep XML", says(200, b"<a>" * 100000 + b"</a>" * 100000), commits=True),
    Fault("bad UTF-8", bad_utf8, commits=True),
    Fault("other type", with_type("application/octet-stream"), commits=True, kind="good"),
    Fault("interim answers", interim, commits=True, kind="good"),
    Fault("redirect", says(307, b"", headers=("Location: http://127.0.0.1:1/",)), kind="final"),
    Fault("moved", says(301, LOGIN, "text/html", ("Location: /login",)), kind="final"),
    Fault("denied", error(403, "UnauthorizedOperation"), kind="final"),
    Fault("bad token", error(401, "AuthFailure"), kind="final"),
    Fault("400", error(400, "InvalidParameterValue"), kind="final"),
    Fault("404 html", says(404, b"<html>not here</html>", "text/html"), kind="final"),
    Fault("terminal codes", error(400, "Invalid\x7fParameter", TERMINAL), kind="final"),
    Fault("emptied", emptied, commits=True, kind="odd"),
]
LATE = Fault("late commit", silence, kind="odd", late=1)
UNKNOWN_PERMISSIONS = Fault("UnknownIpPermissions", unknown_permissions, kind="odd")


class Injection:
    """Fails requests by `fault`: those that `first` takes; with `stuck`, every one that has the
    same body as the first; with `until`, for so many seconds only."""

    def __init__(self, fault, first, stuck=False, lasts=None):
        self.fault, self.first, self.stuck, self.lasts = fault, first, stuck, lasts
        self.body = self.began = None
        self.count = 0

    def takes(self, request):
        if self.body is None and self.first(request):
            self.body, self.began = request.body, time.time()
            self.count += 1
            return True
        if not self.stuck or request.body != self.body:
            return False
        if self.lasts is not None and time.time() - self.began > self.lasts:
            return False
        self.count += 1
        return True


class FaultPeer(Proxy):
    """Its `injection` (or None) is asked about each request. `committed` holds the requests that
    the server behind has carried out."""

    def __init__(self, upstream, quiet_s=20):
        super().__init__(upstream, keep_host=True)
        self.quiet_s = quiet_s
        self.injection, self.committed, self.late = None, [], 0
        self.sites = {}

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self.lock:
            request = Request(len(self.log) + 1, handler.headers, body)
            kind = (request.action, request.dry)
            self.sites[kind] = request.nth = self.sites.get(kind, 0) + 1
            self.log.append(request)
            hit = self.injection is not None and self.injection.takes(request)
            self.late += hit and self.injection.fault.late is not None
        fault = self.injection.fault if hit else None
        request.injected = fault
        answer = None if fault and not fault.commits else self.forward(handler, request)
        if fault:
            fault.act(Line(handler, self.quiet_s), answer)
            self.carry_out_late(handler, request, fault)
        else:
            self.send(handler, request, *answer)

    def carry_out_late(self, handler, request, fault):
        if fault.late is None:
            return
        time.sleep(fault.late)
        self.forward(handler, request)
        with self.lock:
            self.late -= 1

    def forward(self, handler, request):
        status, kind, text = super().forward(handler, request)
        request.status = status
        with self.lock:
            if status == 200 and not request.dry and not is_read(request):
                self.committed.append(request)
        return status, kind, text

    def recording(self):
        with self.lock:
            return list(self.log)


def is_read(request):
    return request.action.startswith(("Describe", "Get", "List"))
