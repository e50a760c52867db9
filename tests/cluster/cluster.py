"""Starts the members of a cluster on this machine, and harms them.

Whatever it starts ends with the script that started it, however that ends: a
guard waits beside it, since etcds outlive their nodes on purpose.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HOST = "127.0.0.1"
GROUPS = 64  # of every cluster; a member that just started knows of fewer
NODE = """\
[node]
name = "{name}"
data_dir = "{data}"

[cluster]
name = "nemesis"
listen = "{host}:{cluster_port}"
{tls}
{etcd}
[sources.amqp]
type = "amqp_server"
listen = "{host}:{amqp_port}"
exchange = "work"

[routers.by_key]
inputs = ["amqp"]
type = "consistent_hash"
key = "routing_key"
queue = "keyed"

[queues.keyed]
order = {{ key = "routing_key", partitions = 64 }}

[handlers.witness]
inputs = ["by_key"]
threads = 4
settings = {{ path = "{witness}", pause_us = "2000" }}

[users.guest]
password = "guest"
permissions."/" = {{ configure = ".*", write = ".*", read = ".*" }}
"""
BROKER = """\
[node]
name = "{name}"
data_dir = "{data}"

[cluster]
name = "@cluster@"
listen = "{host}:{cluster_port}"
{tls}
{etcd}
[sources.amqp]
type = "amqp_server"
listen = "{host}:{amqp_port}"

[users.guest]
password = "guest"
permissions."/" = {{ configure = ".*", write = ".*", read = ".*" }}
# {witness}
"""


def broker(name):
    """The configuration of a member of the cluster `name` that has no
    pipeline: clients bring their queues."""
    return BROKER.replace("@cluster@", name)


def expect(holds, what):
    if not holds:
        raise AssertionError(what)


def is_free(port, host=HOST):
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind((host, port))
            return True
        except OSError:
            return False


def free_ports(count, first):
    """Returns ports that nobody has just now, below those the system deals
    out: until somebody listens there, nobody else is to come by them."""
    lowest, most, found = 10_000, 20_000, []
    for step in range(most):
        port = lowest + (first + step) % most
        if is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError("no ports are free between 10000 and 30000; end what "
                  "listens there")


def words_of(pid):
    """Returns the command line of a process; "" when there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() \
            .replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def pid_in(path, words):
    """Returns the pid in a file, if a process with such words still has it."""
    try:
        pid = int(path.read_text())
    except (OSError, ValueError):
        return None
    return pid if words in words_of(pid) else None


def stands_still(pid):
    """Says whether all threads of a process are stopped."""
    states = []
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            states.append(path.read_text().rpartition(")")[2].split()[0])
        except OSError:
            continue  # it has ended
    return all(x in "TtZX" for x in states)


def send(pid, number):
    """Sends a signal, and says whether anybody was there to get it."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def end_all(folder):
    """Ends every node and etcd whose pid lies under the folder."""
    for name in ("node.pid", "etcd.pid"):
        for path in pathlib.Path(folder).glob(f"*/{name}"):
            pid = pid_in(path, str(folder))
            if pid:
                send(pid, signal.SIGKILL)


class member:
    """One node and the etcd beside it."""

    def __init__(self, of, name, host, ports, prefix):
        self.of, self.name, self.host = of, name, host
        self.program = of.program
        self.amqp_port, self.cluster_port = ports[:2]
        self.etcd_client_port, self.etcd_peer_port, self.etcd_local_port = \
            ports[2:]
        self.prefix = prefix  # of its command, such as `ip netns exec`
        self.folder = of.folder / name
        self.folder.mkdir(exist_ok=True)
        self.witness = of.folder / f"{name}.witness"
        self.log = of.folder / f"{name}.log"
        self.process = None
        self.is_paused = False

    def write(self, etcd, tls):
        self.config = self.of.folder / f"{self.name}.toml"
        self.config.write_text(self.of.configuration.format(
            name=self.name, data=self.folder, host=self.host, tls=tls,
            cluster_port=self.cluster_port, amqp_port=self.amqp_port,
            etcd=etcd, witness=self.witness))

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, self.program, "run", "-c", self.config,
                 *self.of.run_words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.of.environments.get(self.name, {})})
        (self.folder / "node.pid").write_text(str(self.process.pid))

    def refusal(self, seconds=60):
        """Starts it when it is to be refused; returns what it says."""
        before = len(self.said())
        self.start()
        expect(self.process.wait(seconds) == 78,
               f"{self.name} ended with {self.process.returncode}")
        return self.said()[before:]

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() \
            else ""

    def kill(self):
        self.is_paused = False
        if self.is_alive():
            self.process.kill()
            self.process.wait()

    def terminate(self, seconds=60):
        """Ends it in order; returns its exit code, None if it does not end."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def pause(self):
        """Returns once all of its threads stand still, which may take a while
        where processors are short."""
        self.is_paused = True
        self.process.send_signal(signal.SIGSTOP)
        while self.is_alive() and not stands_still(self.process.pid):
            time.sleep(0.001)

    def resume(self):
        self.is_paused = False
        if self.is_alive():
            self.process.send_signal(signal.SIGCONT)

    def wipe_store(self):
        shutil.rmtree(self.folder / "store")

    def etcd_pid(self):
        return pid_in(self.folder / "etcd.pid", str(self.folder))

    def signal_etcd(self, number):
        pid = self.etcd_pid()
        return bool(pid) and send(pid, number)

    def ask(self, *words, seconds=15):
        """Runs `troupe cluster WORDS` on it; returns code, output, errors."""
        return self.run("cluster", *words, seconds=seconds)

    def run(self, *words, seconds=15):
        """Runs `troupe WORDS` on it; returns code, output, errors."""
        command = [self.program, *words, "-c", self.config]
        try:
            done = subprocess.run(command, capture_output=True, text=True,
                                  timeout=seconds, errors="replace")
        except subprocess.TimeoutExpired:
            return None, "", f"no answer within {seconds} s"
        return done.returncode, done.stdout, done.stderr


def run_cases(cases, make):
    """Runs those that the command line names behind the program, or all:
    `make(program, folder)` gives each its members, in a folder of its own."""
    program, *names = sys.argv[1:]
    for name in names or cases:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="troupe-cluster-") as folder:
            members = make(program, pathlib.Path(folder))
            try:
                cases[name](members)
            finally:
                members.close()
        print(f"{name}: as it should be, in {time.monotonic() - began:.0f} s",
              flush=True)


class cluster:
    """Some members in a folder. `network` gives each a network of its own;
    without one, all are on the loopback. `configuration` is what they are
    told, with the names in NODE."""

    def __init__(self, program, folder, size=3, network=None,
                 configuration=NODE):
        self.program = pathlib.Path(program).resolve()
        self.folder = pathlib.Path(folder).resolve()
        self.size, self.network = size, network
        self.configuration = configuration
        self.members = []
        self.environments = {}  # what is added to that of a member, by name
        self.run_words = []  # of `troupe run`, behind the configuration
        self.guard = subprocess.Popen(
            [sys.executable, "-B", __file__, "--guard", self.folder],
            stdin=subprocess.PIPE, start_new_session=True)

    def __getitem__(self, index):
        return self.members[index]

    def named(self, name):
        return next(x for x in self.members if x.name == name)

    def lay_out(self, attempt):
        first = (os.getpid() * 16 + attempt * 997) % 20_000
        ports = free_ports(5 * self.size, first)
        hosts = self.network.hosts if self.network else [HOST] * self.size
        prefixes = self.network.prefixes if self.network else \
            [[]] * self.size
        self.members = [
            member(self, f"n{i + 1}", hosts[i], ports[5 * i:5 * i + 5],
                   prefixes[i]) for i in range(self.size)]
        etcd = "".join(
            f'{x.name} = {{ host = "{x.host}", client_port = '
            f"{x.etcd_client_port}, peer_port = {x.etcd_peer_port} }}\n"
            for x in self.members)
        for x in self.members:
            local = f"[cluster.etcd]\nlocal_port = {x.etcd_local_port}\n" \
                if self.network else ""
            tls = self.network.tls(self.folder, x) if self.network else ""
            x.write(f"{local}[cluster.etcd.members]\n{etcd}", tls)

    def start(self, seconds=60):
        """Starts all; elsewhere when somebody took one of the ports."""
        for attempt in range(4):
            self.lay_out(attempt)
            for x in self.members:
                x.start()
            if self.wait_until_whole(seconds):
                return
            if all("in use" not in x.said() for x in self.members):
                break
            self.end()
            for x in self.members:
                shutil.rmtree(x.folder)
                x.log.unlink()
        raise RuntimeError("the cluster does not come up:\n" + self.said())

    def said(self, lines=15):
        return "".join(
            f"--- {x.name}\n" + "".join(
                f"    {y}\n" for y in x.said().splitlines()[-lines:])
            for x in self.members)

    def status(self):
        """Returns what the first member that answers knows, or None."""
        for x in self.members:
            if not x.is_alive() or x.is_paused:
                continue
            code, out, _ = x.ask("status", "--json")
            if code == 0:
                return json.loads(out)
        return None

    def ring(self):
        """Returns what is known of each group, in order; [] if nothing."""
        for x in self.members:
            if not x.is_alive() or x.is_paused:
                continue
            code, out, _ = x.ask("ring", "show", "--json")
            if code == 0:
                return [json.loads(y) for y in out.splitlines()]
        return []

    def leader_of(self, group):
        """Returns the member that leads the group, or None."""
        for row in self.ring():
            if row["group"] == group and row["leader"]:
                return self.named(row["leader"])
        return None

    def is_whole(self):
        """Says whether all are up, and each group has its leader and copies
        in sync."""
        seen = self.status()
        return bool(seen) and all(x["up"] for x in seen["members"]) \
            and len(seen["members"]) == self.size \
            and seen["groups"]["count"] == GROUPS \
            and seen["groups"]["without_leader"] == 0 \
            and seen["groups"]["not_in_sync"] == 0

    def wait_until_whole(self, seconds=60):
        return self.wait_until(self.is_whole, seconds)

    def wait_until(self, holds, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if holds():
                return True
            time.sleep(0.2)
        return False

    def end(self):
        """Ends all at once."""
        for x in self.members:
            x.kill()
        end_all(self.folder)

    def close(self):
        self.end()
        self.guard.stdin.close()
        self.guard.wait()


def guard(folder):
    """Waits until whoever started it is gone, then ends what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    for _ in range(3):  # an etcd may just have been started
        end_all(folder)
        time.sleep(0.2)


if __name__ == "__main__" and sys.argv[1] == "--guard":
    guard(sys.argv[2])
