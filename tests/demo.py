"""demo.py CORDON: the main job, on the simulator's embedded world, with a live attacker.

A responder isolates web-7 and says yes to each step on a terminal (a pty that this script types
into). The simulator shows which connections were alive before and what became of each.
"""
import os
import pty
import re
import select
import subprocess
import sys
import tempfile

QUESTION = re.compile(rb"\[e\]xplain: $")


def on_terminal(command, environment):
    """Runs the command on a pty, answers each question with y; its exit code."""
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
        shown = (shown + data)[-4096:]
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        if QUESTION.search(shown):
            os.write(fd, b"y\n")
            shown = b""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def say(text):
    print(text)
    sys.stdout.flush()


def demo(cordon, state):
    # Nothing of the user's own may be found: no credentials are needed, and none are used.
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": state,
                   "TERM": os.environ.get("TERM", "dumb"), "XDG_STATE_HOME": state}
    say("$ cordon --sim run isolate-sg instance=web-7 --ticket IR-42")
    code = on_terminal([cordon, "--sim", "run", "isolate-sg", "instance=web-7", "--ticket", "IR-42"],
                       environment)
    say("\nexit %d" % code)
    for line in (["runs"], ["log", "verify", "last"]):
        say("\n$ cordon " + " ".join(line))
        code |= subprocess.run([cordon] + line, env=environment).returncode
    return code


def main():
    with tempfile.TemporaryDirectory() as state:
        return demo(os.path.abspath(sys.argv[1]), state)


if __name__ == "__main__":
    sys.exit(main())
