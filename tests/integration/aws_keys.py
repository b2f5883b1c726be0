#!/usr/bin/env python3
"""Which keys sign the AWS client's requests, and that the signatures are botocore's.
usage: aws_keys.py BUILD_DIR [TEST ...] (build/debug)

Prints 'N passed, N failed, N skipped'."""
import os
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib'))
from aws_peer import *  # noqa: E402,F403


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
    d = tempfile.mkdtemp(dir=with_files.folder.name)
    for name, text in (('config', config), ('credentials', credentials)):
        with open(f'{d}/{name}', 'w') as f:
            f.write(text)
    return environment(AWS_CONFIG_FILE=f'{d}/config', AWS_SHARED_CREDENTIALS_FILE=f'{d}/credentials',
                       AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)


with_files.folder = tempfile.TemporaryDirectory()

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


if __name__ == '__main__':
    run_tests(globals(), {'test_signatures_equal_botocores', 'test_a_role_is_assumed_once_and_used'})
