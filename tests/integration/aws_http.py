#!/usr/bin/env python3
"""The AWS client against a server that misbehaves: what is repeated, what never is, how
connections are used. usage: aws_http.py BUILD_DIR [TEST ...] (build/debug)

Prints 'N passed, N failed, N skipped'."""
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import warnings
from email.utils import formatdate

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib'))
from aws_peer import *  # noqa: E402,F403


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


if __name__ == '__main__':
    run_tests(globals())
