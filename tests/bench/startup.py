"""What it costs to start: version, show and plan beside a program that does nothing."""
from costs import alternate, median
from peer import Peer

TIMES = 30


def measure(bench):
    bench.report.title("start-up, medians of %d" % TIMES)
    peer = Peer()
    env = bench.environment(peer)

    def of(*command):
        return lambda: bench.costs.measure(list(command), env)
    costs = alternate(TIMES, {
        "an empty C program": of(bench.costs.empty),
        "cordon version": of(bench.cordon, "version"),
        "cordon show isolate-sg": of(bench.cordon, "show", "isolate-sg"),
        "cordon plan isolate-sg": of(bench.cordon, "plan", "isolate-sg", "instance=web-3"),
    })
    peer.stop()
    bench.report.table(costs)
    for verb in ("version", "show isolate-sg"):
        above = [median(costs["cordon " + verb], what) - median(costs["an empty C program"], what)
                 for what in ("wall", "cpu")]
        bench.report.aim("%s above the empty program, ms of wall" % verb, above[0], 8)
        bench.report.say("%s above the empty program, ms of CPU: %.2f" % (verb, above[1]))
