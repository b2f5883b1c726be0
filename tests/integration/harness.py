"""What the integration scripts share: the program under test, a terminal, a proxy, a world.

Every script takes the cordon binary as its first argument. Nothing here knows what is tested.
"""
import atexit
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import fcntl
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import journal_verify  # noqa: E402

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def binary():
    """The cordon to test: the first argument that is no flag, or the debug build."""
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    path = os.path.abspath(words[0] if words else os.path.join(TOP, "build", "debug", "cordon"))
    if not os.access(path, os.X_OK):
        raise SystemExit("no such program: %s (run make first)" % path)
    return path


def is_sanitized(path):
    return os.sep + "asan" + os.sep in path


class Checks:
    """Counts; says only what fails."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.started = time.time()

    def check(self, what, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        if not good:
            print("FAIL: %s%s" % (what, ": " + str(detail)[-1600:] if detail != "" else ""))
            sys.stdout.flush()
        return bool(good)

    def equal(self, what, got, wanted, detail=""):
        return self.check(what, got == wanted, "got %r, wanted %r %s" % (got, wanted, detail))

    def skip(self, what, why):
        self.skipped += 1
        print("SKIP: %s: %s" % (what, why))

    def finish(self):
        print("%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped))
        sys.exit(1 if self.failed else 0)


# --- running the program ---------------------------------------------------------------

class Result:
    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def __repr__(self):
        return "exit %s after %.1f s\n--stdout\n%s\n--stderr\n%s" % (
            self.code, self.seconds, self.out[-1500:], self.err[-2500:])

    def events(self):
        return [json.loads(line) for line in self.out.splitlines()]


def scratch(prefix="cordon-test-"):
    path = tempfile.mkdtemp(prefix=prefix)
    atexit.register(shutil.rmtree, path, True)
    return path


class Cordon:
    """The program with a state folder of its own, and keys that are nobody's."""

    def __init__(self, path, url, **more):
        self.path, self.home = path, scratch()
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "TERM": "xterm",
            "HOME": self.home, "XDG_STATE_HOME": os.path.join(self.home, "state"),
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
            "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        if url:
            self.env["AWS_ENDPOINT_URL"] = url
        self.env.update(more)

    def start(self, *words, **kw):
        """Without a terminal: in a session of its own."""
        env = dict(self.env, **kw.pop("env", {}))
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        kw.setdefault("cwd", TOP)
        return subprocess.Popen([self.path] + list(words), stdin=subprocess.DEVNULL, env=env,
                                start_new_session=True, **kw)

    def finish(self, process, began, timeout=120):
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += b"\n(it did not end, and was killed by the test)"
        return Result(process.returncode, (out or b"").decode("utf-8", "replace"),
                      (err or b"").decode("utf-8", "replace"), time.time() - began)

    def run(self, *words, timeout=120, **kw):
        began = time.time()
        return self.finish(self.start(*words, **kw), began, timeout)

    def terminal(self, *words, **kw):
        return Terminal(self, words, **kw)

    # --- what it leaves behind

    def runs_folder(self):
        return os.path.join(self.env["XDG_STATE_HOME"], "cordon", "runs")

    def runs(self):
        folder = self.runs_folder()
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def last_run(self):
        """The newest by its first line: ids of one second sort by chance."""
        def started(run):
            path = os.path.join(self.runs_folder(), run, "journal.jsonl")
            return os.stat(path).st_mtime_ns if os.path.exists(path) else 0
        return max(self.runs(), key=started) if self.runs() else None

    def journal_path(self, run=None):
        return os.path.join(self.runs_folder(), run or self.last_run() or "-", "journal.jsonl")

    def journal(self, run=None):
        """The lines; an incomplete last one is left out."""
        with open(self.journal_path(run), "rb") as f:
            return [json.loads(line) for line in f.read().split(b"\n")[:-1]]

    def verifies(self, run=None):
        """"" or what is wrong, by the twelve lines of journal_verify.py and by the program."""
        try:
            journal_verify.verify(self.journal_path(run))
        except (AssertionError, ValueError, LookupError, TypeError, OSError) as wrong:
            return "journal_verify: %r" % wrong
        done = self.run("log", "verify", self.journal_path(run))
        return "" if done.code == 0 else "log verify: %r" % done


class Terminal:
    """The program on a pseudo terminal of its own."""

    def __init__(self, cordon, words, env=None, json_out=False, keep=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, b"\x32\x00\xc8\x00\x00\x00\x00\x00")
        self.seen, self.mark, self.closed = "", 0, False
        self.began = time.time()

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        out = subprocess.PIPE if json_out else slave
        self.process = subprocess.Popen(
            [cordon.path] + list(words), stdin=slave, stdout=out, stderr=slave, cwd=TOP,
            env=dict(cordon.env, **(env or {})), preexec_fn=own_terminal, close_fds=True)
        os.close(slave)
        self.stdout = self.process.stdout

    def _pump(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready or self.closed:
            return
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        if not data:
            self.closed = True
        self.seen += ANSI.sub("", data.decode("utf-8", "replace"))

    def expect(self, text, timeout=30):
        """Waits until `text` (a plain string) comes after what was expected last."""
        end = time.time() + timeout
        while True:
            at = self.seen.find(text, self.mark)
            if at >= 0:
                self.mark = at + len(text)
                return True
            if time.time() > end or self.closed:
                return False
            self._pump(0.2)

    def send(self, text):
        os.write(self.master, text.encode())

    def answer(self, prompt, text, timeout=30):
        ok = self.expect(prompt, timeout)
        if ok:
            self.send(text + "\n")
        return ok

    def hang_up(self):
        self.closed = True
        os.close(self.master)
        self.master = -1

    def wait(self, timeout=60):
        end = time.time() + timeout
        while self.process.poll() is None and time.time() < end:
            if self.closed:
                time.sleep(0.05)
            else:
                self._pump(0.1)
        if self.process.poll() is None:
            self.seen += "\n(it did not end, and was killed by the test)"
            self.process.kill()
        self.process.wait()
        while self.master >= 0 and not self.closed:
            before = len(self.seen)
            self._pump(0.05)
            if len(self.seen) == before:
                break
        out = self.stdout.read().decode() if self.stdout else ""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1
        return Result(self.process.returncode, out, self.seen, time.time() - self.began)


# --- looking at processes ----------------------------------------------------------------

def children_of(pid):
    """Processes whose parent is `pid`."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(name))
    return found


def playbook_processes(host):
    """The fork server's children: the playbook processes of a running host."""
    return [p for server in children_of(host) for p in children_of(server)]


def until(condition, timeout=20, every=0.01):
    end = time.time() + timeout
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(every)
    return condition()


def plain_exit(code):
    """A shell's view of a return code."""
    return 128 - code if code is not None and code < 0 else code


def kill(process, number=signal.SIGKILL):
    if process.poll() is None:
        os.kill(process.pid, number)
