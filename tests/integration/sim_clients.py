#!/usr/bin/env python3
"""Others' clients talk to `cordon sim serve` as to AWS: boto3, and the aws command line where it
is installed. Every modelled operation parses, every refusal has AWS's code, a long poll waits.

Usage: sim_clients.py [CORDON]      (the release build, too, when none is named)
"""
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]
import harness  # noqa: E402

try:
    import boto3  # noqa: F401
    import botocore.exceptions
except ImportError as missing:
    print("SKIPPED: no client: %s" % missing)
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)
import sim_calls  # noqa: E402
import sim_errors  # noqa: E402
import sim_peer  # noqa: E402
import sim_raw  # noqa: E402
import sim_services  # noqa: E402

checks = harness.Checks()


def clients(sim, **config):
    return {name: sim.client(name, **config) for name in ("ec2", "sqs", "sts", "autoscaling", "elbv2", "iam")}


# --- every modelled operation ---------------------------------------------------------------

def every_operation(sim):
    by_name, left = clients(sim), set(sim_peer.modelled())
    has = sim_calls.find(by_name["ec2"])
    others = ((*row, None) for row in sim_services.sequence(by_name))
    for service, method, params, keep in itertools.chain(others, sim_calls.sequence(has)):
        left.discard((service, method))
        try:
            answer = getattr(by_name[service], method)(**params)
            good = answer["ResponseMetadata"]["HTTPStatusCode"] == 200
            good = good and answer["ResponseMetadata"]["HTTPHeaders"]["server"] == "cordon-simulator"
            checks.check("%s parses" % method, good, answer)
            if keep:
                keep(answer)
        except Exception as wrong:
            checks.check("%s parses" % method, False, repr(wrong))
    checks.equal("no modelled operation was left out", left, set())


# --- refusals ------------------------------------------------------------------------------------

def prepare(sim):
    """What the refusals need besides the default world's ids."""
    by_name = clients(sim)
    ec2, sqs = by_name["ec2"], by_name["sqs"]
    has = sim_calls.find(ec2)
    victim = ec2.describe_instances(InstanceIds=[has["victim"]])["Reservations"][0]["Instances"][0]
    has["attachment0"] = victim["NetworkInterfaces"][0]["Attachment"]["AttachmentId"]
    has["acl"] = ec2.describe_network_acls(Filters=sim_errors.one("vpc-id", has["vpc"]))["NetworkAcls"][0]["NetworkAclId"]
    has["eip0"] = [a for a in ec2.describe_addresses()["Addresses"] if "AssociationId" in a][0]["AllocationId"]
    has["managed"] = ec2.describe_network_interfaces(Filters=sim_errors.one(
        "requester-managed", "true"))["NetworkInterfaces"][0]["NetworkInterfaceId"]
    has["six_groups"] = [ec2.create_security_group(GroupName="six-%d" % n, Description="x", VpcId=has["vpc"])["GroupId"]
                         for n in range(6)]
    ec2.create_network_acl(VpcId=has["vpc"], ClientToken="the-token")
    has["queue"] = sqs.get_queue_url(QueueName="findings")["QueueUrl"]
    has["purged"] = sqs.create_queue(QueueName="purged")["QueueUrl"]
    sqs.purge_queue(QueueUrl=has["purged"])
    has["deleted"] = "deleted"
    sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName="deleted")["QueueUrl"])
    return has


def refused(client, method, params):
    """(code, status, class name) of the error; all empty when there was none."""
    try:
        getattr(client, method)(**params)
    except botocore.exceptions.ClientError as error:
        return (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"],
                type(error).__name__)
    except Exception as error:
        return repr(error), 0, ""
    return "no error", 200, ""


def refusals(sim):
    has, count = prepare(sim), 0
    by_name = clients(sim, parameter_validation=False)
    rows = itertools.chain(sim_errors.table(has), sim_services.refusals(clients(sim)))
    for why, service, method, params, code, status in rows:
        count += 1
        got, got_status, kind = refused(by_name[service.split("-")[0]], method, params)
        name = "%s: %s" % (method, why)
        if service == "sqs":
            checks.equal(name, (kind, got_status), (code, status), got)
        else:
            checks.equal(name, (got, got_status), (code, status))
    checks.check("at least sixty refusals", count >= 60, count)


def bad_requests(sim):
    for why, service, send, code, status in sim_raw.refusals(sim):
        got = send()
        checks.equal("%s, %s" % (service, why), (got.code(), got.status), (code, status), got.body[:300])
    for service in ("ec2", "sqs", "sts"):
        answer = sim_raw.request(sim, service, sim_raw.READS[service])
        checks.equal("the same request unspoilt, %s" % service, answer.status, 200, answer.body[:300])


# --- SQS waits --------------------------------------------------------------------------------------

def long_poll(sim):
    sqs = sim.client("sqs")
    url = sqs.create_queue(QueueName="polled")["QueueUrl"]
    began = time.time()
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)
    waited = time.time() - began
    checks.check("a long poll waits its time", "Messages" not in answer and 1.9 < waited < 3.5, waited)
    found = {}

    def receive(key, seconds):
        found[key] = sim.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=seconds).get("Messages", [])

    pollers = [threading.Thread(target=receive, args=(n, 10)) for n in range(3)]
    began = time.time()
    for poller in pollers:
        poller.start()
    time.sleep(0.7)
    meanwhile = time.time()
    sim.client("ec2").describe_vpcs()
    checks.check("others are answered meanwhile", time.time() - meanwhile < 1, time.time() - meanwhile)
    for n in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="m%d" % n)
    for poller in pollers:
        poller.join(15)
    waited = time.time() - began
    bodies = sorted(m["Body"] for list_ in found.values() for m in list_)
    checks.equal("three polls, three messages, one each", bodies, ["m0", "m1", "m2"], found)
    checks.check("a message ends the wait", waited < 3, waited)
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=1)
    began = time.time()
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10).get("Messages", [])
    waited = time.time() - began
    checks.check("a delayed message ends the wait when it is due",
                 len(got) == 1 and 0.7 < waited < 2.5, (waited, got))
    gone = sim_raw.connect_and_leave(sim, url)
    checks.check("a client that leaves takes no message", gone, gone)
    sqs.send_message(QueueUrl=url, MessageBody="for the next")
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
    checks.equal("it is there for the next", [m["Body"] for m in got], ["for the next"])


def stops_while_polled(sim):
    url = sim.client("sqs").create_queue(QueueName="last")["QueueUrl"]

    def receive():
        try:
            sim.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
        except Exception:
            pass

    poller = threading.Thread(target=receive, daemon=True)
    poller.start()
    time.sleep(0.5)
    began = time.time()
    code = sim.stop()
    checks.check("Ctrl-C stops it while a poll waits", code == 0 and time.time() - began < 3, code)


# --- our own client ------------------------------------------------------------------------------------

def banner(path, sim):
    cordon = harness.Cordon(path, sim.url)
    done = cordon.run("plan", "isolate-sg", "instance=web-7")
    checks.check("plan says SIMULATOR first", done.code == 0 and done.err.startswith("SIMULATOR"), done)
    done = cordon.run("call", "ec2", "describe_vpcs")
    checks.check("call says SIMULATOR, beside its data",
                 done.code == 0 and "SIMULATOR" in done.err and json.loads(done.out)["Vpcs"], done)
    done = cordon.run("run", "isolate-sg", "instance=app-1", "convert=never", "--yes")
    checks.check("run says SIMULATOR at every step and at its end",
                 done.code == 0 and done.err.count("SIMULATOR  ") >= 4 and "nothing of this was AWS" in done.err, done)
    checks.equal("the journal says simulator", cordon.journal()[0]["backend"], "simulator")
    checks.check("it says so when it starts", "SIMULATOR: nothing here is AWS" in sim.said(), sim.said())


# --- the aws command line ----------------------------------------------------------------------------

AWS = [
    (["ec2", "describe-instances", "--filters", "Name=tag:Name,Values=web-7"], "Reservations"),
    (["ec2", "describe-security-groups"], "SecurityGroups"),
    (["ec2", "describe-network-interfaces"], "NetworkInterfaces"),
    (["ec2", "describe-network-acls"], "NetworkAcls"),
    (["ec2", "describe-route-tables"], "RouteTables"),
    (["ec2", "describe-vpcs"], "Vpcs"),
    (["ec2", "create-security-group", "--group-name", "by-aws", "--description", "x", "--vpc-id", "VPC"], "GroupId"),
    (["sqs", "list-queues"], "QueueUrls"),
    (["sqs", "create-queue", "--queue-name", "by-aws"], "QueueUrl"),
    (["sts", "get-caller-identity"], "Account"),
]


def aws_command_line(sim):
    aws = shutil.which("aws")
    if not aws:
        checks.skip("the aws command line", "there is no aws in the PATH")
        return
    vpc = sim_calls.find(sim.client())["vpc"]
    env = dict(os.environ, AWS_ACCESS_KEY_ID=sim_peer.KEYS["aws_access_key_id"], AWS_REGION=sim_peer.REGION,
               AWS_DEFAULT_REGION=sim_peer.REGION, AWS_PAGER="", AWS_EC2_METADATA_DISABLED="true",
               AWS_SECRET_ACCESS_KEY=sim_peer.KEYS["aws_secret_access_key"], AWS_CONFIG_FILE="/nonexistent",
               AWS_SHARED_CREDENTIALS_FILE="/nonexistent", AWS_MAX_ATTEMPTS="1")

    def run(words):
        words = [vpc if w == "VPC" else w for w in words]
        return subprocess.run([aws, "--endpoint-url", sim.url, "--output", "json"] + words, env=env,
                              capture_output=True, text=True, timeout=120)

    for words, member in AWS:
        done = run(words)
        good = done.returncode == 0 and json.loads(done.stdout).get(member)
        checks.check("aws " + " ".join(words[:2]), good, done.stdout[-300:] + done.stderr)
    done = run(["ec2", "describe-instances", "--instance-ids", "i-0123456789abcdef0"])
    checks.check("aws says AWS's code", "(InvalidInstanceID.NotFound)" in done.stderr, done.stderr)
    done = run(["ec2", "create-vpc", "--cidr-block", "10.9.0.0/16", "--dry-run"])
    checks.check("aws --dry-run", "(DryRunOperation)" in done.stderr, done.stderr)


def try_all(path):
    sim = sim_peer.Simulator(path)
    every_operation(sim)
    sim.stop()
    sim = sim_peer.Simulator(path)
    refusals(sim)
    bad_requests(sim)
    long_poll(sim)
    banner(path, sim)
    aws_command_line(sim)
    checks.check("it lives", sim.is_alive())
    stops_while_polled(sim)


for program in ([harness.binary()] if len(sys.argv) > 1 else
                [p for p in (os.path.join(harness.TOP, "build", mode, "cordon") for mode in ("debug", "release"))
                 if os.access(p, os.X_OK)]):
    try_all(program)
checks.finish()
