"""What is done to a cluster: each run by its name in `RUNS`."""

import pathlib
import signal

import disks
import network
import tracing
from etcds import leader_among

LEASE = 1.5  # seconds, docs/cluster.md


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
    """Returns who has ended by itself, and its last words."""
    return [f"{x.name} has ended with {x.process.returncode}; its last "
            "words:\n" + "\n".join(x.said().splitlines()[-8:])
            for x in members.members if not x.is_alive()]


def any_of(what):
    return what.dice.choice(what.cluster.members)


def leader(what, group=0):
    """Returns the group's leader, once it has one."""
    found = []
    what.cluster.wait_until(
        lambda: found.append(what.cluster.leader_of(group)) or found[-1], 20)
    return found[-1] or any_of(what)


# -- N1, N2, N13: kills

def kill_any(what):
    """kill -9 of any node every 5 s, started again after a while"""
    while what.goes_on():
        x = any_of(what)
        what.fault(f"kills {x.name}")
        x.kill()
        what.sleep(what.dice.choice((0.1, 1, 3)))
        x.start()
        what.sleep(5)


def kill_confirming_leader(what):
    """kill -9 of the leader of group 0, each time right behind a confirm"""
    while what.goes_on():
        x = leader(what)
        before = len(what.record.confirmed)
        what.cluster.wait_until(
            lambda: len(what.record.confirmed) > before, 10)
        what.fault(f"kills {x.name}, which leads group 0")
        x.kill()
        what.sleep(1)
        x.start()
        what.sleep(8)


def kill_all(what):
    """kill -9 of all nodes at once, and once of all etcds as well"""
    for with_etcds in (False, True):
        what.fault("kills all" + (", etcds too" if with_etcds else ""))
        for x in what.cluster.members:
            x.kill()
        if with_etcds:
            for x in what.cluster.members:
                x.signal_etcd(signal.SIGKILL)
        revive(what)
        what.sleep(max(8, what.seconds / 2 - 3))


# -- N3: partitions

def halves(what, names):
    """One against two, both ways."""
    alone, *others = names
    return [(alone, x) for x in others] + [(x, alone) for x in others]


def one_way(what, names):
    """One is not heard by the others, but hears them."""
    alone, *others = names
    return [(alone, x) for x in others]


def deaf(what, names):
    """One does not hear the others, but is heard."""
    return [(y, x) for x, y in one_way(what, names)]


def broken_line(what, names):
    """Two do not hear each other; both hear the third."""
    first, second, _ = names
    return [(first, second), (second, first)]


def partition(what):
    """partitions: halves, one-way, deaf, and a broken line"""
    net = what.cluster.network
    shapes = [halves, broken_line, one_way, deaf]
    turn = 0
    while what.goes_on():
        members = list(range(what.cluster.size))
        what.dice.shuffle(members)
        shape = shapes[turn % len(shapes)]
        turn += 1
        what.fault(f"{shape.__name__} of "
                   + " ".join(f"n{x + 1}" for x in members))
        for sender, receiver in shape(what, members):
            net.cut(sender, receiver)
        what.sleep(what.dice.choice((3, 6, 9)))
        net.heal()
        what.say("lines are whole")
        what.sleep(5)


# -- N4: pauses

def pause_leader(what):
    """SIGSTOP of a leader for 1, 2 and 5 leases, then SIGCONT"""
    turn = 0
    while what.goes_on():
        x = leader(what, what.dice.randrange(64))
        leases = (1, 2, 5)[turn % 3]
        turn += 1
        what.fault(f"stops the time of {x.name} for {leases} leases")
        what.pause(x, leases * LEASE)
        what.sleep(5)


# -- N5, N6: disks

def fill_disks(what):
    """the disk of a follower fills, then that of a leader, nearly and wholly"""
    first = leader(what)
    other = next(x for x in what.cluster.members if x is not first)
    for left, how in ((disks.NEARLY, "nearly "), (disks.FULL, "")):
        for x in (other, first):
            what.fault(f"{how}fills the disk of {x.name}")
            disks.fill(x, left)
            what.sleep(10)
            make_room(what, x)
            what.sleep(5)


def make_room(what, member):
    """Makes room, and starts a node that has ended for lack of it."""
    has_ended = not member.is_alive()
    what.say(f"makes room on the disk of {member.name}"
             + (", which has ended" if has_ended else ""))
    disks.empty(member)
    if has_ended:
        member.start()


def break_writes(what):
    """fdatasync fails: the node has to end, and comes back"""
    while what.goes_on():
        x = any_of(what)
        what.fault(f"lets the disk of {x.name} fail")
        with tracing.of(x, "fdatasync,fsync",
                        "fdatasync,fsync:error=EIO:when=5+"):
            has_ended = what.cluster.wait_until(
                lambda: not x.is_alive(), 15)
        what.say(f"{x.name} has ended" if has_ended else
                 f"FAULT: {x.name} goes on with a disk that fails")
        if not has_ended:
            what.broken.append(f"{x.name} went on with a disk that failed")
            x.kill()
        x.start()
        what.sleep(8)


# -- N7, N8: stores

def wipe(what):
    """a node's store is gone while it is down"""
    while what.goes_on():
        x = any_of(what)
        what.fault(f"kills {x.name} and wipes its store")
        x.kill()
        x.wipe_store()
        what.sleep(1)
        x.start()
        what.cluster.wait_until_whole(60)
        what.sleep(3)


def flip_byte(what):
    """a byte of a node's log is another after a restart"""
    while what.goes_on():
        x = any_of(what)
        what.fault(f"kills {x.name} and flips a byte of its newest log")
        x.kill()
        disks.flip_byte(x, what.dice)
        x.start()
        has_ended = what.cluster.wait_until(lambda: not x.is_alive(), 5)
        if has_ended:  # refused; it says to move its store aside
            what.say(f"{x.name} refuses its store: "
                     + x.said().splitlines()[-1][:150])
            x.wipe_store()
            x.start()
        what.cluster.wait_until_whole(60)
        what.sleep(3)


# -- N10: the coordinator

def harm_etcd(what):
    """etcd: its leader dies, two of three stand still, its disk is slow"""
    turn = 0
    while what.goes_on():
        (kill_etcd_leader, stop_two_etcds, slow_etcd)[turn % 3](what)
        turn += 1
        what.sleep(5)


def kill_etcd_leader(what):
    x = leader_among(what.cluster.members) or any_of(what)
    what.fault(f"kills the etcd of {x.name}, which leads")
    x.signal_etcd(signal.SIGKILL)
    what.sleep(8)


def stop_two_etcds(what):
    two = what.dice.sample(what.cluster.members, 2)
    what.fault("stops the etcds of " + " and ".join(x.name for x in two))
    for x in two:
        x.signal_etcd(signal.SIGSTOP)
    before = len(what.record.confirmed)
    what.sleep(8)
    if len(what.record.confirmed) == before:
        what.broken.append("nothing was confirmed while etcd stood still")
    for x in two:
        x.signal_etcd(signal.SIGCONT)


def slow_etcd(what):
    if tracing.why_not():
        return
    x = any_of(what)
    what.fault(f"each fsync of the etcd of {x.name} takes 300 ms")
    with tracing.of_pid(x.etcd_pid(), "fdatasync,fsync",
                        "fdatasync,fsync:delay_enter=300000"):
        what.sleep(8)


# -- N11, N12: moves and restarts

def drain(what, x, seconds=30):
    """Drains a member by asking another; says whether it leads nothing."""
    other = next(y for y in what.cluster.members if y is not x)
    code, _, why = other.ask("drain", x.name)
    if code != 0:
        what.say(f"the drain of {x.name} was refused: {why.strip()[:150]}")
        return False

    def leads_nothing():
        seen = what.cluster.status()
        return seen and all(y["leads"] == 0 for y in seen["members"]
                            if y["member"] == x.name)
    return what.cluster.wait_until(leads_nothing, seconds)


def join(what, x):
    other = next(y for y in what.cluster.members if y is not x)
    code, _, why = other.ask("join", x.name)
    if code != 0:
        what.say(f"the join of {x.name} was refused: {why.strip()[:150]}")


def drain_and_kill(what):
    """all groups of a member move away and back, with kills in between"""
    while what.goes_on():
        x = any_of(what)
        what.fault(f"drains {x.name}")
        what.say("drained" if drain(what, x) else "did not drain")
        join(what, x)
        if what.dice.random() < 0.5:
            y = any_of(what)
            what.fault(f"kills {y.name}")
            y.kill()
            what.sleep(1)
            y.start()
        what.sleep(5)


def restart_in_turn(what):
    """a rolling restart: drain, SIGTERM, start, join, one after another"""
    turn = 0
    while what.goes_on():
        x = what.cluster[turn % what.cluster.size]
        turn += 1
        what.fault(f"drains and restarts {x.name}")
        what.say("drained" if drain(what, x) else "did not drain")
        code = x.terminate()
        if code != 0:
            what.broken.append(f"{x.name} ended with {code} at SIGTERM")
            x.kill()
        x.start()
        what.cluster.wait_until_whole(60)
        join(what, x)
        what.sleep(2)


# -- N9: clocks

def bend_clocks(what):
    """one clock runs 5 % fast, wall clocks are an hour off"""
    what.fault("clocks go wrong")
    while what.goes_on():
        x = what.cluster[2]
        what.fault(f"kills {x.name}, whose clock is fast")
        x.kill()
        what.sleep(1)
        x.start()
        what.sleep(10)


def set_clocks(members):
    """Gives two members wrong clocks; those of etcd beside them are right."""
    library = pathlib.Path(members.program).parent / "libcluster_skewed_clock.so"
    for name, rate, shift in (("n2", 1.0, -3600), ("n3", 1.05, 3600)):
        members.environments[name] = {
            "LD_PRELOAD": str(library.resolve()),
            "SKEWED_CLOCK_RATE": str(rate), "SKEWED_CLOCK_SHIFT": str(shift)}


# -- N14

def mixture(what):
    """kills, partitions and pauses, at random"""
    net = what.cluster.network
    while what.goes_on():
        x = any_of(what)
        how = what.dice.choice(("kill", "cut", "pause"))
        what.fault(f"{how} of {x.name}")
        if how == "kill":
            x.kill()
            what.sleep(what.dice.uniform(0, 3))
            x.start()
        elif how == "pause":
            what.pause(x, what.dice.uniform(0.5, 5))
        else:
            order = list(range(what.cluster.size))
            what.dice.shuffle(order)
            shape = what.dice.choice((halves, one_way, deaf, broken_line))
            for sender, receiver in shape(what, order):
                net.cut(sender, receiver)
            what.sleep(what.dice.uniform(1, 6))
            net.heal()
        what.sleep(what.dice.uniform(1, 5))


RUNS = {
    "N1": kind(kill_any),
    "N2": kind(kill_confirming_leader),
    "N3": kind(partition, needs_network=True),
    "N4": kind(pause_leader),
    "N5": kind(fill_disks, why_not=disks.why_not, prepare=disks.mount,
               clean=disks.unmount),
    "N6": kind(break_writes, why_not=tracing.why_not),
    "N7": kind(wipe),
    "N8": kind(flip_byte),
    "N9": kind(bend_clocks, prepare=set_clocks),
    "N10": kind(harm_etcd),
    "N11": kind(drain_and_kill),
    "N12": kind(restart_in_turn),
    "N13": kind(kill_all),
    "N14": kind(mixture, needs_network=True),
}
