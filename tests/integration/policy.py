"""policy.json: what it forbids is refused before any question, and again by the gate.

Against moto behind a proxy that sees what is sent.
"""
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import moto_world
from harness import Checks, Cordon, binary, until
from proxy import Proxy, Rule

ACCOUNT = "123456789012"  # moto's


class World:
    def __init__(self, path):
        self.process, self.url = moto_world.start()
        self.ids = moto_world.build(self.url)
        self.ec2 = moto_world.client(self.url)
        self.proxy = Proxy(self.url)
        self.cordon = Cordon(path, self.proxy.url)
        self.file = os.path.join(self.cordon.home, ".config", "cordon", "policy.json")
        os.makedirs(os.path.dirname(self.file))

    def stop(self):
        self.proxy.stop()
        self.process.terminate()
        self.process.wait()

    def policy(self, text=None, mode=0o600, **members):
        """Puts it where cordon finds it; None: none."""
        if text is None and not members:
            if os.path.exists(self.file):
                os.unlink(self.file)
            return
        with open(self.file, "w") as f:
            f.write(text if text is not None else json.dumps(dict({"format_version": 1}, **members)))
        os.chmod(self.file, mode)

    def mutations(self):
        return [r for r in self.proxy.seen(dry=False)
                if not r.action.startswith(("Describe", "Get", "List"))]

    def run(self, *more, verb="run", instance="web3", yes=True):
        self.proxy.reset(*self.proxy.rules)
        return self.cordon.run(verb, "isolate-sg", "instance=" + self.ids[instance], "settle=1",
                               *(("--yes",) if yes and verb == "run" else ()), *more)

    def refused(self, c, what, words, code=4, *more, **kw):
        done = self.run(*more, **kw)
        c.check("%s: exit %d" % (what, code), done.code == code, done)
        for word in words:
            c.check("%s: says %r" % (what, word), word in done.err, done)
        c.check("%s: nothing was sent" % what, not self.mutations(), self.mutations())
        return done


def test_place(c, w):
    w.policy(accounts={"999988887777": {}}, regions=["us-east-1"])
    w.refused(c, "account and Region", ["account %s is not among" % ACCOUNT, "Region eu-west-1 is not among"])
    plan = w.run(verb="plan")
    c.check("a plan shows it, and says the same", plan.code == 4 and "CUT" not in plan.out
            and "not among the policy's accounts" in plan.err and "Cut off" in plan.err, plan)
    w.policy(accounts={ACCOUNT: {"name": "prod"}}, regions=["eu-west-1"])
    c.equal("the right ones pass", w.run().code, 0)
    w.policy()
    w.refused(c, "--account alone", ["--account says 999988887777"], 4, "--account", "999988887777")
    c.equal("--account of this one passes", w.run("--account", ACCOUNT).code, 0)
    c.equal("--account wants digits", w.run("--account", "prod").code, 2)


def reopen(w):
    w.ec2.modify_network_interface_attribute(NetworkInterfaceId=w.ids["eni0"],
                                             Groups=[w.ids["sg_web"], w.ids["sg_db"]])


def test_protected(c, w):
    reopen(w)
    for what, member in (("instance", "web3"), ("interface", "eni0")):
        w.policy(protected={"ids": [w.ids[member]]})
        w.refused(c, "a protected %s" % what, ["touches " + w.ids[member]])
    w.policy(protected={"tags": {"Name": ["web-3"]}})
    w.refused(c, "a protected tag", ["its tag Name=web-3 protects"])
    w.policy(protected={"tags": {"role": ["bastion"]}})
    w.ec2.create_tags(Resources=[w.ids["eni0"]], Tags=[{"Key": "role", "Value": "bastion"}])
    w.refused(c, "a tag of an interface", ["touches " + w.ids["eni0"], "role=bastion"])
    w.ec2.delete_tags(Resources=[w.ids["eni0"]], Tags=[{"Key": "role"}])
    w.proxy.rules = [Rule("DescribeTags", error=("UnauthorizedOperation", 403))]
    w.refused(c, "tags that cannot be read", ["whose tags could not be read", "ec2:DescribeTags"])
    w.proxy.rules = []
    done = w.run()
    c.equal("others pass", done.code, 0, done)


def test_single_calls(c, w):
    """`call` goes through the same gate; nothing is asked first."""
    rule = json.dumps({"GroupId": w.ids["sg_web"], "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 99, "ToPort": 99, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]})

    def call(*more):
        w.proxy.reset()
        return w.cordon.run("call", "ec2", "authorize_security_group_ingress", rule, "--yes", *more)
    reopen(w)
    w.ec2.create_tags(Resources=[w.ids["web4"]], Tags=[{"Key": "role", "Value": "bastion"}])
    w.policy(protected={"tags": {"role": ["bastion"]}})
    done = call()
    c.check("a group that a protected instance carries", done.code == 4 and w.ids["web4"] in done.err
            and not w.mutations(), done)
    w.policy(protected={"ids": [w.ids["web4"]]})
    c.check("or one protected by its id", call().code == 4 and not w.mutations())
    w.policy(max_hit=0)
    done = call()
    c.check("the ceiling", done.code == 4 and "others would be hit" in done.err and not w.mutations(), done)
    w.policy(max_hit=1)
    c.check("a flag lowers it", call("--max-hit", "0").code == 4 and not w.mutations())
    done = call("--max-hit", "50")
    c.check("and never raises it", done.code == 4 and "a flag can only lower it" in done.err, done)
    w.policy(max_hit=50)
    done = call()
    c.equal("below the ceiling it passes", done.code, 0, done)
    w.policy()
    c.equal("a flag alone is a ceiling", w.cordon.run(
        "call", "ec2", "revoke_security_group_ingress", rule, "--yes", "--max-hit", "0").code, 4)
    w.policy(regions=["us-east-1"])
    c.equal("reads are free", w.cordon.run("call", "ec2", "describe_vpcs").code, 0)
    w.ec2.delete_tags(Resources=[w.ids["web4"]], Tags=[{"Key": "role"}])


def test_ticket(c, w):
    reopen(w)
    w.policy(ticket_required=True, ticket_pattern="IR-[0-9]+")
    w.refused(c, "no ticket", ["--ticket"], 2)
    w.refused(c, "another ticket", ["is not one that the policy takes"], 2, "--ticket", "JIRA-1")
    c.equal("a plan needs none", w.run(verb="plan").code, 0)
    c.equal("nor does a dry run", w.run("--dry-run", yes=False).code, 0)
    c.equal("with one it goes", w.run("--ticket", "IR-42").code, 0)


def test_all_at_once(c, w):
    reopen(w)
    w.policy(accounts={"999988887777": {}}, protected={"ids": [w.ids["web3"], w.ids["eni1"]]},
             ticket_required=True)
    w.refused(c, "all reasons", ["account " + ACCOUNT, w.ids["web3"], w.ids["eni1"], "--ticket"])
    t = w.cordon.terminal("run", "isolate-sg", "instance=" + w.ids["web3"])
    done = t.wait()
    c.check("nobody is asked", done.code == 4 and "[y]es" not in t.seen, done)


def test_files(c, w):
    words = ("a policy that cannot be read stops all that changes", 2)
    for text, mode, said in (("{", 0o600, "policy.json"),
                             ('{"format_version":1,"region":["x"]}', 0o600, 'did you mean "regions"'),
                             ('{"format_version":1}', 0o666, "chmod go-w"),
                             ('{"format_version":1,"accounts":{"1":{}}}', 0o600, "accounts.1")):
        w.policy(text, mode)
        w.refused(c, "%s (%s)" % (words[0], said), [said], words[1])
        c.equal("call too", w.cordon.run("call", "ec2", "delete_vpc", '{"VpcId":"vpc-1"}', "--yes").code, 2)
        doctor = w.cordon.run("doctor")
        c.check("doctor tells it", doctor.code != 0 and said in doctor.out, doctor)
    if os.getuid() != 0:
        w.policy("{}", 0)
        w.refused(c, "unreadable", ["cannot be opened"], 2)
    w.policy()
    w.refused(c, "one that was named and is not there", ["/nonexistent"], 2, "--policy", "/nonexistent")
    w.policy(regions=["eu-west-1"], max_hit=3)
    doctor = w.cordon.run("doctor")
    c.check("doctor shows what is in force", "1 Region" in doctor.out and "at most 3 others" in doctor.out, doctor)
    other = os.path.join(w.cordon.home, "other.json")
    with open(other, "w") as f:
        json.dump({"format_version": 1, "regions": ["us-east-1"]}, f)
    os.chmod(other, 0o600)
    reopen(w)
    w.refused(c, "--policy comes before the one that is found", ["Region eu-west-1"], 4, "--policy", other)
    w.policy(regions=["us-east-1"])
    sim = w.cordon.run("--sim", "run", "isolate-sg", "instance=web-7", "--yes", env={"AWS_ENDPOINT_URL": ""})
    c.equal("a world is not the policy's", sim.code, 0, sim)
    sim = w.cordon.run("--sim", "--policy", other, "run", "isolate-sg", "instance=web-7", "--yes",
                       env={"AWS_ENDPOINT_URL": ""})
    c.equal("unless it is named", sim.code, 4, sim)


def test_window(c, w):
    """Closing is never refused: the policy turns up while the window is open."""
    reopen(w)
    w.policy()
    w.proxy.reset()
    t = w.cordon.terminal("run", "isolate-sg", "instance=" + w.ids["web3"], "settle=3", "convert=always")
    t.answer("[y]es [a]ll", "a")
    if not t.expect("CUT OFF"):
        c.check("the cut began", False, t.seen)
    until(lambda: [r for r in w.mutations() if r.action == "ModifyNetworkInterfaceAttribute"])
    t.process.kill()
    t.wait()
    runs = w.cordon.run("runs", "--json").events()
    run = [r for r in runs if r["window_open"]]
    if not c.check("a window was left open", run, runs):
        return
    c.check("its next command is close", run[0]["next"] == ["cordon close " + run[0]["run"]], run[0])
    w.policy("{ broken")
    closed = w.cordon.run("close", run[0]["run"])
    c.equal("a broken policy does not keep it open", closed.code, 0, closed)
    w.policy(accounts={"999988887777": {}}, protected={"ids": [w.ids["eni0"]]})
    c.equal("nor does one that forbids all", w.cordon.run("close", run[0]["run"]).code, 0)
    w.policy()


def own_address():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.connect(("192.0.2.1", 9))
        return s.getsockname()[0]
    except OSError:
        return None
    finally:
        s.close()


def test_own_machine(c, w):
    """The instance has this machine's address: cordon would cut off itself."""
    address = own_address()
    if not address or address.startswith("127."):
        c.skip("this machine's own address", "it has none but loopback")
        return
    block = ".".join(address.split(".")[:2]) + ".0.0/16"
    vpc = w.ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
    subnet = w.ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]
    image = w.ec2.describe_images()["Images"][0]["ImageId"]
    made = w.ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, NetworkInterfaces=[
        {"DeviceIndex": 0, "SubnetId": subnet, "PrivateIpAddress": address}])
    w.ids["own"] = made["Instances"][0]["InstanceId"]
    w.refused(c, "this machine", ["this machine has its address " + address, "--ignore-own-address"],
              4, instance="own")
    done = w.run("--ignore-own-address", instance="own")
    c.equal("a coincidence can be said", done.code, 0, done)


def main():
    c = Checks()
    w = World(binary())
    try:
        for test in (test_place, test_protected, test_single_calls, test_ticket, test_all_at_once,
                     test_files, test_window, test_own_machine):
            w.policy()
            w.proxy.rules = []
            test(c, w)
    finally:
        w.stop()
    c.finish()


if __name__ == "__main__":
    main()
