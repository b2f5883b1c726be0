"""Everything that gives keys, on one port of 127.0.0.1: instance metadata, a container's
agent, the SSO portal, STS; and EC2, which answers whoever signs. The keys' names tell where
they came from: ASIA-role-by-KEY."""
import json
import time
import urllib.parse

from aws_peer import Server, ok, reply


def iso(seconds):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + seconds))


class Peer:
    def __init__(self, life=3600):
        self.life, self.seen, self.ec2 = life, [], []
        self.overrides = {}  # path or action: an act of aws_peer
        self.counts = {}
        self.server = Server(self.act)
        self.url = self.server.url

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()

    def made(self, name):
        return [x for x in self.seen if x[0] == name]

    def key_of(self, r):
        found = (r.header('Authorization') or '').partition('Credential=')[2]
        return found.split('/')[0] or 'unsigned'

    def act(self, s, r):
        method, target, _ = r.line.split(' ')
        path, _, query = target.partition('?')
        form = r.form() if method == 'POST' else {}
        name = form.get('Action') or path
        self.seen.append((name, time.time(), r, form))
        self.counts[name] = n = self.counts.get(name, 0) + 1
        act = self.overrides.get(name)
        if act is not None:
            return act(s, r)
        if name in ('AssumeRole', 'AssumeRoleWithWebIdentity'):
            return self.role(name, form, self.key_of(r))(s, r)
        if method == 'POST':
            self.ec2.append((self.key_of(r), r.header('X-Amz-Security-Token'), time.time()))
            return ok()(s, r)
        return self.document(path, urllib.parse.parse_qs(query), r, n)(s, r)

    def role(self, action, form, caller):
        key = 'ASIA-%s-by-%s' % (form['RoleArn'].rpartition('/')[2], caller)
        return reply(200, f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                     f'<{action}Result><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId>'
                     '<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser>'
                     f'<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s'
                     f'</SecretAccessKey><SessionToken>t</SessionToken><Expiration>'
                     f'{iso(self.life)}</Expiration></Credentials></{action}Result>'
                     f'<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>')

    def keys(self, name, **more):
        document = {'AccessKeyId': name, 'SecretAccessKey': 's', 'Token': 't',
                    'Expiration': iso(self.life), **more}
        return reply(200, json.dumps(document), kind='application/json')

    def document(self, path, query, r, n):
        if path == '/latest/api/token':
            right = r.line.startswith('PUT') and r.header('x-aws-ec2-metadata-token-ttl-seconds')
            return reply(200 if right == '21600' else 400, 'metadata-token', kind='text/plain')
        if path.startswith('/latest/'):
            if r.header('x-aws-ec2-metadata-token') != 'metadata-token':
                return reply(401, '', kind='text/plain')
            if path.endswith('/placement/region'):
                return reply(200, 'ap-south-1', kind='text/plain')
            if path.endswith('/security-credentials/'):
                return reply(200, 'instance-role', kind='text/plain')
            if path.endswith('/security-credentials/instance-role'):
                return self.keys('ASIA-instance', Code='Success', Type='AWS-HMAC')
        if path == '/container':
            return self.keys(f'ASIA-container{n if n > 1 else ""}')
        if path == '/federation/credentials':
            if r.header('x-amz-sso_bearer_token') != 'bearer':
                return reply(401, '{"message": "no"}', kind='application/json')
            document = {'roleCredentials': {
                'accessKeyId': 'ASIA-sso-%s-%s' % (query['role_name'][0], query['account_id'][0]),
                'secretAccessKey': 's', 'sessionToken': 't',
                'expiration': int((time.time() + self.life) * 1000)}}
            return reply(200, json.dumps(document), kind='application/json')
        return reply(404, 'not here', kind='text/plain')
