#!/usr/bin/env python3
"""Memory runs out in a whole run: at the first allocation, the second, ... and, between, at a
sample of the thousands that follow; for ever, or for a moment.

Usage: run_memory.py [TARGET]     (build/asan/fuzz/messages)

TARGET is the fuzz target of a whole run (tests/fuzz/stage.h), which checks what the gate
promises: no mutation that is not in the journal, windows closed or the exit code that says
otherwise, no "nothing was changed" that is wrong. The sanitizer sees to leaks.
"""
import os
import random
import subprocess
import sys
import tempfile

TARGET = sys.argv[1] if len(sys.argv) > 1 else "build/asan/fuzz/messages"
CORPUS = "tests/fuzz/corpus/messages"
SCRIPTS = ("plain", "window", "bind")
FIRST, SAMPLE, LAST = 30, 70, 16000
FAILING = ("", " 1", " 2", " 30")


def main():
    if not os.path.exists(TARGET):
        print("%s is not built: make MODE=asan fuzzers" % TARGET)
        print("0 passed, 0 failed, 1 skipped")
        return 0
    chosen = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        for name in SCRIPTS:
            with open(os.path.join(CORPUS, name)) as f:
                script = f.read()
            for after in list(range(FIRST)) + chosen.sample(range(FIRST, LAST), SAMPLE):
                with open(os.path.join(folder, "%s-%05d" % (name, after)), "w") as f:
                    f.write("%sm %d%s\n" % (script, after, chosen.choice(FAILING)))
        count = len(os.listdir(folder))
        ended = subprocess.run([TARGET, "-artifact_prefix=build/", folder],
                               capture_output=True, text=True, errors="replace")
    if ended.returncode != 0:
        print(ended.stdout[-2000:], ended.stderr[-6000:])
        print("0 passed, 1 failed, 0 skipped")
        return 1
    print("%d passed, 0 failed, 0 skipped" % count)
    return 0


sys.exit(main())
