"""run.py [--times N] [--full] [--only PART,...] CORDON: `make bench`.

Measures the release binary beside boto3, awscli and a bare C program on libcurl, all against
peer.py on 127.0.0.1. --full adds what takes minutes or gigabytes. docs/performance.md says
what each part measures. Ends with 1 when an aim was missed.
"""
import argparse
import os
import platform
import sys
import tempfile

import growth
import rivals
import startup
import trips
from costs import Costs, Report

PARTS = {"startup": startup.measure, "isolate": rivals.isolate, "prepared": rivals.prepared,
         "read": rivals.read, "tls": rivals.tls, "trips": trips.measure, "decode": growth.decode,
         "calls": growth.calls, "awscli": rivals.awscli, "journal": growth.journal}
FULL_ONLY = {"journal"}


def machine():
    model = "?"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return "%s, %d cores, Linux %s, Python %s, load %.1f" % (
        model, os.cpu_count(), platform.release(), platform.python_version(), os.getloadavg()[0])


class Bench:
    """What every part needs."""

    def __init__(self, cordon, folder, times):
        self.cordon, self.folder, self.times = os.path.abspath(cordon), folder, times
        self.costs = Costs(os.path.join(folder, "tools"))
        self.report = Report()

    def environment(self, peer, **more):
        """No setting of whoever runs the bench reaches what is measured."""
        state = tempfile.mkdtemp(dir=self.folder)
        return {"PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8",
                "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
                "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": peer.url,
                "XDG_STATE_HOME": state, "XDG_CONFIG_HOME": os.path.join(self.folder, "none"),
                **more}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cordon")
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else [
        p for p in PARTS if options.full or p not in FULL_ONLY]
    print("%s\n%s" % (options.cordon, machine()))
    with tempfile.TemporaryDirectory(prefix="cordon-bench-") as folder:
        bench = Bench(options.cordon, folder, options.times)
        for part in wanted:
            PARTS[part](bench)
        missed = bench.report.missed
    print("\n%s" % ("all aims met" if not missed else "MISSED: " + "; ".join(missed)))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
