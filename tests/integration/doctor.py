#!/usr/bin/env python3
"""`cordon doctor` against moto, behind a peer that denies what it is told to.
usage: doctor.py [BUILD_DIR] (build/debug)

Prints 'N passed, N failed, N skipped'."""
import http.client
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import parse_qs

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
TOP = os.path.dirname(os.path.dirname(HERE))
CORDON = os.path.join(TOP, sys.argv[1] if len(sys.argv) > 1 else 'build/debug', 'cordon')
passed = failed = 0


def check(what, good, said=''):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print('not ok:', what, said)


class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    port, denied, offset = 0, set(), 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        action = parse_qs(body.decode()).get('Action', [''])[0]
        if action in self.denied:
            code = ('UnauthorizedOperation' if action != 'GetCallerIdentity' else 'AccessDenied')
            return self.answer(403, (f'<Response><Errors><Error><Code>{code}</Code><Message>You are not '
                                     'authorized to perform this operation.</Message></Error></Errors>'
                                     '<RequestID>r</RequestID></Response>').encode())
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        c.request('POST', self.path, body, dict(self.headers))
        r = c.getresponse()
        self.answer(r.status, r.read())

    def answer(self, status, body):
        self.send_response_only(status)
        self.send_header('Date', time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(time.time() + self.offset)))
        self.send_header('Content-Type', 'text/xml')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def run(*words, **more):
    env = {'PATH': os.environ['PATH'], 'HOME': FOLDER, 'XDG_STATE_HOME': f'{FOLDER}/state', 'AWS_REGION': 'eu-west-1',
           'AWS_EC2_METADATA_DISABLED': 'true', 'AWS_ACCESS_KEY_ID': 'AKIDEXAMPLE', 'AWS_SECRET_ACCESS_KEY': 's3cret',
           'AWS_ENDPOINT_URL': URL, **more}
    p = subprocess.run([CORDON, *words], env={k: v for k, v in env.items() if v is not None}, capture_output=True,
                       text=True, timeout=120, cwd=TOP, start_new_session=True, stdin=subprocess.DEVNULL)
    check('no secret is shown', 's3cret' not in p.stdout + p.stderr)
    return p.returncode, p.stdout, p.stderr


def report(*words, **more):
    code, out, err = run('doctor', '--json', *words, **more)
    lines = [json.loads(x) for x in out.splitlines()]
    found = [x for x in lines if x['event'] == 'doctor']
    check('one event', len(found) == 1 and found[0]['format_version'] == 1, out + err)
    return code, found[0] if found else {}, err


def checks(r):
    return {c['name']: (c['ok'], c['text']) for c in r.get('checks', [])}


def all_is_well():
    code, r, err = report()
    got = checks(r)
    check('exit 0', code == 0, f'{code} {err}')
    check('identity', r['identity']['Account'] == '123456789012')
    check('every check', r['ok'] and all(ok for ok, _ in got.values()), str(got))
    check('no terminal is told', 'none' in got['terminal'][1])
    check('the Region and why', (r['settings']['region'], r['settings']['region_why']) == ('eu-west-1', 'AWS_REGION'))
    check('endpoints and why', {e['service']: e['why'] for e in r['settings']['endpoints']}
          == dict.fromkeys(('ec2', 'sqs', 'sts', 'iam'), 'AWS_ENDPOINT_URL'))
    states = [(x['source'], x['state']) for x in r['settings']['keys']['looked_at']]
    check('what was looked at', states[0] == ('environment', 'used') and len(states) == 9
          and all(s == 'not reached' for _, s in states[1:]), str(states))
    check('libraries', 'OpenSSL' in r['settings']['libcurl'] and 'OpenSSL' in r['settings']['openssl'])
    code, out, err = run('doctor')
    check('for people', code == 0 and out.startswith('ok      keys') and 'Keys were looked for' in out, out + err)


def what_a_playbook_would_be_denied():
    code, r, err = report('isolate-sg', 'instance=web-3')
    check('nothing is denied', code == 0 and not any(c['denied'] for c in r['plan']['calls']), f'{code} {err}')
    check('no run is left', not os.path.exists(f'{FOLDER}/state/cordon/runs') or not os.listdir(f'{FOLDER}/state/cordon/runs'))
    Peer.denied = {'CreateSecurityGroup'}
    code, r, err = report('isolate-sg', 'instance=web-3')
    denied = [c['call'] for c in r.get('plan', {}).get('calls', []) if c['denied']]
    check('exit 4', code == 4, f'{code} {err}')
    check('what is denied', denied and set(denied) == {'ec2:CreateSecurityGroup'}, str(r.get('plan')))
    code, out, err = run('doctor', 'isolate-sg', 'instance=web-3')
    check('for people', code == 4 and 'DENIED' in out and 'would be DENIED' in out, out + err)
    Peer.denied = set()
    check('a wrong argument', run('doctor', 'isolate-sg', 'instance=nobody')[0] == 2)
    check('no such playbook', run('doctor', 'nothing-like-it')[0] == 2)


def what_is_wrong_is_told():
    code, r, err = report(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    check('no keys', code == 4 and not checks(r)['keys'][0] and 'no credentials' in checks(r)['keys'][1], f'{code} {err}')
    check('each source says why', all(x['why'] for x in r['settings']['keys']['looked_at']))
    code, r, err = report(AWS_PROFILE='nobody')
    check('no such profile', code == 4 and 'nobody' in json.dumps(r['checks']), f'{code} {r}')
    code, r, err = report(AWS_REGION=None)
    check('no Region', code == 4 and 'no Region' in json.dumps(r['checks']), f'{code} {err}')
    code, r, err = report(AWS_ENDPOINT_URL='http://127.0.0.1:1')
    check('nobody there', code == 4 and not checks(r)['identity'][0] and 'not compared' in checks(r)['clock'][1], f'{code} {r}')
    code, r, err = report(AWS_USE_FIPS_ENDPOINT='true')
    check('FIPS with an endpoint', code == 4 and 'FIPS' in json.dumps(r['checks']), f'{code} {r}')
    Peer.denied = {'GetCallerIdentity'}
    code, r, err = report()
    check('no identity', code == 4 and 'AccessDenied' in checks(r)['identity'][1], f'{code} {r}')
    Peer.denied = {'DescribeInstances'}
    code, r, err = report()
    check('EC2 denied', code == 4 and 'UnauthorizedOperation' in checks(r)['EC2'][1], f'{code} {r}')
    Peer.denied, Peer.offset = set(), 3600
    code, r, err = report()
    check('a wrong clock', code == 4 and not checks(r)['clock'][0] and 'behind' in checks(r)['clock'][1]
          and abs(r['clock_offset_ms'] - 3600000) < 5000, f'{code} {checks(r)}')
    Peer.offset = 0
    if os.getuid() != 0:
        code, r, err = report(XDG_STATE_HOME='/proc/none')
        check('no place for runs', code == 4 and not checks(r)['state folder'][0], str(checks(r)))
    code, r, err = report(HTTPS_PROXY='http://user:s3cret@proxy.example:3128', AWS_CA_BUNDLE='/etc/x.pem')
    check('the proxy without its password', r['settings']['proxy'] == 'proxy.example:3128 (HTTPS_PROXY)', r['settings']['proxy'])
    check('the CA bundle', 'AWS_CA_BUNDLE' in r['settings']['ca_bundle'])


if __name__ == '__main__':
    try:
        import moto_world
    except ImportError:
        print('skipped: no moto\n0 passed, 0 failed, 1 skipped')
        sys.exit(0)
    moto, moto_url = moto_world.start()
    with tempfile.TemporaryDirectory() as FOLDER:
        try:
            moto_world.build(moto_url)
            Peer.port = int(moto_url.rsplit(':', 1)[1])
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Peer)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            URL = 'http://127.0.0.1:%d' % server.server_address[1]
            for test in (all_is_well, what_a_playbook_would_be_denied, what_is_wrong_is_told):
                test()
        finally:
            moto.terminate()
            moto.wait()
    print(f'{passed} passed, {failed} failed, 0 skipped')
    sys.exit(1 if failed else 0)
