"""An HTTP peer between cordon and moto that records every request and injects faults by rule.

Without an upstream it is a recording server: it answers from canned answers alone.
"""
import json
import socket
import struct
import threading
import time
import http.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

EC2_ERROR = ("<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors>"
             "<RequestID>req-injected</RequestID></Response>")


class Request:
    """One request as the server saw it."""

    def __init__(self, number, headers, body):
        self.number, self.headers, self.body, self.at = number, headers, body, time.time()
        target = headers.get("X-Amz-Target", "")
        if target:
            self.action = target.split(".")[-1]
            self.params = json.loads(body or b"{}")
            self.service = "sqs"
        else:
            pairs = parse_qsl(body.decode(), keep_blank_values=True)
            form = dict(pairs)
            self.action = form.pop("Action", "?")
            self.service = "sts" if form.pop("Version", "") == "2011-06-15" else "ec2"
            self.params = form
        self.dry = self.params.get("DryRun") in ("true", True)
        self.status = None      # of the answer, None: none was sent
        self.forwarded = False  # it reached the server behind
        self.injected = None

    def __repr__(self):
        return "%d %s%s %s" % (self.number, self.action, " (dry)" if self.dry else "", self.params)


class Rule:
    """What happens to some requests.

    `action`: its name, or None for all. `nth`: which of the matching requests (1 the first), a
    container of numbers, or None for all. `when`: a further test of the request. `dry`: whether
    dry runs count (they do not). One of: `error` (code, status), `delay` seconds before it is
    forwarded, `late` seconds between the server's answer and ours, `reset` "before" or "after"
    the server saw it, `hold` and `hold_answer` an Event to wait for, `call` a function run
    before it is forwarded, `after` one run when the server has answered, before we do.
    """

    def __init__(self, action=None, nth=None, when=None, dry=False, error=None, delay=0, late=0,
                 reset=None, hold=None, hold_answer=None, call=None, after=None):
        self.action, self.nth, self.when, self.dry = action, nth, when, dry
        self.error, self.delay, self.late, self.reset = error, delay, late, reset
        self.hold, self.hold_answer, self.call, self.after = hold, hold_answer, call, after
        self.matched = 0

    def takes(self, request):
        if self.action and self.action != request.action:
            return False
        if request.dry and not self.dry:
            return False
        if self.when and not self.when(request):
            return False
        self.matched += 1
        if self.nth is None:
            return True
        return self.matched == self.nth if isinstance(self.nth, int) else self.matched in self.nth


class Proxy:
    def __init__(self, upstream=None, answer=None, keep_host=False):
        """`upstream`: moto's URL. `answer`: a function of a Request giving (status, type, body),
        or None to forward. `keep_host`: the server behind checks signatures, which sign the host."""
        self.keep_host = keep_host
        self.upstream = urlsplit(upstream).netloc if upstream else None
        self.answer = answer
        self.rules, self.log = [], []
        self.lock = threading.RLock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *ignored):
                pass

            def do_POST(self):
                proxy.handle(self)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, address):
                pass  # a client that was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def reset(self, *rules):
        """Forgets the log; the rules are these."""
        with self.lock:
            self.log, self.rules = [], list(rules)

    # --- one request

    def handle(self, handler):
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length)
        if len(body) < length:  # its sender died: this is no request
            handler.close_connection = True
            return
        with self.lock:
            request = Request(len(self.log) + 1, handler.headers, body)
            self.log.append(request)
            rules = [r for r in self.rules if r.takes(request)]
        for rule in rules:
            if not self.before(handler, request, rule):
                return
        status, kind, text = self.forward(handler, request)
        for rule in rules:
            if rule.after:
                rule.after(request)
            if rule.hold_answer:
                rule.hold_answer.wait(120)
            if rule.late:
                time.sleep(rule.late)
            if rule.reset == "after":
                request.injected = "reset after"
                self.cut(handler)
                return
        self.send(handler, request, status, kind, text)

    def before(self, handler, request, rule):
        if rule.call:
            rule.call(request)
        if rule.hold:
            rule.hold.wait(120)
        if rule.delay:
            time.sleep(rule.delay)
        if rule.reset == "before":
            request.injected = "reset before"
            self.cut(handler)
            return False
        if rule.error:
            code, status = rule.error
            request.injected = code
            self.send(handler, request, status, "text/xml", EC2_ERROR % (code, "injected"))
            return False
        return True

    def forward(self, handler, request):
        answer = self.answer(request) if self.answer else None
        if answer:
            return answer
        request.forwarded = True
        upstream = http.client.HTTPConnection(self.upstream, timeout=60)
        headers = {k: v for k, v in handler.headers.items()
                   if k.lower() not in ("connection", "host", "content-length")}
        headers["Host"] = handler.headers["Host"] if self.keep_host else self.upstream
        upstream.request("POST", handler.path, request.body, headers)
        reply = upstream.getresponse()
        text = reply.read()
        upstream.close()
        return reply.status, reply.getheader("Content-Type", "text/xml"), text

    def send(self, handler, request, status, kind, text):
        data = text if isinstance(text, bytes) else text.encode()
        request.status = status
        head = ("HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
                % (status, kind, len(data)))
        try:
            handler.wfile.write(head.encode() + data)
            handler.wfile.flush()
        except OSError:
            handler.close_connection = True

    @staticmethod
    def cut(handler):
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()
        handler.close_connection = True

    # --- what came

    def seen(self, action=None, dry=None):
        with self.lock:
            return [r for r in self.log if (action is None or r.action == action)
                    and (dry is None or r.dry == dry)]
