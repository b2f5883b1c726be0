#!/usr/bin/env python3
"""Broken requests against `cordon sim serve`: whatever comes, it answers with an error of AWS's
form or ends the connection, and goes on. Signed requests are mutated before they are signed
(so that they are read) and after; others are no HTTP at all.

Usage: sim_fuzz.py [CORDON] [--seconds=N] [--seed=N]
"""
import http.client
import json
import os
import random
import re
import socket
import sys
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]
import harness  # noqa: E402

try:
    import botocore  # noqa: F401
except ImportError as missing:
    print("SKIPPED: nothing to sign with: %s" % missing)
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)
import sim_calls  # noqa: E402
import sim_peer  # noqa: E402
import sim_raw  # noqa: E402

checks = harness.Checks()
LONGEST = 5.0  # seconds that an answer may take: a hang

PIECES = [b"", b"\x00", b"%00", b"%", b"%ZZ", b"&", b"=", b"&&&", b"\xff\xfe", b"A" * 5000, b"-1", b"0",
          b"99999999999999999999", b"1e999", b"true", b"null", b"[]", b"{}", b"\"", b"\\u0000", b"<x>", b"'",
          b"i-(planned-1)", b"*" * 40, b"0.0.0.0/0", b"::/0", b"..", b"../../etc/passwd", b"\xc3\xa9", b"{" * 200,
          b".1.1.1.1.1.1.1.1.1.1", b".999999999", b".0", b".-1"]


def flat(value, name=""):
    """Parameters as EC2's form has them, roughly."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, name + ("." if name else "") + key)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from flat(inner, "%s.%d" % (name, at + 1))
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def seeds(sim):
    """(service, headers, body) of every modelled operation, as a client sends it."""
    by_name = {s: sim.client(s, parameter_validation=False) for s in ("ec2", "sqs", "sts")}
    caught = []

    def catch(request, **_):
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        headers = {k: v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()
                   if k.lower() in ("content-type", "x-amz-target", "x-amzn-query-mode")}
        caught.append((service_now[0], headers, body))

    service_now = [""]
    for name, client in by_name.items():
        client.meta.events.register("before-send.%s.*" % name, catch)
    has = sim_calls.find(by_name["ec2"])
    for service, method, params, keep in sim_calls.sequence(has):
        service_now[0] = service
        answer = getattr(by_name[service], method)(**params)
        if keep:
            keep(answer)
    return [one for one in caught if one[0]]


def mutated(pick, body):
    body = bytearray(body)
    for _ in range(pick.randint(1, 4)):
        at = pick.randrange(len(body) + 1)
        kind = pick.randint(1, 6)
        if kind == 1 and body:
            body[at % len(body)] ^= 1 << pick.randrange(8)
        elif kind == 2:
            body[at:at] = pick.choice(PIECES)
        elif kind == 3:
            del body[at:at + pick.randint(1, 30)]
        elif kind == 4:
            end = min(len(body), at + pick.randint(1, 60))
            body[at:at] = body[at:end]
        elif kind == 5 and b"=" in body:
            places = [m.end() for m in re.finditer(b"=", bytes(body))]
            start = pick.choice(places)
            end = body.find(b"&", start)
            body[start:end if end >= 0 else len(body)] = urllib.parse.quote_from_bytes(pick.choice(PIECES)).encode()
        elif body.startswith(b"{"):
            body = bytearray(mutated_json(pick, bytes(body)))
    return bytes(body[:1 << 20])


def mutated_json(pick, body):
    try:
        document = json.loads(body)
    except ValueError:
        return body
    if not isinstance(document, dict) or not document:
        return body
    key = pick.choice(sorted(document))
    document[key] = pick.choice([None, 7, -1, 1.5, True, "", "x" * 3000, [], {}, [[[[]]]], {"a": {"b": {}}}, "\u0000", 2 ** 70])
    return json.dumps(document).encode()


CODE = re.compile(rb"<Code>[A-Za-z0-9.]+</Code>|\"__type\":\"com\.amazonaws\.[a-z0-9]+#[A-Za-z0-9.]+\"")


def is_typed(answer):
    return answer.status == 200 or (400 <= answer.status < 600 and CODE.search(answer.body) is not None)


def try_signed(sim, pick, seed):
    service, headers, body = seed
    body = mutated(pick, body)
    headers = dict(headers)
    if pick.random() < 0.1:
        headers[pick.choice(["X-Amz-Target", "Content-Type", "X-Extra"])] = pick.choice(
            ["", "AmazonSQS.", "AmazonSQS.Nothing", "x" * 3000, "a.b.c", "AmazonSQS.SendMessage"])
    signed = sim_raw.signed(sim, service, body, headers=headers)
    if pick.random() < 0.15:
        name = pick.choice(sorted(signed))
        text = signed[name]
        at = pick.randrange(len(text) + 1) if text else 0
        signed[name] = (text[:at] + pick.choice(["x", "/", ",", "=", ";", " ", "A" * 200]) + text[at + 1:]).strip()
    return sim_raw.send(sim, signed, body, timeout=LONGEST)


def try_wild(sim, pick, seed):
    """Bytes that are hardly HTTP. A request that is not whole is waited for: that is no hang."""
    _, headers, body = seed
    head = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n" % len(body)
    head += "".join("%s: %s\r\n" % pair for pair in headers.items()) + "\r\n"
    data = mutated(pick, head.encode() + body)
    with socket.create_connection(("127.0.0.1", sim.port()), timeout=LONGEST) as connection:
        connection.settimeout(0.1)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        try:
            while connection.recv(1 << 16):
                pass
        except (ConnectionError, TimeoutError, socket.timeout):
            pass


def one(sim, pick, seed):
    """What went wrong, or ""."""
    try:
        if pick.random() < 0.15:
            try_wild(sim, pick, seed)
            return ""
        answer = try_signed(sim, pick, seed)
        if answer.status == 500 and b"InternalError" in answer.body:
            return "an internal error: %r" % answer.body[:400]
        return "" if is_typed(answer) else "no error of AWS's: %d %r" % (answer.status, answer.body[:200])
    except (socket.timeout, TimeoutError):
        return "no answer in %.0f s" % LONGEST
    except (ConnectionError, http.client.HTTPException, BrokenPipeError, ValueError, UnicodeError):
        return ""  # it hung up, or the request could not even be written


def flag(name, otherwise):
    values = [w.split("=", 1)[1] for w in sys.argv[1:] if w.startswith("--%s=" % name)]
    return int(values[0]) if values else otherwise


def main():
    path = harness.binary()
    sim = sim_peer.Simulator(path)
    known = seeds(sim)
    first, end = flag("seed", 1), time.time() + flag("seconds", 20)
    count, number = 0, first
    while time.time() < end and sim.is_alive() and checks.failed < 5:
        pick = random.Random(number)
        wrong = one(sim, pick, pick.choice(known))
        if wrong:
            checks.check("request %d" % number, False, wrong)
        number, count = number + 1, count + 1
    checks.check("it lives after %d requests" % count, sim.is_alive(), sim.said() if sim.is_alive() else "")
    answer = sim_raw.request(sim, "ec2", sim_raw.READS["ec2"])
    checks.check("it answers after %d requests" % count, answer.status == 200, answer.body[:300])
    checks.check("its memory stays small", sim.rss_mb() < 200 or harness.is_sanitized(path), sim.rss_mb())
    checks.equal("it stops", sim.stop(), 0)
    checks.passed += count
    print("%d requests from seed %d" % (count, first))
    checks.finish()


main()
