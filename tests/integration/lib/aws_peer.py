"""What aws_http.py and aws_keys.py share: a server on 127.0.0.1 that misbehaves as told,
the helper that makes calls, and the runner of tests."""
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from urllib.parse import parse_qsl

CLI = os.path.join(sys.argv[1] if len(sys.argv) > 1 else 'build/debug', 'tests', 'aws-cli')
EC2 = 'http://ec2.amazonaws.com/doc/2016-11-15/'
SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'


# --- the server --------------------------------------------------------------------

class Request:
    def __init__(self, connection, line, headers, body):
        self.connection, self.line, self.headers, self.body = connection, line, headers, body

    def header(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def form(self):
        return dict(parse_qsl(self.body.decode()))


class Server:
    """Answers the n-th request with the n-th of `script`, then with `script`'s last."""

    def __init__(self, *script, tls=None):
        self.script, self.tls = script, tls
        self.requests, self.connections = [], 0
        self.lock = threading.Lock()
        self.socket = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.url = f'http{"s" if tls else ""}://127.0.0.1:{self.port}'
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)  # close alone would leave it to accept()
        self.socket.close()

    def accept(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(s, number), daemon=True).start()

    def serve(self, s, number):
        try:
            if self.tls:
                s = self.tls.wrap_socket(s, server_side=True)
            while (request := self.read(s, number)) is not None:
                with self.lock:
                    self.requests.append(request)
                    act = self.script[min(len(self.requests), len(self.script)) - 1]
                if act(s, request) is False:
                    break
        except (OSError, ValueError):
            pass
        finally:
            s.close()

    @staticmethod
    def read(s, number):
        data = b''
        while b'\r\n\r\n' not in data:
            more = s.recv(65536)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b'\r\n\r\n')
        lines = head.decode('latin-1').split('\r\n')
        headers = [tuple(x.split(': ', 1)) for x in lines[1:]]
        length = int(next((v for k, v in headers if k.lower() == 'content-length'), 0))
        while len(body) < length:
            more = s.recv(65536)
            if not more:
                return None
            body += more
        return Request(number, lines[0], headers, body)


def reply(status, body, *headers, kind='text/xml'):
    def act(s, _):
        data = body.encode()
        head = [f'HTTP/1.1 {status} X', f'Content-Type: {kind}', f'Content-Length: {len(data)}']
        s.sendall('\r\n'.join(head + list(headers) + ['', '']).encode() + data)
    return act


def ok(root='DescribeVpcsResponse', inner='<vpcSet/>', *headers):
    return reply(200, f'<{root} xmlns="{EC2}"><requestId>r-1</requestId>{inner}</{root}>', *headers)


def error(status, code, *headers):
    return reply(status, f'<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error>'
                 '</Errors><RequestID>r-e</RequestID></Response>', *headers)


def reset(s, _):
    """After the request was read: the connection breaks without an answer."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    return False


def close(s, _):
    return False


def then_close(act):
    def both(s, r):
        act(s, r)
        return False
    return both


def silence(s, _):
    time.sleep(3)
    return False


def drip(s, _):
    s.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n')
    for _ in range(30):
        s.sendall(b'x')
        time.sleep(0.1)
    return False


def truncated(s, _):
    s.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<Desc')
    return False


def endless_headers(s, _):
    s.sendall(b'HTTP/1.1 200 OK\r\n')
    for i in range(200):
        s.sendall(b'X-%d: ' % i + b'y' * 1000 + b'\r\n')
    s.sendall(b'\r\n')
    return False


def giant(s, _):
    s.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 100000000\r\n\r\n')
    for _ in range(100):
        s.sendall(b'z' * 1000000)
    return False


# --- the client ----------------------------------------------------------------------

def environment(**more):
    env = {'PATH': os.environ['PATH'], 'HOME': '/nonexistent', 'AWS_REGION': 'eu-west-1',
           'AWS_EC2_METADATA_DISABLED': 'true', 'AWS_ACCESS_KEY_ID': 'AKIDEXAMPLE', 'AWS_SECRET_ACCESS_KEY': SECRET}
    for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS'):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(more)
    return {k: v for k, v in env.items() if v is not None}


def run(*args, env=None):
    p = subprocess.run([CLI, *args], env=env or environment(), capture_output=True, text=True,
                       timeout=120)
    if p.returncode != 0:
        raise AssertionError(f'exit {p.returncode}: {p.stdout}{p.stderr}')
    run.text = p.stdout + p.stderr
    return [json.loads(x) for x in p.stdout.splitlines()]


def call(server, *args, env=None):
    return run('--endpoint-url', server.url, *args, env=env)


READ = ('ec2', 'describe_vpcs', '{}')
CREATE_GROUP = ('ec2', 'create_security_group', '{"GroupName":"g","Description":"d","VpcId":"vpc-1"}')
SET_GROUPS = ('ec2', 'modify_network_interface_attribute',
              '{"NetworkInterfaceId":"eni-1","Groups":["sg-1"]}')
CREATE_ACL = ('ec2', 'create_network_acl', '{"VpcId":"vpc-1"}')
GROUP_OK = ok('CreateSecurityGroupResponse', '<groupId>sg-1</groupId><return>true</return>')
SET_OK = ok('ModifyNetworkInterfaceAttributeResponse', '<return>true</return>')
ACL_OK = ok('CreateNetworkAclResponse', '<networkAcl/>')


def slow_ok(s, r):
    time.sleep(0.2)
    ok()(s, r)


def slow_group(s, r):
    time.sleep(0.2)
    GROUP_OK(s, r)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(got, wanted, what='value'):
    check(got == wanted, f'{what}: got {got!r}, wanted {wanted!r}')


def expect(server, reply_, requests, okay=None, code=None, unknown=None, sent=None):
    equal(len(server.requests), requests, 'requests')
    if okay is not None:
        equal(reply_['ok'], okay, f'ok ({reply_})')
    if code is not None:
        equal(reply_['err']['code'], code, f'code ({reply_})')
    if unknown is not None:
        equal(reply_['unknown'], unknown, f'unknown ({reply_})')
    if sent is not None:
        equal(reply_['sent'], sent, f'sent ({reply_})')


# --- the runner ---------------------------------------------------------------------------

def run_tests(namespace, needs_botocore=()):
    """Runs what is called test_*, or what the command line names; exits."""
    if not os.path.exists(CLI):
        print(f'{CLI} is not built: make tests')
        sys.exit(1)
    try:
        import botocore  # noqa: F401
        have_botocore = True
    except ImportError:
        have_botocore = False
    passed = failed = skipped = 0
    only = sys.argv[2:]
    for name, test in sorted(namespace.items()):
        if not name.startswith('test_') or (only and name not in only):
            continue
        if name in needs_botocore and not have_botocore:
            print(f'skipped {name}: no botocore')
            skipped += 1
            continue
        try:
            test()
            passed += 1
        except Exception as problem:
            print(f'FAILED {name}: {type(problem).__name__}: {problem}')
            failed += 1
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    sys.exit(1 if failed else 0)
