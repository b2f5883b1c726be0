"""`cordon sim serve` as a peer of the tests: one process, its URL, clients with its keys."""
import atexit
import os
import signal
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI"}
REGION = "eu-west-1"

MODELLED = ("package.path = 'stdlib/host/?.lua;' .. package.path "
            "for _, one in ipairs(require('sim').modelled()) do "
            "print(one.service .. ' ' .. one.operation) end")


def modelled():
    """Every simulated operation as (service, boto3 method)."""
    out = subprocess.run(["lua5.4", "-e", MODELLED], cwd=TOP, capture_output=True, text=True,
                         check=True, timeout=30).stdout
    return [tuple(line.split()) for line in out.splitlines()]


class Simulator:
    """Serves the default world, or the one of `world`."""

    def __init__(self, cordon, *flags, world=None):
        self.log = os.path.join(os.environ.get("TMPDIR", "/tmp"), "cordon-sim-%d.log" % os.getpid())
        env = dict(os.environ, AWS_ACCESS_KEY_ID=KEYS["aws_access_key_id"],
                   AWS_SECRET_ACCESS_KEY=KEYS["aws_secret_access_key"])
        words = [cordon, "sim", "serve"] + (["--world", world] if world else []) + list(flags)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(words, cwd=TOP, env=env, stdout=subprocess.PIPE,
                                            stderr=log, text=True)
        atexit.register(self.stop)
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith("http://127.0.0.1:"):
            raise SystemExit("the simulator did not start: " + self.said())

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def rss_mb(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        """Its exit status, after a Ctrl-C."""
        if self.is_alive():
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if os.path.exists(self.log):
            os.unlink(self.log)
        return self.process.returncode

    def client(self, service="ec2", keys=None, **config):
        import boto3
        from botocore.config import Config
        config.setdefault("retries", {"max_attempts": 1, "mode": "standard"})
        config.setdefault("read_timeout", 30)
        return boto3.client(service, region_name=REGION, endpoint_url=self.url,
                            config=Config(**config), **(keys or KEYS))
