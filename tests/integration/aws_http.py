#!/usr/bin/env python3
"""The AWS client against a server that misbehaves: what is repeated, what never is, what
is signed, how connections are used. usage: aws_http.py BUILD_DIR (build/debug)

Peers: a server of our own on 127.0.0.1 and botocore's signer. Prints
'N passed, N failed, N skipped'."""
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from email.utils import formatdate

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
        from urllib.parse import parse_qsl
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
           'AWS_ACCESS_KEY_ID': 'AKIDEXAMPLE', 'AWS_SECRET_ACCESS_KEY': SECRET}
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


# --- permits ---------------------------------------------------------------------------

def test_a_mutation_without_permit_stays_here():
    with Server(GROUP_OK) as s:
        expect(s, call(s, *CREATE_GROUP)[0], 0, False, 'Refused', unknown=False, sent=False)


def test_dry_run_needs_no_permit():
    with Server(error(412, 'DryRunOperation')) as s:
        args = json.loads(CREATE_GROUP[2])
        args['DryRun'] = True
        r = call(s, 'ec2', 'create_security_group', json.dumps(args))[0]
        expect(s, r, 1, False, 'DryRunOperation', unknown=False)
        args['DryRun'] = False
        expect(s, call(s, 'ec2', 'create_security_group', json.dumps(args))[0], 1, False, 'Refused')


def test_the_permit_is_asked_before_every_attempt():
    with Server(error(503, 'RequestLimitExceeded'), GROUP_OK) as s:
        expect(s, call(s, '--permit', '1', *CREATE_GROUP)[0], 1, False, 'Refused', unknown=False)
    with Server(error(503, 'RequestLimitExceeded'), GROUP_OK) as s:
        expect(s, call(s, '--permit', '2', *CREATE_GROUP)[0], 2, True)
    with Server(reset, SET_OK) as s:  # refused later, but the first attempt may have worked
        expect(s, call(s, '--permit', '1', *SET_GROUPS)[0], 1, False, 'Refused', unknown=True)


def test_the_permit_is_asked_when_a_waiting_call_gets_its_turn():
    # Sixteen go at once; when the permit ends, those that wait for a connection stay here.
    with Server(slow_group) as s:
        replies = call(s, '--permit', '20', '--parallel', '30', *CREATE_GROUP)
        equal((len(s.requests), sum(r['ok'] for r in replies)), (20, 20))
        equal({r['err']['code'] for r in replies if not r['ok']}, {'Refused'})
        equal({(r['attempts'], r['sent'], r['unknown']) for r in replies if not r['ok']},
              {(0, False, False)})


# --- retries ---------------------------------------------------------------------------

def test_throttling_is_repeated_for_everything():
    for args in (READ, CREATE_GROUP):
        with Server(error(503, 'RequestLimitExceeded'), error(503, 'RequestLimitExceeded'),
                    ok() if args is READ else GROUP_OK) as s:
            r = call(s, '--permit', '9', *args)[0]
            expect(s, r, 3, True)
            equal(r['attempts'], 3)
            check(len({x.header('Authorization') for x in s.requests}) >= 1, 'signed')


def test_attempts_end():
    with Server(error(503, 'RequestLimitExceeded')) as s:
        r = call(s, *READ)[0]
        expect(s, r, 3, False, 'RequestLimitExceeded')
        equal(r['err']['retryable'], True)
    with Server(error(503, 'RequestLimitExceeded')) as s:
        call(s, *READ, env=environment(AWS_MAX_ATTEMPTS='1'))
        equal(len(s.requests), 1)


def test_a_lost_answer_to_a_mutation_is_unknown_and_not_repeated():
    for fault in (reset, close, truncated, error(500, 'InternalError'),
                  reply(502, '<html>bad</html>', kind='text/html'),
                  reply(200, '<html>hello</html>', kind='text/html')):
        with Server(fault, GROUP_OK) as s:
            expect(s, call(s, '--permit', '9', *CREATE_GROUP)[0], 1, False, unknown=True, sent=True)


def test_a_lost_answer_to_a_read_is_repeated():
    for fault in (reset, close, truncated, error(500, 'InternalError'), endless_headers):
        with Server(fault, ok()) as s:
            expect(s, call(s, *READ)[0], 2, True, unknown=False)


def test_what_does_nothing_twice_is_repeated():
    with Server(reset, SET_OK) as s:
        expect(s, call(s, '--permit', '9', *SET_GROUPS)[0], 2, True, unknown=False)
        equal(s.requests[0].body, s.requests[1].body)


def test_a_token_stays_the_same():
    with Server(reset, error(500, 'InternalError'), ACL_OK) as s:
        expect(s, call(s, '--permit', '9', *CREATE_ACL)[0], 3, True)
        tokens = {x.form()['ClientToken'] for x in s.requests}
        equal(len(tokens), 1, 'tokens')
        check(re.fullmatch(r'[0-9a-f-]{36}', tokens.pop()), 'a UUID')


def test_an_error_after_an_unknown_attempt_stays_unknown():
    with Server(reset, error(400, 'InvalidNetworkInterfaceID.NotFound')) as s:
        expect(s, call(s, '--permit', '9', *SET_GROUPS)[0], 2, False,
               'InvalidNetworkInterfaceID.NotFound', unknown=True)


def test_a_refused_connection_is_not_unknown():
    s = Server(ok())
    s.stop()
    r = call(s, '--permit', '9', *CREATE_GROUP, env=environment(AWS_MAX_ATTEMPTS='2'))[0]
    expect(s, r, 0, False, 'ConnectionError', unknown=False, sent=False)
    equal(r['attempts'], 2)


def test_a_plain_error_is_final():
    with Server(error(403, 'UnauthorizedOperation')) as s:
        r = call(s, '--permit', '9', *CREATE_GROUP)[0]
        expect(s, r, 1, False, 'UnauthorizedOperation', unknown=False, sent=True)
        equal((r['err']['status'], r['request_id'], r['err'].get('retryable', False)),
              (403, 'r-e', False))


def test_not_found_is_repeated_only_for_what_was_just_created():
    missing = error(400, 'InvalidGroup.NotFound')
    with Server(missing, missing, SET_OK) as s:
        expect(s, call(s, '--permit', '9', '--just-created', *SET_GROUPS)[0], 3, True)
    with Server(missing, SET_OK) as s:
        expect(s, call(s, '--permit', '9', *SET_GROUPS)[0], 1, False, 'InvalidGroup.NotFound')


# --- time --------------------------------------------------------------------------------

def test_time_out():
    for fault in (silence, drip):
        with Server(fault) as s:
            r = call(s, '--timeout', '400', '--permit', '9', *CREATE_GROUP)[0]
            expect(s, r, 1, False, 'RequestTimeout', unknown=True)
            check(r['ms'] < 2000, f'{r["ms"]} ms')
    with Server(silence, ok()) as s:
        expect(s, call(s, '--timeout', '400', *READ)[0], 2, True)


def test_connect_time_out():
    full = socket.socket()
    full.bind(('127.0.0.1', 0))
    full.listen(0)
    port = full.getsockname()[1]
    crowd = [socket.socket() for _ in range(4)]
    for c in crowd:
        c.setblocking(False)
        c.connect_ex(('127.0.0.1', port))
    r = run('--endpoint-url', f'http://127.0.0.1:{port}', '--permit', '9', *CREATE_GROUP,
            env=environment(AWS_MAX_ATTEMPTS='1'))[0]
    equal((r['err']['code'], r['unknown'], r['sent']), ('RequestTimeout', False, False))
    check(3000 < r['ms'] < 4500, f'{r["ms"]} ms')
    for c in crowd + [full]:
        c.close()


def test_skew_is_learnt_from_the_date():
    ahead = formatdate(time.time() + 1200, usegmt=True)
    with Server(error(403, 'RequestExpired', f'Date: {ahead}'), ok()) as s:
        replies = call(s, '--repeat', '2', *READ)
        equal([r['ok'] for r in replies], [True, True])
        equal(len(s.requests), 3, 'requests')
        dates = [time.mktime(time.strptime(x.header('X-Amz-Date'), '%Y%m%dT%H%M%SZ'))
                 for x in s.requests]
        check(1190 < dates[1] - dates[0] < 1215, 'corrected')
        check(1190 < dates[2] - dates[0] < 1215, 'kept')
    near = formatdate(time.time() + 60, usegmt=True)
    with Server(error(403, 'SignatureDoesNotMatch', f'Date: {near}'), ok()) as s:
        expect(s, call(s, *READ)[0], 1, False, 'SignatureDoesNotMatch')
    with Server(error(403, 'AuthFailure', f'Date: {ahead}')) as s:
        expect(s, call(s, *READ)[0], 2, False, 'AuthFailure')


# --- what a server may send --------------------------------------------------------------

def test_redirects_are_not_followed():
    with Server(ok()) as other:
        with Server(reply(301, '', f'Location: {other.url}/')) as s:
            r = call(s, *READ)[0]
            expect(s, r, 1, False)
            check('redirect' in r['err']['message'], r)
        equal(len(other.requests), 0, 'followed')


def test_answers_are_bounded():
    for fault in (endless_headers, giant):
        with Server(fault) as s:
            r = call(s, *READ, env=environment(AWS_MAX_ATTEMPTS='1'))[0]
            expect(s, r, 1, False, 'ConnectionError')
            check('larger' in r['err']['message'], r)


def test_the_query_error_header_wins():
    body = '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}'
    with Server(reply(400, body, 'X-Amzn-Query-Error: AWS.SimpleQueueService.NonExistentQueue;Sender',
                      'x-AMZN-requestid: q-1', kind='application/x-amz-json-1.0')) as s:
        r = call(s, 'sqs', 'get_queue_url', '{"QueueName":"q"}')[0]
        expect(s, r, 1, False, 'AWS.SimpleQueueService.NonExistentQueue')
        equal(r['request_id'], 'q-1')


def test_queue_urls_are_not_dialled():
    with Server(reply(200, '{}', kind='application/x-amz-json-1.0')) as s:
        r = call(s, '--permit', '9', 'sqs', 'receive_message', '{"QueueUrl":"http://127.0.0.1:1/1/q"}')
        expect(s, r[0], 1)
        equal(json.loads(s.requests[0].body)['QueueUrl'], 'http://127.0.0.1:1/1/q')
        equal(s.requests[0].line, 'POST / HTTP/1.1')


# --- connections -------------------------------------------------------------------------

def test_connections_are_kept():
    with Server(ok()) as s:
        check(all(r['ok'] for r in call(s, '--repeat', '10', *READ)), 'ok')
        equal((len(s.requests), s.connections), (10, 1))


def test_a_connection_closed_meanwhile_is_replaced():
    with Server(then_close(GROUP_OK)) as s:
        replies = call(s, '--permit', '9', '--repeat', '4', '--pause', '100', *CREATE_GROUP)
        check(all(r['ok'] and r['attempts'] == 1 for r in replies), replies)
        equal((len(s.requests), s.connections), (4, 4))


def test_a_request_lost_on_a_kept_connection_is_not_sent_again():
    for fault in (close, reset):
        with Server(GROUP_OK, fault, GROUP_OK) as s:
            replies = call(s, '--permit', '9', '--repeat', '2', *CREATE_GROUP)
            equal(replies[0]['ok'], True)
            expect(s, replies[1], 2, False, 'ConnectionError', unknown=True)


def slow_ok(s, r):
    time.sleep(0.2)
    ok()(s, r)


def test_calls_run_at_once_up_to_sixteen():
    with Server(slow_ok) as s:
        began = time.time()
        replies = call(s, '--parallel', '40', *READ)
        check(all(r['ok'] for r in replies), 'ok')
        equal((len(replies), len(s.requests), s.connections), (40, 40, 16))
        check(time.time() - began < 3, 'at once')


def test_calls_start_in_order():
    named = ('ec2', 'describe_vpcs', '{"VpcIds":["vpc-{i}"]}')
    for _ in range(5):
        with Server(slow_ok) as s:
            call(s, '--parallel', '12', *named)
            by_connection = [r.form()['VpcId.1'] for r in
                             sorted(s.requests, key=lambda r: r.connection)]
            equal(by_connection, [f'vpc-{i}' for i in range(12)], 'order')


def test_loopback_never_goes_through_a_proxy():
    with Server(ok()) as s, Server(ok()) as proxy:
        call(s, *READ, env=environment(http_proxy=proxy.url, HTTP_PROXY=proxy.url,
                                       all_proxy=proxy.url))
        equal((len(s.requests), len(proxy.requests)), (1, 0))


def test_tls():
    with tempfile.TemporaryDirectory() as d:
        cert, key = f'{d}/cert.pem', f'{d}/key.pem'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                        '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
                        '-keyout', key, '-out', cert], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        with Server(ok(), tls=context) as s:
            r = call(s, '--permit', '9', *CREATE_GROUP)[0]
            expect(s, r, 0, False, 'ConnectionError', unknown=False, sent=False)
            equal(r['attempts'], 1)
            check('AWS_CA_BUNDLE' in r['err']['message'], r)
            expect(s, call(s, *READ, env=environment(AWS_CA_BUNDLE=cert))[0], 1, True)
        warnings.simplefilter('ignore', DeprecationWarning)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        old.load_cert_chain(cert, key)
        old.set_ciphers('ALL:@SECLEVEL=0')
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with Server(ok(), tls=old) as s:
            r = call(s, *READ, env=environment(AWS_CA_BUNDLE=cert, AWS_MAX_ATTEMPTS='1'))[0]
            expect(s, r, 0, False, 'ConnectionError')


# --- signatures ----------------------------------------------------------------------------

def botocore_authorization(url, request, service, secret, token):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    sent = request.header('Authorization')
    signed = re.search(r'SignedHeaders=([^,]*)', sent).group(1).split(';')
    access_key = re.search(r'Credential=([^/]*)/', sent).group(1)
    headers = {k: v for k, v in request.headers if k.lower() in signed}
    for name in ('host', 'content-type', 'x-amz-date'):
        check(name in signed, f'{name} is not signed')
    equal('x-amz-security-token' in signed, token is not None, 'token signed')
    a = AWSRequest('POST', url + '/', headers=headers, data=request.body)
    a.context['timestamp'] = request.header('X-Amz-Date')
    signer = SigV4Auth(Credentials(access_key, secret, token), service, 'eu-west-1')
    signature = signer.signature(signer.string_to_sign(a, signer.canonical_request(a)), a)
    return (f'AWS4-HMAC-SHA256 Credential={signer.scope(a)}, SignedHeaders={";".join(signed)}, '
            f'Signature={signature}')


def test_signatures_equal_botocores():
    calls = {'ec2': ('describe_instances', '{"Filters":[{"Name":"tag:ü+ %","Values":["a b","~*"]}]}'),
             'sqs': ('get_queue_url', '{"QueueName":"q"}'),
             'sts': ('get_caller_identity', '{}')}
    for service, (operation, params) in calls.items():
        for token in (None, 'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4=='):
            with Server(error(400, 'Any')) as s:
                call(s, service, operation, params, env=environment(AWS_SESSION_TOKEN=token))
                r = s.requests[0]
                equal(r.header('X-Amz-Security-Token'), token)
                equal(r.header('Authorization'),
                      botocore_authorization(s.url, r, service, SECRET, token), service)
                if service == 'sqs':
                    equal((r.header('X-Amz-Target'), r.header('x-amzn-query-mode'),
                           r.header('Content-Type')),
                          ('AmazonSQS.GetQueueUrl', 'true', 'application/x-amz-json-1.0'))


# --- roles ---------------------------------------------------------------------------------

def role_answer(expires_in=3600, key='ASIAROLE'):
    until = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + expires_in))
    return reply(200, '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                 f'<AssumeRoleResult><Credentials><AccessKeyId>{key}</AccessKeyId>'
                 '<SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token=='
                 f'</SessionToken><Expiration>{until}</Expiration></Credentials></AssumeRoleResult>'
                 '<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>')


def by_action(**acts):
    def act(s, r):
        return acts[r.form()['Action']](s, r)
    return act


def with_files(config, credentials=''):
    d = tempfile.mkdtemp()
    for name, text in (('config', config), ('credentials', credentials)):
        with open(f'{d}/{name}', 'w') as f:
            f.write(text)
    return environment(AWS_CONFIG_FILE=f'{d}/config', AWS_SHARED_CREDENTIALS_FILE=f'{d}/credentials',
                       AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)


ROLE_FILES = ('[profile prod]\nrole_arn = arn:aws:iam::1:role/ir\nsource_profile = base\n'
              'external_id = ext\nrole_session_name = responder\nduration_seconds = 1800\n'
              '[profile top]\nrole_arn = arn:aws:iam::2:role/top\nsource_profile = prod\n',
              '[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = base-secret\n')


def test_a_role_is_assumed_once_and_used():
    with Server(by_action(AssumeRole=role_answer(), DescribeVpcs=ok())) as s:
        replies = call(s, '--verbose', '--profile', 'prod', '--parallel', '5', '--repeat', '2',
                       *READ, env=with_files(*ROLE_FILES))
        check(all(r['ok'] for r in replies), replies)
        roles = [r for r in s.requests if r.form()['Action'] == 'AssumeRole']
        equal((len(roles), len(s.requests)), (1, 11))
        equal({k: v for k, v in roles[0].form().items() if k not in ('Action', 'Version')},
              {'RoleArn': 'arn:aws:iam::1:role/ir', 'RoleSessionName': 'responder',
               'ExternalId': 'ext', 'DurationSeconds': '1800'})
        equal(roles[0].header('Authorization'),
              botocore_authorization(s.url, roles[0], 'sts', 'base-secret', None))
        equal(s.requests[-1].header('Authorization'),
              botocore_authorization(s.url, s.requests[-1], 'ec2', 'role-secret', 'role-token=='))
        equal(replies[-1]['source'], 'role arn:aws:iam::1:role/ir (profile prod)')
        for secret in ('base-secret', 'role-secret', 'role-token'):
            check(secret not in run.text, f'{secret} was printed')


def test_roles_chain():
    with Server(role_answer(key='ASIA1'), role_answer(key='ASIA2'), ok()) as s:
        equal(call(s, '--profile', 'top', *READ, env=with_files(*ROLE_FILES))[0]['ok'], True)
        keys = [re.search(r'Credential=([^/]*)/', r.header('Authorization')).group(1)
                for r in s.requests]
        equal(keys, ['AKIDBASE', 'ASIA1', 'ASIA2'])
        equal([r.form().get('RoleArn') for r in s.requests],
              ['arn:aws:iam::1:role/ir', 'arn:aws:iam::2:role/top', None])


def test_spent_role_keys_are_replaced():
    # Keys of a two-second life are spent after it has gone by two thirds.
    with Server(by_action(AssumeRole=role_answer(2), DescribeVpcs=slow_ok)) as s:
        replies = call(s, '--profile', 'prod', '--repeat', '8', *READ, env=with_files(*ROLE_FILES))
        check(all(r['ok'] for r in replies[:4]), replies)
        roles = [r for r in s.requests if r.form()['Action'] == 'AssumeRole']
        check(len(roles) >= 2, f'{len(roles)} AssumeRole')


def test_a_role_that_is_denied_is_explained():
    denied = reply(403, '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>'
                   'not allowed</Message></Error><RequestId>r</RequestId></ErrorResponse>')
    with Server(denied) as s:
        r = call(s, '--profile', 'prod', *READ, env=with_files(*ROLE_FILES))[0]
        expect(s, r, 1, False, 'NoCredentials', sent=False)
        for word in ('arn:aws:iam::1:role/ir', 'profile prod', 'AccessDenied', 'not allowed'):
            check(word in r['err']['message'], r)
    with Server(role_answer(-60)) as s:
        r = call(s, '--profile', 'prod', *READ, env=with_files(*ROLE_FILES))[0]
        expect(s, r, 1, False, 'NoCredentials')
        check('clock' in r['err']['message'], r)


def test_no_credentials_means_no_request():
    with Server(ok()) as s:
        r = call(s, *READ, env=environment(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None))[0]
        expect(s, r, 0, False, 'NoCredentials', sent=False)


def main():
    if not os.path.exists(CLI):
        print(f'{CLI} is not built: make tests')
        return 1
    try:
        import botocore  # noqa: F401
        have_botocore = True
    except ImportError:
        have_botocore = False
    needs_botocore = {'test_signatures_equal_botocores', 'test_a_role_is_assumed_once_and_used'}
    passed = failed = skipped = 0
    only = sys.argv[2:]
    for name, test in sorted(globals().items()):
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
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
