"""What a command costs: CPU, wall, peak memory, measured side by side in one run.

Owns: the small C helpers, starting commands through them, alternating between rivals
(A B A B ...) and medians. Everything that a command starts is counted with it.
"""
import os
import statistics
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]


class Cost:
    """Milliseconds and megabytes."""

    def __init__(self, cpu, user, system, wall, rss):
        self.cpu, self.user, self.system, self.wall, self.rss = cpu, user, system, wall, rss


class Costs:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.empty = self.build("empty")
        self.replay = self.build("replay", "-lcurl")
        self.launcher = self.build("measure")

    def build(self, name, *libraries):
        program = os.path.join(self.folder, name)
        subprocess.run([os.environ.get("CC", "cc"), *FLAGS, "-o", program,
                        os.path.join(HERE, name + ".c"), *libraries], check=True)
        return program

    def measure(self, command, env=None, code=0):
        """The cost of one run, which must end with `code`."""
        note = os.path.join(self.folder, "cost")
        done = subprocess.run([self.launcher, note, *command], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode != code:
            raise SystemExit("%s: exit %d, not %d\n%s" % (" ".join(command[:4]), done.returncode,
                                                          code, done.stderr.decode()[-2000:]))
        with open(note) as f:
            _, user, system, wall, rss = [int(x) for x in f.read().split()]
        return Cost((user + system) / 1e3, user / 1e3, system / 1e3, wall / 1e3, rss / 1024)


def alternate(times, rivals):
    """Runs each of {name: function giving a Cost} in turn, `times` times: {name: [Cost]}.
    One round more comes first and is thrown away: files and pages are warm for all alike."""
    costs = {name: [] for name in rivals}
    for turn in range(times + 1):
        for name, run in rivals.items():
            cost = run()
            if turn:
                costs[name].append(cost)
    return costs


def median(costs, what):
    return statistics.median(getattr(c, what) for c in costs)


def spread(costs, what):
    values = [getattr(c, what) for c in costs]
    return "%.1f..%.1f" % (min(values), max(values))


def ratio(costs, name, other, what="cpu"):
    """The median of the ratios of neighbouring runs: what both suffered cancels out."""
    pairs = zip(costs[name], costs[other])
    return statistics.median(getattr(a, what) / getattr(b, what) for a, b in pairs)


class Report:
    """Prints figures and remembers which aims were missed."""

    def __init__(self):
        self.missed = []

    def title(self, text):
        print("\n%s\n%s" % (text, "-" * len(text)), flush=True)

    def table(self, costs, order=None):
        print("%-34s %9s %7s %7s %9s %8s   %s" % ("", "CPU ms", "user", "sys", "wall ms",
                                                  "peak MB", "CPU least..most"))
        for name in order or costs:
            c = costs[name]
            print("%-34s %9.2f %7.2f %7.2f %9.2f %8.1f   %s" % (
                name, median(c, "cpu"), median(c, "user"), median(c, "system"),
                median(c, "wall"), median(c, "rss"), spread(c, "cpu")), flush=True)

    def aim(self, text, value, limit, form="%.2f"):
        met = value <= limit
        if not met:
            self.missed.append(text)
        print("  %-58s %s (aim %s): %s" % (text, form % value, form % limit,
                                           "met" if met else "MISSED"), flush=True)

    def say(self, text):
        print("  " + text, flush=True)
