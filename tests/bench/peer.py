"""A small EC2 and STS on 127.0.0.1, for measuring: one VPC, one instance with two interfaces.

Owns: the world in memory, the answers, and the log of requests with the time at which each
came and was answered. Connections are kept alive, each has its own thread, and `latency`
seconds pass before each answer. Ids of new groups follow from their names, so that requests
that were recorded are valid again after reset(). It judges no signature, and it answers as
EC2 does only where isolate-sg and its rivals look.
"""
import hashlib
import re
import socket
import threading
import time
from urllib.parse import parse_qsl

import answers
from answers import ENIS, INSTANCE

WEB, DB = "sg-0aaaaaaaaaaaaaaa1", "sg-0bbbbbbbbbbbbbbb2"
STEP1, STEP2 = "sg-0ccccccccccccccc3", "sg-0ddddddddddddddd4"
ALL = {"protocol": "-1", "cidr": "0.0.0.0/0"}


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class World:
    """What changes: groups, who carries them, tags."""

    def __init__(self):
        self.groups = {}
        for group, name, ingress, egress in (
                (WEB, "sg-web", [{"protocol": "tcp", "port": 443, "cidr": "0.0.0.0/0"},
                                 {"protocol": "tcp", "port": 22, "cidr": "203.0.113.0/24"}], [ALL]),
                (DB, "sg-db", [{"protocol": "tcp", "port": 5432, "cidr": "10.0.0.0/16"}], [ALL]),
                (STEP1, "step1", [ALL], [ALL]), (STEP2, "step2", [], [])):
            self.groups[group] = {"id": group, "name": name, "ingress": list(ingress),
                                  "egress": list(egress)}
        self.carried = {ENIS[0]: [WEB, DB], ENIS[1]: [DB]}
        self.tags = {INSTANCE: {"Name": "web-3"}}

    # --- changes ------------------------------------------------------------------------

    def create_group(self, name):
        if any(g["name"] == name for g in self.groups.values()):
            raise Refusal(400, "InvalidGroup.Duplicate", "The group %s exists" % name)
        group = "sg-0" + hashlib.sha256(name.encode()).hexdigest()[:16]
        self.groups[group] = {"id": group, "name": name, "ingress": [], "egress": [dict(ALL)]}
        return group

    def group(self, group):
        if group not in self.groups:
            raise Refusal(400, "InvalidGroup.NotFound", "The group %s does not exist" % group)
        return self.groups[group]

    def authorize(self, group, direction, rules):
        have = self.group(group)[direction]
        if any(rule in have for rule in rules):
            raise Refusal(400, "InvalidPermission.Duplicate", "The rule exists")
        have.extend(rules)

    def revoke(self, group, direction, rules):
        have = self.group(group)[direction]
        if any(rule not in have for rule in rules):
            raise Refusal(400, "InvalidPermission.NotFound", "The rule does not exist")
        for rule in rules:
            have.remove(rule)

    def put(self, eni, groups):
        if eni not in self.carried:
            raise Refusal(400, "InvalidNetworkInterfaceID.NotFound", "%s does not exist" % eni)
        for group in groups:
            self.group(group)
        self.carried[eni] = groups

    def delete_group(self, group):
        self.group(group)
        if any(group in groups for groups in self.carried.values()):
            raise Refusal(400, "DependencyViolation", "%s has a dependent object" % group)
        del self.groups[group]

    def blank(self, group):
        return not self.groups[group]["ingress"] and not self.groups[group]["egress"]


# --- parameters ----------------------------------------------------------------------------

def values(form, prefix):
    """The list Prefix.1, Prefix.2, ..."""
    found, n = [], 1
    while "%s.%d" % (prefix, n) in form:
        found.append(form["%s.%d" % (prefix, n)])
        n += 1
    return found


def filters(form):
    found, n = {}, 1
    while "Filter.%d.Name" % n in form:
        found[form["Filter.%d.Name" % n]] = values(form, "Filter.%d.Value" % n)
        n += 1
    return found


def rules(form):
    found, n = [], 1
    while "IpPermissions.%d.IpProtocol" % n in form:
        at = "IpPermissions.%d." % n
        for key in ("IpRanges.1.CidrIp", "Ipv6Ranges.1.CidrIpv6"):
            if at + key in form:
                found.append({"protocol": form[at + "IpProtocol"], "cidr": form[at + key]})
        n += 1
    return found


# --- operations -------------------------------------------------------------------------------

def describe_instances(world, form):
    wanted, by = values(form, "InstanceId"), filters(form)
    name = world.tags[INSTANCE]["Name"]
    if wanted and wanted != [INSTANCE]:
        raise Refusal(400, "InvalidInstanceID.NotFound", "%s does not exist" % wanted)
    there = name in by.get("tag:Name", [name])
    return answers.reservations(world, [INSTANCE] if there else [])


def describe_network_interfaces(world, form):
    by, wanted = filters(form), values(form, "NetworkInterfaceId")
    shown = [eni for eni in ENIS if not wanted or eni in wanted]
    if INSTANCE not in by.get("attachment.instance-id", [INSTANCE]):
        shown = []
    if "group-id" in by:
        shown = [e for e in shown if set(by["group-id"]) & set(world.carried[e])]
    return answers.interfaces(world, shown)


def describe_security_groups(world, form):
    wanted = values(form, "GroupId")
    shown = [world.group(g) for g in wanted] if wanted else list(world.groups.values())
    return answers.security_groups(shown)


def create_security_group(world, form):
    group = world.create_group(form["GroupName"])
    return answers.created_group(group)


def changing_rules(change, direction):
    def act(world, form):
        getattr(world, change)(form["GroupId"], direction, rules(form))
        return answers.done()
    return act


def modify_network_interface_attribute(world, form):
    world.put(form["NetworkInterfaceId"], values(form, "SecurityGroupId"))
    return answers.done()


def create_tags(world, form):
    n = 1
    while "Tag.%d.Key" % n in form:
        for resource in values(form, "ResourceId"):
            tags = world.tags.setdefault(resource, {})
            tags[form["Tag.%d.Key" % n]] = form["Tag.%d.Value" % n]
        n += 1
    return answers.done()


def delete_tags(world, form):
    for resource in values(form, "ResourceId"):
        world.tags.get(resource, {}).pop(form["Tag.1.Key"], None)
    return answers.done()


def delete_security_group(world, form):
    world.delete_group(form["GroupId"])
    return answers.deleted_group(form["GroupId"])


OPERATIONS = {
    "DescribeInstances": describe_instances,
    "DescribeNetworkInterfaces": describe_network_interfaces,
    "DescribeSecurityGroups": describe_security_groups,
    "DescribeVpcs": lambda world, form: answers.vpcs(),
    "DescribeSubnets": lambda world, form: answers.subnets(),
    "DescribeRouteTables": lambda world, form: answers.route_tables(),
    "DescribeVpcEndpoints": lambda world, form: answers.none_of("vpcEndpointSet"),
    "DescribeNetworkAcls": lambda world, form: answers.network_acls(),
    "DescribeInternetGateways": lambda world, form: answers.internet_gateways(),
    "DescribeNatGateways": lambda world, form: answers.none_of("natGatewaySet"),
    "DescribeEgressOnlyInternetGateways":
        lambda world, form: answers.none_of("egressOnlyInternetGatewaySet"),
    "DescribeTransitGatewayVpcAttachments":
        lambda world, form: answers.none_of("transitGatewayVpcAttachments"),
    "DescribeVpcPeeringConnections":
        lambda world, form: answers.none_of("vpcPeeringConnectionSet"),
    "GetConsoleOutput": lambda world, form: answers.console(INSTANCE),
    "CreateSecurityGroup": create_security_group,
    "AuthorizeSecurityGroupIngress": changing_rules("authorize", "ingress"),
    "AuthorizeSecurityGroupEgress": changing_rules("authorize", "egress"),
    "RevokeSecurityGroupIngress": changing_rules("revoke", "ingress"),
    "RevokeSecurityGroupEgress": changing_rules("revoke", "egress"),
    "ModifyNetworkInterfaceAttribute": modify_network_interface_attribute,
    "CreateTags": create_tags,
    "DeleteTags": delete_tags,
    "DescribeTags": lambda world, form: answers.none_of("tagSet"),
    "DeleteSecurityGroup": delete_security_group,
}


# --- the server -------------------------------------------------------------------------------

class Request:
    """One entry of the log; times are of time.perf_counter()."""

    def __init__(self, connection, head, body):
        self.connection, self.head, self.body = connection, head, body
        self.form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.action = self.form.get("Action", "?")
        self.dry_run = self.form.get("DryRun") == "true"
        self.arrived = time.perf_counter()
        self.answered = None
        self.status = 0

    @property
    def changes(self):
        return not self.dry_run and not re.match("Describe|Get", self.action)


class Peer:
    def __init__(self, latency=0.0, tls=None):
        self.latency, self.tls = latency, tls
        self.lock = threading.Lock()
        self.canned = {}  # action -> (status, body), instead of the world's answer
        self.reset()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = "http%s://127.0.0.1:%d" % ("s" if tls else "", self.socket.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self):
        """The world as it was at first, and an empty log."""
        with self.lock:
            self.world, self.log, self.connections = World(), [], 0

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)  # close alone would leave it to accept()
        self.socket.close()

    def _accept(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(s, self.connections), daemon=True).start()

    def _serve(self, s, number):
        try:
            if self.tls:
                s = self.tls.wrap_socket(s, server_side=True)
            left = b""
            while True:
                request, left = self._read(s, number, left)
                if request is None:
                    break
                self._answer(s, request)
        except (OSError, ValueError):
            pass
        finally:
            s.close()

    @staticmethod
    def _read(s, number, data):
        while b"\r\n\r\n" not in data:
            more = s.recv(65536)
            if not more:
                return None, b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        found = re.search(rb"(?im)^content-length: *(\d+)", head)
        length = int(found.group(1)) if found else 0
        if re.search(rb"(?im)^expect: *100-continue", head):  # botocore asks before it sends
            s.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(body) < length:
            more = s.recv(65536)
            if not more:
                return None, b""
            body += more
        return Request(number, head, body[:length]), body[length:]

    def _act(self, request):
        if request.action in self.canned:
            return self.canned[request.action]
        try:
            if request.action == "GetCallerIdentity":
                return 200, answers.identity()
            if request.action not in OPERATIONS:
                raise Refusal(400, "InvalidAction", "%s is not served here" % request.action)
            if request.dry_run:
                raise Refusal(412, "DryRunOperation", "Request would have succeeded")
            body = OPERATIONS[request.action](self.world, request.form)
            return 200, answers.enveloped(request.action, body)
        except Refusal as e:
            return e.status, answers.error(e.code, e.message)

    def _answer(self, s, request):
        with self.lock:
            self.log.append(request)
        if self.latency:
            time.sleep(self.latency)
        with self.lock:
            request.status, body = self._act(request)
        head = ("HTTP/1.1 %d X\r\nContent-Type: text/xml;charset=UTF-8\r\nContent-Length: %d\r\n"
                "x-amzn-RequestId: 59dbff89-35bd-4eac-99ed-be587ed8a1f1\r\n"
                "Date: %s\r\nServer: AmazonEC2\r\n\r\n"
                % (request.status, len(body),
                   time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())))
        request.answered = time.perf_counter()  # before, so that no reaction can precede it
        s.sendall(head.encode() + body)


# --- what a log says ----------------------------------------------------------------------------

def rounds(log):
    """The log as rounds: each request of a round came after an answer of the one before.

    The number of rounds is the longest chain of requests of which each began when the one
    before it had been answered: what a client has to wait through, one after the other."""
    found, end = [], None
    for request in sorted(log, key=lambda r: r.arrived):
        if end is None or request.arrived >= end:
            found.append([])
            end = request.answered
        found[-1].append(request)
        end = min(end, request.answered)
    return found
