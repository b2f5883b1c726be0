#!/usr/bin/env python3
"""Verifies a cordon journal with nothing but Python: journal_verify.py FILE

Without a file it tests itself against the host's own verifier, on the sample that
build/MODE/tests/journal-sample writes (MODE from the environment, "debug" otherwise).
"""
import hashlib, json, os, random, subprocess, sys, tempfile


def verify(path):
    prev, lines = "0" * 64, open(path, "rb").read().split(b"\n")
    for n, raw in enumerate(lines[:-1]):  # what follows the last newline is no line
        line, body = json.loads(raw), raw[:raw.rindex(b',"hash":"')]
        assert line["seq"] == n and line["prev"] == prev, f"line {n + 1} does not follow"
        prev = hashlib.sha256(body).hexdigest()
        assert raw[len(body):] == b',"hash":"%s"}' % prev.encode(), f"line {n + 1} was altered"
        if "side" in line:
            side = os.path.join(os.path.dirname(path), f"side-{n}.json")
            digest = hashlib.sha256(open(side, "rb").read()).hexdigest()
            assert digest == line[line["side"]]["sha256"], f"{side} was altered"
    return len(lines) - 1, prev


def self_test():
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    tool = os.path.join(top, "build", os.environ.get("MODE", "debug"), "tests", "journal-sample")
    passed = failed = 0

    def check(what, good):
        nonlocal passed, failed
        passed, failed = passed + bool(good), failed + (not good)
        if not good:
            print("not ok:", what)

    def host(file):
        done = subprocess.run([tool, "verify", file], capture_output=True, text=True, timeout=60)
        return done.stdout.split()

    def ours(file):
        try:
            lines, head = verify(file)
            return ["verified", str(lines), head]
        except (AssertionError, ValueError, KeyError, TypeError, AttributeError, OSError):
            return ["tampered"]

    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        head = subprocess.run([tool, "write", run], capture_output=True, text=True, timeout=60).stdout.strip()
        file = os.path.join(run, "journal.jsonl")
        check("both verify the sample, with the head that was printed",
              host(file) == ours(file) == ["verified", "6", head])
        good = open(file, "rb").read()
        dice = random.Random(7)
        for _ in range(150):
            bad = bytearray(good)
            bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
            open(file, "wb").write(bad)
            check("both see a flipped bit", host(file)[0] == "tampered" and
                  (ours(file) == ["tampered"] or ours(file)[1] != "6"))
        lines = good.splitlines(keepends=True)
        for what, text in {"a dropped line": lines[:2] + lines[3:], "swapped lines": lines[:1] + lines[2:0:-1] + lines[3:],
                           "a doubled line": lines[:2] + lines[1:], "no first line": lines[1:]}.items():
            open(file, "wb").write(b"".join(text))
            check("both see " + what, host(file)[0] == "tampered" and ours(file) == ["tampered"])
        open(file, "wb").write(good[:-20])
        check("an incomplete tail is left out", host(file)[:2] == ["incomplete", "5"] and ours(file)[1] == "5")
        open(file, "wb").write(good)
        side = os.path.join(run, "side-0.json")
        text = open(side, "rb").read()
        open(side, "wb").write(text[:-2] + b'z"')
        check("both see an altered side file", host(file)[0] == "tampered" and ours(file) == ["tampered"])
        os.unlink(side)
        check("both see a missing side file", host(file)[0] == "tampered" and ours(file) == ["tampered"])
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(self_test())
    try:
        print("%d lines, head %s" % verify(sys.argv[1]))
    except (AssertionError, ValueError, LookupError, TypeError) as wrong:
        sys.exit(f"TAMPERED: {wrong}")
