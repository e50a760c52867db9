"""What is done to a cluster: each run by its name in `RUNS`."""

import signal

import network


class kind:
    """A run: what it does, what it needs, what it does before and after."""

    def __init__(self, harm, needs_network=False, why_not=lambda: "",
                 prepare=lambda members: None, clean=lambda members: None):
        self.harm, self.needs_network = harm, needs_network
        self.asks, self.prepare, self.clean = why_not, prepare, clean

    def why_not(self):
        return (self.needs_network and network.why_not()) or self.asks()


def revive(what):
    """Starts those that do not run."""
    for x in what.cluster.members:
        if x.is_paused:
            x.resume()
        if not x.is_alive():
            x.start()


def heal(what):
    """Ends all faults: nobody is paused, dead or cut off."""
    what.say("heals")
    if what.cluster.network:
        what.cluster.network.heal()
    for x in what.cluster.members:
        x.signal_etcd(signal.SIGCONT)
    revive(what)


def who_died(members):
    """Returns who has ended by itself; a store that is refused says so."""
    out = []
    for x in members.members:
        if not x.is_alive():
            out.append(f"{x.name} has ended with {x.process.returncode}; its "
                       "last words:\n" + "\n".join(x.said().splitlines()[-8:]))
    return out


def kill_any(what):
    """kill -9 of any node every 5 s, started again after a while"""
    while what.goes_on():
        x = what.dice.choice(what.cluster.members)
        what.fault(f"kills {x.name}")
        x.kill()
        what.sleep(what.dice.choice((0.1, 1, 3)))
        x.start()
        what.sleep(5)


RUNS = {
    "N1": kind(kill_any),
}
