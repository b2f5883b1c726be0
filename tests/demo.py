"""demo.py CORDON: the main job, on a small VPC in moto's server on 127.0.0.1.

A responder isolates web-3, says yes to each step on a terminal (a pty that this script
types into), and then takes it back with the lines that cordon printed.
"""
import os
import pty
import re
import select
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "integration"))
import moto_world  # noqa: E402

QUESTION = re.compile(rb"\[e\]xplain: $")


def on_terminal(command, environment):
    """Runs the command on a pty, answers each question with y; its exit code and output."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(command[0], command, environment)
    shown = b""
    while True:
        readable, _, _ = select.select([fd], [], [], 120)
        if not readable:
            break
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        if QUESTION.search(shown):
            os.write(fd, b"y\n")
            shown = b""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(errors="replace")


def groups(ec2, ids):
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=[ids["eni0"], ids["eni1"]])
    for eni in found["NetworkInterfaces"]:
        names = ", ".join(g["GroupName"] for g in eni["Groups"])
        print("    %s  %s" % (eni["NetworkInterfaceId"], names))


def demo(cordon, url, state):
    ids = moto_world.build(url)
    ec2 = moto_world.client(url)
    environment = dict(os.environ, AWS_ACCESS_KEY_ID=moto_world.KEYS["aws_access_key_id"],
                       AWS_SECRET_ACCESS_KEY=moto_world.KEYS["aws_secret_access_key"],
                       AWS_REGION=moto_world.REGION, AWS_ENDPOINT_URL=url, XDG_STATE_HOME=state)
    print("A VPC in moto's server at %s. The groups of web-3, a machine with two ENIs:" % url)
    groups(ec2, ids)
    command = ["run", "isolate-sg", "instance=web-3", "settle=2", "--ticket", "IR-42"]
    print("\n$ cordon " + " ".join(command))
    code, shown = on_terminal([cordon] + command, environment)
    print("\nexit %d. The groups of web-3 now:" % code)
    groups(ec2, ids)
    for line in (["runs"], ["log", "verify", "last"]):
        print("\n$ cordon " + " ".join(line))
        subprocess.run([cordon] + line, env=environment, check=True)
    print("\nTaking it back with the lines that it printed:")
    for line in re.findall(r"^  (cordon .* call .*)\r?$", shown, re.M):
        print("$ %s --yes" % line[:100] + ("..." if len(line) > 100 else ""))
        subprocess.run([cordon] + shlex.split(line)[1:] + ["--yes", "--quiet"], env=environment,
                       check=True, stdout=subprocess.DEVNULL)
    groups(ec2, ids)
    return code


def main():
    process, url = moto_world.start()
    try:
        with tempfile.TemporaryDirectory() as state:
            return demo(os.path.abspath(sys.argv[1]), url, state)
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
