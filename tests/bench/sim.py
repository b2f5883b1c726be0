"""sim.py [--seconds N] CORDON: the simulator's calls per second, in-process and over HTTP, beside
moto's server on the same calls. Part of `make bench`.

Requests are signed once and sent again and again on one connection (moto closes it after each
answer), so that the client costs next to nothing. Ends with 1 when an aim was missed.
"""
import argparse
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
INTEGRATION = os.path.join(os.path.dirname(HERE), "integration")
sys.path[:0] = [INTEGRATION, os.path.join(INTEGRATION, "lib")]
import moto_world  # noqa: E402
import sim_peer  # noqa: E402
import sim_raw  # noqa: E402

AIM = 20  # times moto over HTTP

IN_PROCESS = """
package.path = "stdlib/host/?.lua;" .. package.path
local sim, default = require "sim", require "sim_default_world"
local world = default.new()
local function call(operation, params)
    local answer = sim.answer(world, { service = "ec2", operation = operation, params = params })
    assert(answer.value, operation)
    return answer.value
end
local instance = call("describe_instances", { Filters = {
    { Name = "tag:Name", Values = { "web-7" } } } }).Reservations[1].Instances[1]
local eni = instance.NetworkInterfaces[1].NetworkInterfaceId
local group = instance.SecurityGroups[1].GroupId
local rule = { { IpProtocol = "tcp", FromPort = 8443, ToPort = 8443,
                 IpRanges = { { CidrIp = "192.0.2.0/24" } } } }
local calls = {
    { "describe_instances", { InstanceIds = { instance.InstanceId } } },
    { "describe_security_groups", { Filters = { { Name = "vpc-id", Values = { instance.VpcId } } } } },
    { "describe_network_interfaces", { Filters = {
        { Name = "attachment.instance-id", Values = { instance.InstanceId } } } } },
    { "modify_network_interface_attribute", { NetworkInterfaceId = eni, Groups = { group } } },
    { "authorize_security_group_ingress", { GroupId = group, IpPermissions = rule } },
    { "revoke_security_group_ingress", { GroupId = group, IpPermissions = rule } },
}
local seconds, count, began = tonumber(arg[1]), 0, os.clock()
repeat
    for _, one in ipairs(calls) do call(one[1], one[2]) end
    count = count + #calls
until os.clock() - began > seconds
print(count / (os.clock() - began))
"""


def in_process(seconds):
    done = subprocess.run(["lua5.4", "-", str(seconds)], input=IN_PROCESS, capture_output=True, text=True,
                          check=True, cwd=os.path.dirname(os.path.dirname(HERE)))
    return float(done.stdout)


# --- the same VPC on both -----------------------------------------------------------------------

def build(ec2, image):
    """A VPC with a group, eight instances with an interface each; what the calls name."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = moto_world.group(ec2, vpc, "sg-web"[3:], [(443, "0.0.0.0/0"), (22, "203.0.113.0/24")])
    instances = [moto_world.instance(ec2, image, "web-%d" % n, [(subnet, [group])]) for n in range(8)]
    eni = ec2.describe_network_interfaces(Filters=[
        {"Name": "attachment.instance-id", "Values": [instances[0]]}])["NetworkInterfaces"][0]["NetworkInterfaceId"]
    return {"vpc": vpc, "group": group, "instance": instances[0], "eni": eni}


def forms(ids):
    version = "&Version=2016-11-15"
    rule = ("&GroupId=%(group)s&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=8443"
            "&IpPermissions.1.ToPort=8443&IpPermissions.1.IpRanges.1.CidrIp=192.0.2.0%%2F24" % ids)
    return {
        "DescribeInstances": "Action=DescribeInstances&InstanceId.1=%(instance)s" % ids + version,
        "DescribeSecurityGroups": "Action=DescribeSecurityGroups&Filter.1.Name=vpc-id&Filter.1.Value.1=%(vpc)s" % ids + version,
        "DescribeNetworkInterfaces": "Action=DescribeNetworkInterfaces&Filter.1.Name=attachment.instance-id"
                                     "&Filter.1.Value.1=%(instance)s" % ids + version,
        "ModifyNetworkInterfaceAttribute": "Action=ModifyNetworkInterfaceAttribute&NetworkInterfaceId=%(eni)s"
                                           "&SecurityGroupId.1=%(group)s" % ids + version,
        "AuthorizeSecurityGroupIngress": "Action=AuthorizeSecurityGroupIngress" + rule + version,
        "RevokeSecurityGroupIngress": "Action=RevokeSecurityGroupIngress" + rule + version,
    }


class Wire:
    """Whole requests on a connection that is kept as long as the server does."""

    def __init__(self, port):
        self.port, self.socket = port, None

    def send(self, request):
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.socket.recv(1 << 16)
            if not part:
                raise SystemExit("the server hung up")
            data += part
        head, body = data.split(b"\r\n\r\n", 1)
        low = head.lower()
        length = int(low.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += self.socket.recv(1 << 16)
        if b"connection: close" in low:
            self.socket.close()
            self.socket = None
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit("a call failed: %s %s" % (head[:60], body[:300]))


def request_of(peer, form):
    headers = sim_raw.signed(peer, "ec2", form)
    lines = ["POST / HTTP/1.1", "Host: 127.0.0.1:%d" % peer.port(), "Content-Length: %d" % len(form)]
    lines += ["%s: %s" % pair for pair in headers.items() if pair[0].lower() not in ("host", "content-length")]
    return ("\r\n".join(lines) + "\r\n\r\n" + form).encode()


def over_http(peer, ids, seconds):
    wire, requests = Wire(peer.port()), {name: request_of(peer, form) for name, form in forms(ids).items()}
    spent, rounds, began = dict.fromkeys(requests, 0.0), 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for name, request in requests.items():
            at = time.perf_counter()
            wire.send(request)
            spent[name] += time.perf_counter() - at
        rounds += 1
    total = rounds * len(requests) / sum(spent.values())
    return total, {name: rounds / one for name, one in spent.items()}


class MotoPeer:
    def __init__(self):
        self.process, self.url = moto_world.start()

    def port(self):
        return int(self.url.rsplit(":", 1)[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cordon")
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    local = in_process(asked.seconds)
    sim = sim_peer.Simulator(os.path.abspath(asked.cordon))
    ours, each = over_http(sim, build(sim.client(), "ami-0123456789abcdef0"), asked.seconds)
    sim.stop()
    moto = MotoPeer()
    try:
        ec2 = moto_world.client(moto.url)
        image = ec2.describe_images()["Images"][0]["ImageId"]
        theirs, their_each = over_http(moto, build(ec2, image), asked.seconds)
    finally:
        moto.process.terminate()
        moto.process.wait()
    print("%-34s %12s %12s %8s" % ("calls per second", "cordon", "moto", "times"))
    for name in each:
        print("%-34s %12.0f %12.0f %8.1f" % (name, each[name], their_each[name], each[name] / their_each[name]))
    print("%-34s %12.0f %12.0f %8.1f" % ("all of them, over HTTP", ours, theirs, ours / theirs))
    print("%-34s %12.0f" % ("the same mix, in-process", local))
    if ours < AIM * theirs:
        print("MISSED: at least %d times moto over HTTP" % AIM)
        sys.exit(1)


main()
