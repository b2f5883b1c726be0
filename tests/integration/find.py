"""`cordon find`: over Regions and accounts, with profiles and roles; what could not be asked.

Against moto, which keeps accounts apart by the keys of AssumeRole, behind a proxy.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import boto3

import moto_world
from harness import Checks, Cordon, binary
from proxy import Proxy, Rule

HOME, OTHER, THIRD = "123456789012", "111122223333", "444455556666"


def role(account):
    return "arn:aws:iam::%s:role/responder" % account


def client_of(url, account, region):
    sts = boto3.client("sts", region_name=region, endpoint_url=url, **moto_world.KEYS)
    keys = sts.assume_role(RoleArn=role(account), RoleSessionName="test")["Credentials"]
    return boto3.client("ec2", region_name=region, endpoint_url=url,
                        aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                        aws_session_token=keys["SessionToken"])


def put(ec2, name):
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    group = moto_world.group(ec2, vpc, "sg-" + name, [(443, "0.0.0.0/0")])
    image = ec2.describe_images()["Images"][0]["ImageId"]
    return moto_world.instance(ec2, image, name, [(subnet, [group])]), vpc


class World:
    def __init__(self, path):
        self.process, self.url = moto_world.start()
        self.proxy = Proxy(self.url)
        self.cordon = Cordon(path, self.proxy.url)
        self.file = os.path.join(self.cordon.home, "policy.json")
        self.here, _ = put(moto_world.client(self.url), "web-1")
        self.there, self.vpc = put(client_of(self.url, OTHER, "us-east-1"), "web-2")
        put(client_of(self.url, OTHER, "eu-west-1"), "twin")
        put(moto_world.client(self.url), "twin")

    def stop(self):
        self.proxy.stop()
        self.process.terminate()
        self.process.wait()

    def policy(self, **members):
        with open(self.file, "w") as f:
            json.dump(dict({"format_version": 1}, **members), f)
        os.chmod(self.file, 0o600)

    def find(self, what, *more, policy=True, **kw):
        words = ["--policy", self.file] if policy else []
        return self.cordon.run("find", what, *words, *more, **kw)


def test_without_a_policy(c, w):
    w.proxy.reset()
    done = w.find("web-1", policy=False)
    c.check("found by its name", done.code == 0 and w.here in done.out and "eu-west-1" in done.out
            and "running" in done.out and HOME in done.out, done)
    c.check("with the command to type",
            "cordon --region eu-west-1 run isolate-sg instance=" + w.here in done.out, done)
    regions = {r.headers.get("Authorization", "").split("/")[2] for r in w.proxy.seen("DescribeInstances")}
    c.check("over the Regions that the account has", len(regions) > 10, regions)
    c.equal("by its id", w.find(w.here, policy=False).code, 0)
    done = w.find("nobody", policy=False)
    c.check("not found: where it was looked for", done.code == 1 and "in none of" in done.err
            and "us-east-1" in done.err, done)
    w.proxy.reset()
    done = w.find(w.here, "--region", "us-east-1", policy=False)
    c.check("--region keeps to it", done.code == 1 and len(w.proxy.seen("DescribeInstances")) == 1, done)


def test_accounts(c, w):
    w.policy(accounts={HOME: {"name": "home"}, OTHER: {"name": "prod", "role_arn": role(OTHER)}},
             regions=["eu-west-1", "us-east-1"])
    w.proxy.reset()
    done = w.find("web-2")
    c.check("in another account, by its role", done.code == 0 and w.there in done.out
            and "prod %s / us-east-1" % OTHER in done.out and w.vpc in done.out, done)
    c.equal("the role is assumed once", len(w.proxy.seen("AssumeRole")), 1)
    line = [x for x in done.out.splitlines() if x.startswith("    cordon")][0].strip()
    c.check("the command names the account", "--account " + OTHER in line and "--region us-east-1" in line, line)
    words = line.split()[1:]
    run = w.cordon.run(*words, "settle=1", "--yes")
    c.equal("and works as it is", run.code, 0, run)
    c.equal("there", w.cordon.journal()[0]["account"], OTHER)
    group = client_of(w.url, OTHER, "us-east-1").describe_instances(InstanceIds=[w.there])[
        "Reservations"][0]["Instances"][0]["NetworkInterfaces"][0]["Groups"][0]["GroupName"]
    c.check("it is cut off", group.startswith("cordon-"), group)
    run = w.cordon.last_run()
    start = w.cordon.journal(run)[0]
    c.check("the journal names the policy and the account", start["policy"] == w.file
            and start["wanted_account"] == OTHER, start)
    done = w.cordon.run("verify", run, "--policy", w.file)
    c.equal("verify takes the run's role", done.code, 0, done)
    done = w.cordon.run("close", run, "--policy", w.file)
    c.equal("so does close", done.code, 0, done)
    done = w.cordon.run("undo", run, "--policy", w.file, "--yes")
    c.equal("and undo", done.code, 0, done)
    w.proxy.reset()
    done = w.cordon.run("--account", HOME, "--policy", w.file, "plan", "isolate-sg", "instance=" + w.here)
    c.check("an account that the keys are of needs no role", done.code == 0 and not w.proxy.seen("AssumeRole"), done)
    done = w.find("twin")
    c.check("several: all", done.code == 0 and done.out.count("\n    cordon") == 2, done)
    event = w.find("twin", "--json").events()[0]
    c.check("as JSON", event["event"] == "find" and len(event["found"]) == 2 and len(event["asked"]) == 4
            and all(f["command"].startswith("cordon ") for f in event["found"]), event)


def test_profiles(c, w):
    files = os.path.join(w.cordon.home, ".aws")
    os.makedirs(files)
    with open(os.path.join(files, "config"), "w") as f:
        f.write("[profile prod]\nrole_arn = %s\nsource_profile = base\nregion = eu-west-1\n"
                "[profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = wJalrXUtnFEMI\n"
                % role(OTHER))
    w.policy(accounts={OTHER: {"profile": "prod"}}, regions=["us-east-1"])
    done = w.find(w.there)
    c.check("by a profile", done.code == 0 and "cordon --profile prod --region us-east-1" in done.out, done)
    w.policy(accounts={OTHER: {"profile": "nowhere"}}, regions=["us-east-1"])
    done = w.find(w.there)
    c.check("a profile that is not there is said", done.code != 0 and "nowhere" in done.err, done)


def test_what_cannot_be_asked(c, w):
    w.policy(accounts={HOME: {}, THIRD: {}}, regions=["eu-west-1", "us-east-1"])
    done = w.find("web-1")
    c.check("an account without a way in is said", done.code == 0 and THIRD in done.err
            and "could not be asked" in done.err, done)
    w.policy(accounts={HOME: {}}, regions=["eu-west-1", "us-east-1"])
    w.proxy.reset(Rule("DescribeInstances", error=("UnauthorizedOperation", 403),
                       when=lambda r: "us-east-1" in r.headers.get("Authorization", "")))
    done = w.find("nobody")
    c.check("a Region that denies is said", done.code == 1 and "could not be asked" in done.err
            and "us-east-1" in done.err and "in none of" in done.err, done)
    event = w.find("nobody", "--json").events()[0]
    c.equal("as JSON", [(x["region"], x["error"]["code"]) for x in event["not_asked"]],
            [("us-east-1", "UnauthorizedOperation")])
    w.proxy.reset(Rule("DescribeInstances", error=("UnauthorizedOperation", 403)))
    c.equal("when all deny it is a permission", w.find("nobody").code, 4)
    w.policy(accounts={OTHER: {"role_arn": role(OTHER)}}, regions=["us-east-1"])
    w.proxy.reset(Rule("AssumeRole", error=("AccessDenied", 403)))
    done = w.find("web-2")
    c.check("a role that may not be assumed", done.code == 4 and OTHER in done.err, done)
    w.proxy.reset()
    c.equal("find wants one word", w.cordon.run("find").code, 2)
    sim = w.cordon.run("--sim", "find", "web-7", env={"AWS_ENDPOINT_URL": ""})
    c.check("in a world too", sim.code == 0 and "cordon --sim" in sim.out, sim)


def main():
    c = Checks()
    w = World(binary())
    try:
        for test in (test_without_a_policy, test_accounts, test_profiles, test_what_cannot_be_asked):
            w.proxy.reset()
            test(c, w)
    finally:
        w.stop()
    c.finish()


if __name__ == "__main__":
    main()
