"""A simulated account behind a proxy that keeps the log: what the scripts about resumed runs and
saved plans share."""
import json
import re
import time

import harness
import proxy as proxies
import sim_peer

READS = ("Describe", "Get", "List")
RUN_ID = re.compile(r"\d{8}T\d{6}Z-[a-z0-9-]+?-[0-9a-f]{4}")


class Stage:
    """A simulated account behind a proxy, and a state folder."""

    def __init__(self, path):
        self.sim = sim_peer.Simulator(path)
        self.proxy = proxies.Proxy(self.sim.url, keep_host=True)
        self.cordon = harness.Cordon(path, self.proxy.url)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.proxy.stop()
        self.sim.stop()

    def mutations(self):
        """Those of the run: its lease's tag is set and taken away as often as it is needed."""
        return [r for r in self.proxy.seen(dry=False) if not r.action.startswith(READS)
                and r.forwarded and "cordon:lease" not in r.params.values()]

    def kill_at(self, number, executed, *words):
        """Starts cordon and kills it when its request of this number comes, or was carried out."""
        process = self.cordon.start(*words)
        if executed:
            rule = proxies.Rule(dry=True, nth=number, after=lambda r: harness.kill(process))
        else:
            rule = proxies.Rule(dry=True, nth=number, call=lambda r: harness.kill(process),
                                reset="before")
        self.proxy.reset(rule)
        done = self.cordon.finish(process, time.time(), 60)
        time.sleep(0.03)
        self.proxy.rules = []
        return done

    def picture(self, evidence=True):
        """All that an isolation may touch, in words that do not depend on the run."""
        ec2 = self.sim.client()
        groups = ec2.describe_security_groups()["SecurityGroups"]
        names = {g["GroupId"]: RUN_ID.sub("RUN", g["GroupName"]) for g in groups
                 if g["GroupName"].startswith("cordon-")}
        found = {"groups": groups,
                 "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
                 "tags": [t for t in ec2.describe_tags()["Tags"]
                          if t["Key"] != "cordon:lease"
                          and (evidence or not t["Key"].startswith("cordon:"))],
                 "acls": ec2.describe_network_acls()["NetworkAcls"],
                 "routes": ec2.describe_route_tables()["RouteTables"]}
        text = json.dumps(found, default=str, sort_keys=True)
        # A run that is killed leaves its lease, which ends by itself.
        for group, name in names.items():
            text = text.replace(group, name)
        text = RUN_ID.sub("RUN", text)
        text = re.sub(r'"Value": "\d{4}-\d\d-\d\dT[\d:]+Z"', '"Value": "TIME"', text)

        def ordered(value):
            if isinstance(value, dict):
                return {k: ordered(v) for k, v in value.items()
                        if "RuleId" not in k and (evidence or k not in ("Tags", "TagSet"))}
            if isinstance(value, list):
                return sorted((ordered(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
            return value
        return ordered(json.loads(text))
