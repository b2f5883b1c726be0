#!/usr/bin/env python3
"""The manual page formats without a warning, and knows every verb, flag and exit status."""
import os, re, shutil, subprocess, sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(TOP, "docs", "cordon.1")
CORDON = os.path.join(TOP, "build", os.environ.get("MODE", "debug"), "cordon")
passed = failed = skipped = 0


def check(what, good):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print("not ok:", what)


page = open(PAGE, encoding="utf-8").read()

if shutil.which("groff") or shutil.which("mandoc"):
    command = ["groff", "-mdoc", "-ww", "-Tutf8", PAGE] if shutil.which("groff") else ["mandoc", "-Tlint", PAGE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    check("no warnings: " + done.stderr, done.returncode == 0 and done.stderr == "")
else:
    skipped += 1
    print("skipped: neither groff nor mandoc is there")

for status in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "130, 143"]:
    check(f"exit status {status}", re.search(rf"^\.It {status}$", page, re.M))

if os.path.exists(CORDON):
    help_text = subprocess.run([CORDON, "help"], capture_output=True, text=True, timeout=60).stdout
    for verb in re.findall(r"^  cordon (\w+)", help_text, re.M):
        check(f"the verb {verb}", re.search(rf"^\.It Cm {verb}\b", page, re.M))
    for flag in re.findall(r"--([a-z-]+)", help_text):
        check(f"the flag --{flag}", f"Fl -{flag}" in page)
    for verb in re.findall(r"^\.It Cm (\w+)", page, re.M):
        check(f"{verb} is in the help", re.search(rf"^  cordon {verb}\b", help_text, re.M))
else:
    skipped += 1
    print("skipped: build/*/cordon is not built")

print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
