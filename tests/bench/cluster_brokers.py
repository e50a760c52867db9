"""The brokers that cluster.py measures: three nodes of Troupe, one, and three
of RabbitMQ, each in a temporary folder, all ended when the measurement ends."""

import contextlib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "clients"), str(HERE.parent / "cluster")]

import broker  # noqa: E402  (found by the line above)
import cluster  # noqa: E402

HOST = "127.0.0.1"
CONFIGURATION = """\
[node]
name = "{name}"
data_dir = "{data}"

[cluster]
name = "bench"
listen = "{host}:{cluster_port}"
{etcd}
[sources.amqp]
type = "amqp_server"
listen = "{host}:{amqp_port}"
"""


class three_nodes:
    """A cluster of three nodes of Troupe, each with an etcd beside itself."""

    name = "three nodes"

    def __init__(self, given, folder):
        self.placement = given.placement
        self.cluster = cluster.cluster(
            given.program, folder, configuration=CONFIGURATION)
        self.tries = 0

    def start(self):
        self.cluster.start()
        self.port = self.cluster[0].amqp_port

    def processes(self):
        """The nodes and what they start: their etcds count as well."""
        etcds = [x.etcd_pid() for x in self.cluster.members]
        return [x.process.pid for x in self.cluster.members] + \
            [x for x in etcds if x]

    def leaders(self):
        """Returns who leads each group, once all are led."""
        seen = {}

        def are_all_led():
            seen.update({x["group"]: x["leader"] for x in self.cluster.ring()})
            return len(seen) == cluster.GROUPS and all(seen.values())
        if not self.cluster.wait_until(are_all_led, 30):
            raise RuntimeError("not every group has a leader:\n" + self.said())
        return seen

    def queue_prefix(self, is_led_here):
        """Returns a prefix so that the queue PREFIX-0 is led by the member
        that clients connect to, or by another."""
        leaders = self.leaders()
        while True:
            self.tries += 1
            prefix = f"bench-{self.tries}"
            group = next(iter(self.keys_by_group(f"{prefix}-0", 1, 1)))
            if (leaders[group] == self.cluster[0].name) == is_led_here:
                return prefix

    def keys_by_group(self, queue, partitions, keys):
        told = subprocess.run(
            [self.placement, queue, str(partitions), str(keys)],
            capture_output=True, text=True, check=True).stdout
        return dict(map(int, x.split()) for x in told.splitlines())

    def shares(self, queue, partitions, keys):
        """Returns how many of so many keys each member handles."""
        leaders = self.leaders()
        shares = {x.name: 0 for x in self.cluster.members}
        for group, count in self.keys_by_group(
                queue, partitions, keys).items():
            shares[leaders[group]] += count
        return shares

    def said(self):
        return self.cluster.said()

    def close(self):
        self.cluster.close()


class one_node:
    """A node of Troupe by itself."""

    name = "single node"

    def __init__(self, given, folder):
        self.node = broker.troupe_broker(given.program, folder)

    def start(self):
        self.node.start()
        self.port = self.node.port

    def processes(self):
        return [self.node.pid()]

    def said(self):
        return self.node.said()[-2000:]

    def close(self):
        self.node.close()


class rabbitmq_member(broker.rabbitmq_broker):
    """One node of RabbitMQ, which shares cookie and epmd with the others."""

    TOOL = "/usr/lib/rabbitmq/bin/rabbitmqctl"

    def __init__(self, folder, number, ports, home, epmd, epmd_port):
        super().__init__(folder)
        self.nodename = f"bench-{number}@localhost"
        self.port, dist_port = ports
        self.home, self.epmd = home, epmd
        self.ports = {"ERL_EPMD_PORT": str(epmd_port),
                      "RABBITMQ_DIST_PORT": str(dist_port)}

    def environment(self):
        return dict(super().environment(), HOME=str(self.home),
                    RABBITMQ_NODENAME=self.nodename)

    def tell(self, *words):
        done = subprocess.run([self.TOOL, *words], env=self.environment(),
                              capture_output=True, text=True, timeout=120)
        broker.expect(done.returncode == 0, f"rabbitmqctl {' '.join(words)}",
                      done.stdout, done.stderr)

    def join(self, first):
        self.tell("stop_app")
        self.tell("join_cluster", first.nodename)
        self.tell("start_app")

    def close(self):
        if self.node and self.node.is_alive():
            self.kill()


class three_rabbits:
    """A cluster of three nodes of RabbitMQ; clients connect to the first."""

    name = "RabbitMQ, quorum"

    def __init__(self, _, folder):
        self.folder = pathlib.Path(folder)
        self.members, self.epmd = [], None

    def start(self):
        ports = cluster.free_ports(7, os.getpid() * 16 % 20_000)
        self.epmd = subprocess.Popen(
            ["epmd", "-port", str(ports[6]), "-address", HOST],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for i in range(3):
            folder = self.folder / f"rabbit-{i + 1}"
            folder.mkdir()
            self.members.append(rabbitmq_member(
                folder, i + 1, ports[2 * i:2 * i + 2], self.folder, self.epmd,
                ports[6]))
            self.members[i].start()
        for x in self.members[1:]:
            x.join(self.members[0])
        self.port = self.members[0].port

    def processes(self):
        return [x.pid() for x in self.members]

    def said(self):
        return "".join(x.said()[-1000:] for x in self.members)

    def close(self):
        for x in self.members:
            with contextlib.suppress(OSError, ValueError):
                x.close()
        if self.epmd:
            self.epmd.kill()
            self.epmd.wait()


KINDS = {"troupe": three_nodes, "single": one_node, "rabbitmq": three_rabbits}


def missing(name):
    """Says what is not installed that this broker needs, or ""."""
    needed = {"troupe": ["/usr/bin/etcd"], "single": [],
              "rabbitmq": [broker.rabbitmq_broker.SERVER]}[name]
    return ", ".join(x for x in needed if not os.path.exists(x))
