#!/usr/bin/env python3
"""The whole credential chain against servers on 127.0.0.1, and botocore's own choice beside it.
usage: aws_chain.py BUILD_DIR [TEST ...] (build/debug)

Prints 'N passed, N failed, N skipped'."""
import hashlib
import json
import os
import pty
import select
import stat
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib'))
from aws_peer import *  # noqa: E402,F403
from chain_peer import Peer, iso  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
CORDON = os.path.join(os.path.dirname(os.path.dirname(CLI)), 'cordon')


def home(config='', credentials='', sso=None):
    """A HOME with these files; `sso` is {session or start URL: cache document}."""
    d = tempfile.mkdtemp(dir=FOLDER.name)
    os.makedirs(f'{d}/.aws/sso/cache')
    for name, text in (('config', config), ('credentials', credentials)):
        with open(f'{d}/.aws/{name}', 'w') as f:
            f.write(text)
    for key, document in (sso or {}).items():
        with open(f'{d}/.aws/sso/cache/{hashlib.sha1(key.encode()).hexdigest()}.json', 'w') as f:
            json.dump(document, f)
    return d


def script(text, interpreter='/bin/sh'):
    fd, path = tempfile.mkstemp(dir=FOLDER.name)
    os.write(fd, f'#!{interpreter}\n{text}\n'.encode())
    os.close(fd)
    os.chmod(path, stat.S_IRWXU)
    return path


def env_of(peer, where=None, **more):
    return environment(**{'AWS_ACCESS_KEY_ID': None, 'AWS_SECRET_ACCESS_KEY': None,
                          'AWS_REGION': None, 'AWS_DEFAULT_REGION': 'eu-west-1',
                          'AWS_EC2_METADATA_SERVICE_ENDPOINT': peer.url,
                          'AWS_EC2_METADATA_DISABLED': None,
                          'AWS_ENDPOINT_URL': peer.url, 'HOME': where or home(), **more})


def ask(env, *flags):
    return run(*flags, *READ, env=env)


def keys(peer, env, *flags):
    """The key that signed a call to EC2."""
    r = ask(env, *flags)[-1]
    check(r['ok'], str(r))
    return peer.ec2[-1][0]


def fails(env, *words, flags=()):
    r = ask(env, *flags)[-1]
    check(not r['ok'], 'keys came out')
    equal(r['err']['code'], 'NoCredentials' if 'Usage' not in words else 'Usage', r['err'])
    for word in words:
        check(word == 'Usage' or word in r['err']['message'], r['err']['message'])
    return r['err']['message']


# --- the same choice as botocore's -----------------------------------------------------------

SSO_KEYS = 'sso_account_id = 111122223333\nsso_role_name = Reader\n'
SESSION = '[sso-session dev]\nsso_region = eu-west-1\nsso_start_url = https://d.example/start\n'
TOKEN = {'accessToken': 'bearer', 'expiresAt': iso(3600), 'startUrl': 'https://d.example/start'}
STATIC = 'aws_access_key_id = AKIA%s\naws_secret_access_key = s\n'


def scenarios(peer):
    """name: (env, profile flag)"""
    def of(config='', credentials='', flag=None, sso=None, **more):
        return env_of(peer, home(config, credentials, sso), **more), flag
    process = script('echo \'{"Version": 1, "AccessKeyId": "ASIA-process", "SecretAccessKey": "s", '
                     '"SessionToken": "t", "Expiration": "%s"}\'' % iso(3600))
    token = os.path.join(FOLDER.name, 'token')
    with open(token, 'w') as f:
        f.write('a.web.token')
    container = {'AWS_CONTAINER_CREDENTIALS_FULL_URI': peer.url + '/container'}
    keys_env = {'AWS_ACCESS_KEY_ID': 'AKIAENV', 'AWS_SECRET_ACCESS_KEY': 's'}
    web = {'AWS_WEB_IDENTITY_TOKEN_FILE': token, 'AWS_ROLE_ARN': 'arn:aws:iam::1:role/env-web'}
    many = ('[profile a]\nrole_arn = arn:aws:iam::1:role/A\nsource_profile = b\nexternal_id = xyz\n'
            '[profile b]\nrole_arn = arn:aws:iam::1:role/B\nsource_profile = c\n')
    return {
        'nothing but the instance': of(),
        'the environment': of(**keys_env),
        'the environment before AWS_PROFILE': of('[profile p]\n' + STATIC % 'P', AWS_PROFILE='p', **keys_env),
        'a flag before the environment': of('[profile p]\n' + STATIC % 'P', flag='p', **keys_env),
        'the older profile variable': of('[profile p]\n' + STATIC % 'P', AWS_DEFAULT_PROFILE='p'),
        'both profile variables': of(f'[profile p]\n{STATIC % "P"}[profile q]\n{STATIC % "Q"}',
                                     AWS_PROFILE='p', AWS_DEFAULT_PROFILE='q'),
        'the credentials file before the config file': of('[default]\n' + STATIC % 'C', '[default]\n' + STATIC % 'S'),
        'a process': of(f'[default]\ncredential_process = {process}\n'),
        'a process before keys of the config file': of(f'[default]\ncredential_process = {process}\n' + STATIC % 'C'),
        'keys of the credentials file before a process': of(f'[default]\ncredential_process = {process}\n', '[default]\n' + STATIC % 'S'),
        'a container': of(**container),
        'a profile before a container': of('[default]\n' + STATIC % 'C', **container),
        'a container behind an empty profile': of('[profile p]\nregion = us-east-2\n', flag='p', **container),
        'a chain of roles': of(many, '[c]\n' + STATIC % 'C', flag='a'),
        'a role beside its keys': of('[profile a]\nrole_arn = arn:aws:iam::1:role/A\nsource_profile = a\n' + STATIC % 'A', flag='a'),
        'a role of the instance': of('[default]\nrole_arn = arn:aws:iam::1:role/A\ncredential_source = Ec2InstanceMetadata\n'),
        'a role of the container': of('[default]\nrole_arn = arn:aws:iam::1:role/A\ncredential_source = EcsContainer\n', **container),
        'a role of the environment': of('[profile a]\nrole_arn = arn:aws:iam::1:role/A\ncredential_source = Environment\n', flag='a', **keys_env),
        'a role of a process': of(f'[profile a]\nrole_arn = arn:aws:iam::1:role/A\nsource_profile = b\n[profile b]\ncredential_process = {process}\n', flag='a'),
        'a role of SSO': of('[profile a]\nrole_arn = arn:aws:iam::1:role/A\nsource_profile = b\n'
                            f'[profile b]\nsso_session = dev\n{SSO_KEYS}{SESSION}', flag='a', sso={'dev': TOKEN}),
        'web identity of the environment': of(**web),
        'web identity of the environment, with AWS_PROFILE': of('[profile p]\n' + STATIC % 'P', AWS_PROFILE='p', **web),
        'a flag before web identity of the environment': of('[profile p]\n' + STATIC % 'P', flag='p', **web),
        'web identity of a profile': of(f'[default]\nrole_arn = arn:aws:iam::1:role/W\nweb_identity_token_file = {token}\n'),
        'web identity before the profile\'s keys': of(f'[default]\nrole_arn = arn:aws:iam::1:role/W\nweb_identity_token_file = {token}\n' + STATIC % 'C'),
        'a role of web identity': of('[profile a]\nrole_arn = arn:aws:iam::1:role/A\nsource_profile = b\n'
                                     f'[profile b]\nrole_arn = arn:aws:iam::1:role/B\nweb_identity_token_file = {token}\n', flag='a'),
        'an SSO session': of(f'[default]\nsso_session = dev\n{SSO_KEYS}{SESSION}', sso={'dev': TOKEN}),
        'SSO without a session': of('[default]\nsso_region = eu-west-1\nsso_start_url = https://d.example/start\n' + SSO_KEYS,
                                    sso={'https://d.example/start': TOKEN}),
        'SSO before keys': of(f'[default]\nsso_session = dev\n{SSO_KEYS}{STATIC % "C"}{SESSION}', sso={'dev': TOKEN}),
        'an SSO session alone gives no keys': of(f'[default]\nsso_session = dev\n{SESSION}', sso={'dev': TOKEN}),
        'a Region of the profile': of('[default]\nregion = sa-east-1\n' + STATIC % 'C', AWS_DEFAULT_REGION=None),
    }


BOTOCORE = '''
import sys, botocore.session
s = botocore.session.Session(profile=sys.argv[1] or None)
f = s.get_credentials().get_frozen_credentials()
print(f.access_key, s.get_config_variable("region"))
'''


def test_the_choice_is_botocores():
    differences = []
    with Peer() as peer:
        peer.overrides['/container'] = peer.keys('ASIA-container')
        for name, (env, flag) in scenarios(peer).items():
            p = subprocess.run([sys.executable, '-c', BOTOCORE, flag or ''], env=env,
                               capture_output=True, text=True, timeout=60)
            check(p.returncode == 0, f'{name}: botocore: {p.stderr[-300:]}')
            wanted = p.stdout.split()
            try:
                got = [keys(peer, env, *(['--profile', flag] if flag else [])), region_of(peer)]
            except AssertionError as problem:
                got = [str(problem)]
            if got != wanted:
                differences.append(f'{name}: got {got}, botocore takes {wanted}')
    check(not differences, '\n  '.join([''] + differences))


def region_of(peer):
    return peer.seen[-1][2].header('Authorization').split('/')[2]


# --- each source ---------------------------------------------------------------------------------

def test_instance_metadata_is_asked_by_version_2_only_and_past_proxies():
    with Peer() as peer, Server(reply(500, '')) as proxy:
        env = env_of(peer, http_proxy=proxy.url, HTTP_PROXY=proxy.url, all_proxy=proxy.url)
        equal(keys(peer, env), 'ASIA-instance')
        equal([r.line.split()[0] for _, _, r, _ in peer.seen[:3]], ['PUT', 'GET', 'GET'])
        equal(len(proxy.requests), 0, 'requests to the proxy')
    with Peer() as peer:  # version 1 would answer; it is not asked
        peer.overrides['/latest/api/token'] = reply(403, '', kind='text/plain')
        fails(env_of(peer), 'HTTP 403', 'no credentials')
        equal(len(peer.seen), 1)
    with Peer() as peer:
        fails(env_of(peer, AWS_EC2_METADATA_DISABLED='TRUE'), 'no credentials')
        equal(len(peer.seen), 0)


def test_instance_metadata_is_tried_once_and_not_for_long():
    with Peer() as peer:
        peer.overrides['/latest/api/token'] = silence
        start = time.time()
        fails(env_of(peer), 'no credentials')
        check(time.time() - start < 2.5, 'it was waited for')
        equal(len(peer.seen), 1)
    with Peer() as peer:
        peer.overrides['/latest/api/token'] = reply(500, '')
        fails(env_of(peer, AWS_METADATA_SERVICE_NUM_ATTEMPTS='3'))
        equal(len(peer.seen), 3)


def test_strange_metadata_is_refused():
    strange = {'/latest/api/token': reply(200, 'a\r\nX-Evil: 1'),
               '/latest/meta-data/iam/security-credentials/': reply(200, '../../user-data'),
               '/latest/meta-data/iam/security-credentials/instance-role': reply(200, '{"Code": "Failed"}')}
    for path, act in strange.items():
        with Peer() as peer:
            peer.overrides[path] = act
            fails(env_of(peer), 'instance metadata')
            check(not any('user-data' in x[0] for x in peer.seen), 'a path was made of the answer')


def test_region_of_the_instance():
    with Peer() as peer:
        env = env_of(peer, AWS_DEFAULT_REGION=None)
        equal(keys(peer, env), 'ASIA-instance')
        equal(region_of(peer), 'ap-south-1')
        r = run('--parallel', '5', *READ, env=env)
        equal([x['ok'] for x in r], [True] * 5)
        equal(len(peer.made('/latest/meta-data/placement/region')), 2)  # one a process
    with Peer() as peer:
        peer.overrides['/latest/meta-data/placement/region'] = reply(200, 'evil.example/')
        r = ask(env_of(peer, AWS_DEFAULT_REGION=None))[0]
        check('no Region' in r['err']['message'], r['err']['message'])
        equal(peer.ec2, [])


def test_a_container_is_shown_the_token_of_now():
    path = os.path.join(FOLDER.name, 'agent-token')
    with Peer() as peer:
        env = env_of(peer, AWS_CONTAINER_CREDENTIALS_FULL_URI=peer.url + '/container?a=b',
                     AWS_CONTAINER_AUTHORIZATION_TOKEN='variable',
                     AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=path)
        for token in ('first', 'second'):
            with open(path, 'w') as f:
                f.write(token)
            keys(peer, env)
            equal(peer.made('/container')[-1][2].header('Authorization'), token)
        with open(path, 'w') as f:
            f.write('x\r\nX-Evil: 1')
        fails(env, 'line end')
        del env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
        keys(peer, env)
        equal(peer.made('/container')[-1][2].header('Authorization'), 'variable')


def test_a_container_is_not_asked_over_plain_http_elsewhere():
    with Peer() as peer:
        for url in ('http://192.0.2.1/x', 'http://169.254.170.2.example/x', 'http://example.com/x',
                    'http://127.0.0.1@example.com/x', 'http://localhost.example/x', 'ftp://127.0.0.1/',
                    'http://[fd00:ec2::24]/x'):
            fails(env_of(peer, AWS_CONTAINER_CREDENTIALS_FULL_URI=url), 'Usage')
        fails(env_of(peer, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI='@example.com/x'), 'Usage', "'/'")


def test_a_container_is_asked_again():
    with Peer() as peer:
        answers = [reply(500, ''), reply(503, ''), peer.keys('ASIA-late')]
        peer.overrides['/container'] = lambda s, r: answers.pop(0)(s, r)
        env = env_of(peer, AWS_CONTAINER_CREDENTIALS_FULL_URI=peer.url + '/container')
        equal(keys(peer, env), 'ASIA-late')
        peer.overrides['/container'] = reply(404, '')
        fails(env, 'HTTP 404')


def test_an_sso_sign_in_that_does_not_serve_says_what_to_type():
    config = f'[profile p]\nsso_session = dev\n{SSO_KEYS}{SESSION}'
    advice = 'type: aws sso login --profile p'
    with Peer() as peer:
        def with_cache(sso):
            return env_of(peer, home(config, sso=sso))
        fails(with_cache({}), advice, flags=('--profile', 'p'))
        fails(with_cache({'dev': dict(TOKEN, expiresAt=iso(-1))}), 'expired', advice, flags=('--profile', 'p'))
        fails(with_cache({'dev': {'accessToken': 7}}), advice, flags=('--profile', 'p'))
        fails(with_cache({'dev': dict(TOKEN, accessToken='x\r\nY: z')}), advice, flags=('--profile', 'p'))
        equal(peer.seen, [])
        fails(with_cache({'dev': dict(TOKEN, accessToken='revoked')}), advice, flags=('--profile', 'p'))
        fails(env_of(peer, home(config.replace(SESSION, ''))), 'Usage', '[sso-session dev]', flags=('--profile', 'p'))
        fails(env_of(peer, home(config.replace(SSO_KEYS, SSO_KEYS + 'sso_region = us-east-1\n'))), 'Usage',
              'different values of sso_region', flags=('--profile', 'p'))
        peer.overrides['/federation/credentials'] = reply(403, '{}')
        fails(with_cache({'dev': TOKEN}), 'HTTP 403', 'Reader', flags=('--profile', 'p'))


def test_the_sso_token_goes_to_the_portal_alone():
    config = f'[default]\nsso_session = dev\n{SSO_KEYS}{SESSION}'
    with Peer() as peer, Server(ok()) as elsewhere:
        env = env_of(peer, home(config, sso={'dev': TOKEN}))
        r = run('--endpoint-url', elsewhere.url, *READ, env=env)[0]
        check(r['ok'], str(r))
        check(all(q.header('x-amz-sso_bearer_token') is None for q in elsewhere.requests), 'it went elsewhere')
        equal(len(peer.made('/federation/credentials')), 1)


def test_a_login_session_serves_until_it_ends():
    session = 'arn:aws:iam::111122223333:user/me'
    name = hashlib.sha256(session.encode()).hexdigest()

    def with_end(seconds):
        d = home(f'[default]\nlogin_session = {session}\n')
        os.makedirs(f'{d}/.aws/login/cache')
        with open(f'{d}/.aws/login/cache/{name}.json', 'w') as f:
            json.dump({'accessToken': {'accessKeyId': 'ASIA-login', 'secretAccessKey': 's', 'sessionToken': 't',
                                       'accountId': '111122223333', 'expiresAt': iso(seconds)}}, f)
        return d
    with Peer() as peer:
        equal(keys(peer, env_of(peer, with_end(900))), 'ASIA-login')
        fails(env_of(peer, with_end(-1)), 'type: aws login --profile default')
        fails(env_of(peer, home(f'[default]\nlogin_session = {session}\n')), 'type: aws login')


def test_web_identity_is_not_signed_and_reads_the_token_anew():
    path = os.path.join(FOLDER.name, 'jwt')
    with Peer() as peer:
        env = env_of(peer, AWS_WEB_IDENTITY_TOKEN_FILE=path, AWS_ROLE_ARN='arn:aws:iam::1:role/w',
                     AWS_ROLE_SESSION_NAME='me')
        fails(env, 'web identity token')
        for token in ('one+/=', 'two'):
            with open(path, 'w') as f:
                f.write(token)
            equal(keys(peer, env), 'ASIA-w-by-unsigned')
            _, _, r, form = peer.made('AssumeRoleWithWebIdentity')[-1]
            equal((form['WebIdentityToken'], form['RoleSessionName'], r.header('Authorization')), (token, 'me', None))
        del env['AWS_ROLE_ARN']
        fails(env, 'Usage', 'role_arn', 'AWS_ROLE_ARN')


# --- processes -----------------------------------------------------------------------------------

def test_a_process_keeps_the_environment_and_gets_no_descriptor():
    python = sys.executable
    path = script('import json, os\n'
                  'fds = sorted(int(x) for x in os.listdir("/proc/self/fd"))\n'
                  'print(json.dumps({"Version": 1, "AccessKeyId": "ASIA-%s-%d" % (os.environ["MARK"], '
                  'len([f for f in fds if f > 3])), "SecretAccessKey": "s"}))', python)
    with Peer() as peer:
        env = env_of(peer, home(f'[default]\ncredential_process = "{path}" \'x y\'\n'), MARK='kept')
        equal(keys(peer, env), 'ASIA-kept-0')


def test_a_process_that_fails_says_so_and_shows_no_output():
    cases = {'echo s3cret; echo "sorry\x1b[31m" >&2; exit 3': ('exited with 3', 'sorry\\x1b[31m'),
             'echo s3cret': ('no JSON',),
             'kill -9 $$': ('signal 9',),
             'echo \'{"Version": 2, "AccessKeyId": "A", "SecretAccessKey": "s3cret"}\'': ('"Version": 1',),
             'echo \'{"Version": 1, "SecretAccessKey": "s3cret"}\'': ('AccessKeyId',),
             'echo \'{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s3cret", "Expiration": "2001-01-01T00:00:00Z"}\'': ('expired already',),
             'head -c 200000 /dev/zero': ('more than 65536 bytes',)}
    with Peer() as peer:
        for text, words in cases.items():
            env = env_of(peer, home(f'[default]\ncredential_process = {script(text)}\n'))
            message = fails(env, 'default', *words)
            check('s3cret' not in run.text, message)
        fails(env_of(peer, home('[default]\ncredential_process = /nonexistent/x\n')), 'cannot run')
        fails(env_of(peer, home('[default]\ncredential_process = "x\n')), 'quote')
        fails(env_of(peer, home('[default]\ncredential_process = true | cat\n')), 'no JSON')  # no shell


def test_a_process_with_children_that_stay_is_not_waited_for():
    path = script('sleep 20 &\necho \'{"Version": 1, "AccessKeyId": "ASIA-p", "SecretAccessKey": "s"}\'')
    with Peer() as peer:
        start = time.time()
        equal(keys(peer, env_of(peer, home(f'[default]\ncredential_process = {path}\n'))), 'ASIA-p')
        check(time.time() - start < 10, 'it was waited for')


# --- keys that end -----------------------------------------------------------------------------------

def test_keys_are_fetched_anew_while_nobody_calls():
    with Peer(life=6) as peer:
        env = env_of(peer, AWS_CONTAINER_CREDENTIALS_FULL_URI=peer.url + '/container')
        r = run('--repeat', '2', '--pause', '4500', *READ, env=env)
        equal([x['ok'] for x in r], [True, True])
        fetched = [at for _, at, _, _ in peer.made('/container')]
        check(len(fetched) >= 2 and fetched[1] < peer.ec2[1][2] - 0.3, f'{fetched} {peer.ec2}')
        equal([k for k, _, _ in peer.ec2], ['ASIA-container', 'ASIA-container2'])


def test_a_refresh_that_fails_leaves_the_keys_that_serve():
    with Peer(life=8) as peer:
        first = peer.keys('ASIA-first')
        peer.overrides['/container'] = lambda s, r: (
            first if peer.counts['/container'] == 1 else reply(404, ''))(s, r)
        env = env_of(peer, AWS_CONTAINER_CREDENTIALS_FULL_URI=peer.url + '/container')
        r = run('--repeat', '2', '--pause', '4600', *READ, env=env)
        equal([x['ok'] for x in r], [True, True])
        check(len(peer.made('/container')) >= 2, 'no refresh was tried')


def test_expired_token_fetches_keys_once():
    for code in ('ExpiredToken', 'ExpiredTokenException', 'RequestExpired'):
        with Peer() as peer:
            answers = [error(400, code), ok()]
            peer.overrides['DescribeVpcs'] = lambda s, r: answers.pop(0)(s, r)
            env = env_of(peer, AWS_CONTAINER_CREDENTIALS_FULL_URI=peer.url + '/container')
            r = ask(env)[0]
            equal((r['ok'], r['attempts']), (True, 2), code)
            signed = [peer.key_of(r) for _, _, r, _ in peer.made('DescribeVpcs')]
            equal(signed, ['ASIA-container', 'ASIA-container2'])
        with Peer() as peer:
            peer.overrides['DescribeVpcs'] = error(400, code)
            env = env_of(peer, AWS_CONTAINER_CREDENTIALS_FULL_URI=peer.url + '/container')
            r = ask(env)[0]
            equal((r['ok'], r['err']['code'], len(peer.made('DescribeVpcs'))), (False, code, 2))


def test_a_mutation_is_sent_again_after_expired_token_and_only_with_its_permit():
    with Peer() as peer:
        answers = [error(400, 'ExpiredToken'), GROUP_OK]
        peer.overrides['CreateSecurityGroup'] = lambda s, r: answers.pop(0)(s, r)
        env = env_of(peer, AWS_CONTAINER_CREDENTIALS_FULL_URI=peer.url + '/container')
        r = run('--permit', '2', *CREATE_GROUP, env=env)[0]
        equal((r['ok'], r['unknown']), (True, False))
        answers = [error(400, 'ExpiredToken'), GROUP_OK]
        r = run('--permit', '1', *CREATE_GROUP, env=env)[0]
        equal((r['ok'], r['err']['code'], r['unknown']), (False, 'Refused', False))


# --- a code of the operator ------------------------------------------------------------------------------

MFA = ('[profile m]\nrole_arn = arn:aws:iam::1:role/M\nsource_profile = base\n'
       'mfa_serial = arn:aws:iam::1:mfa/me\n[profile base]\n' + STATIC % 'BASE')


def type_code(env, code):
    """Runs cordon on a terminal of its own and types the code."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(CORDON, [CORDON, '--profile', 'm', 'call', 'ec2', 'describe_vpcs', '{}'], env)
    text, typed, end = '', False, time.time() + 30
    while time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                piece = os.read(fd, 4096).decode(errors='replace')
            except OSError:
                break
            if not piece:
                break
            text += piece
        if 'MFA code of arn:aws:iam::1:mfa/me' in text and not typed:
            time.sleep(0.3)
            os.write(fd, (code + '\n').encode())
            typed = True
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text


def test_a_code_is_asked_for_on_the_terminal():
    with Peer() as peer:
        env = env_of(peer, home(MFA))
        status, text = type_code(env, '123456')
        equal(status, 0, text)
        form = peer.made('AssumeRole')[-1][3]
        equal((form['SerialNumber'], form['TokenCode']), ('arn:aws:iam::1:mfa/me', '123456'))
        equal(peer.ec2[-1][0], 'ASIA-M-by-AKIABASE')
        status, text = type_code(env, '12a456')
        equal((status, len(peer.made('AssumeRole'))), (4, 1), text)
        check('six digits' in text, text)


def test_without_a_terminal_a_code_is_a_clear_error():
    with Peer() as peer:
        fails(env_of(peer, home(MFA)), 'no terminal', 'export-credentials', flags=('--profile', 'm'))
        equal(peer.seen, [])


if __name__ == '__main__':
    run_tests(globals(), needs_botocore=('test_the_choice_is_botocores',))
