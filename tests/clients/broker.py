"""Starts a broker for client tests, and runs tests against it.

A script's tests are functions that take a `stage`; one broker serves them all,
so each asks for names of its own. Alone, this file runs any other program
against a broker:

    broker.py PROGRAM [--broker troupe|rabbitmq] -- COMMAND...

COMMAND finds the broker in AMQP_HOST, AMQP_PORT and BROKER_PID, and a socket in
BROKER_CONTROL that takes lines "stop", "start", "restart" and "kill" (a kill
and a start) and answers each with "done" when that has happened.
"""

import contextlib
import os
import pathlib
import re
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import sandbox  # noqa: E402  (found by the line above)
from sandbox import broken, expect, wait_for  # noqa: E402, F401

HOST = "127.0.0.1"


def free_port():
    """A loopback port that nobody had a moment ago."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return taken.getsockname()[1]


class process_broker:
    """What both brokers share: a process that can be stopped and killed."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.node = None
        self.port = None

    def pid(self):
        return self.node.process.pid

    def said(self):
        return self.node.said() if self.node else ""

    def stop(self):
        """Ends it in order: SIGTERM, and what it does about that."""
        self.node.send(15)
        self.node.end(60)

    def kill(self):
        self.node.kill()

    def restart(self):
        self.stop()
        self.start()

    def kill_and_start(self):
        self.kill()
        self.start()

    def close(self):
        if self.node and self.node.is_alive():
            self.node.kill()


# What the broker of most tests is told. @listen@ is where it listens, on the
# same port after a restart, @tls_listen@ the same for TLS, @folder@ its own.
CONFIGURATION = """[node]
data_dir = "@folder@/data"

[sources.amqp]
type = "amqp_server"
listen = "@listen@"
"""


class troupe_broker(process_broker):
    """Troupe with a source `amqp` that listens."""

    name = "troupe"

    def __init__(self, program, folder, configuration=CONFIGURATION):
        super().__init__(folder)
        self.program = pathlib.Path(program).resolve()
        self.configuration = configuration
        self.tls_port = None
        self.starts = 0

    def write_configuration(self):
        text = self.configuration
        for name, value in {
                "@folder@": self.folder, "@listen@": f"{HOST}:{self.port or 0}",
                "@tls_listen@": f"{HOST}:{self.tls_port or 0}"}.items():
            text = text.replace(name, str(value))
        (self.folder / "node.toml").write_text(text)

    def ports(self):
        """Returns what the log says: the ports, those of TLS marked."""
        return [(int(port), bool(tls)) for port, tls in re.findall(
            r"amqp: listening on \S+:(\d+)(?: (\(TLS\)))?", self.said())]

    def start(self):
        self.write_configuration()
        self.starts += 1
        self.node = sandbox.node(
            [self.program, "run", "-c", "node.toml"], self.folder,
            f"node-{self.starts}.log", subprocess.DEVNULL)
        self.node.is_up()
        for port, is_tls in self.ports():
            if is_tls:
                self.tls_port = port
            else:
                self.port = port


class rabbitmq_broker(process_broker):
    """RabbitMQ as Debian has it, with everything it writes in one folder and
    an epmd of its own, so that nothing outlives the test."""

    name = "rabbitmq"
    SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"

    def __init__(self, folder):
        super().__init__(folder)
        expect(os.path.exists(self.SERVER), "rabbitmq-server is installed")
        self.port = free_port()
        self.ports = {"ERL_EPMD_PORT": str(free_port()),
                      "RABBITMQ_DIST_PORT": str(free_port())}
        self.epmd = None

    def environment(self):
        here = str(self.folder)
        (self.folder / "plugins").write_text(
            "[rabbitmq_recent_history_exchange].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = {HOST}:{self.port}\n"
            "log.console = true\nlog.console.level = info\n"
            "disk_free_limit.absolute = 1MB\n")
        return dict(
            os.environ, HOME=here, ERL_EPMD_ADDRESS=HOST, **self.ports,
            RABBITMQ_NODENAME="troupe-tests@localhost",
            RABBITMQ_NODE_IP_ADDRESS=HOST, RABBITMQ_NODE_PORT=str(self.port),
            RABBITMQ_MNESIA_BASE=here + "/data", RABBITMQ_LOG_BASE=here,
            RABBITMQ_LOGS="-", RABBITMQ_ENABLED_PLUGINS_FILE=here + "/plugins",
            RABBITMQ_CONFIG_FILE=here + "/rabbitmq.conf",
            RABBITMQ_PID_FILE=here + "/pid",
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=(
                "-kernel inet_dist_use_interface {127,0,0,1}"))

    def start(self):
        environment = self.environment()
        if not self.epmd:
            self.epmd = subprocess.Popen(
                ["epmd", "-port", self.ports["ERL_EPMD_PORT"], "-address",
                 HOST], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "node.log").unlink()
        self.node = rabbitmq_node([self.SERVER], self.folder, environment)
        self.node.wait_until("RabbitMQ has started", lambda: (
            "Server startup complete" in self.said()), 120)

    def pid(self):
        """The server is a shell script; Erlang runs below it."""
        return int((self.folder / "pid").read_text())

    def stop(self):
        os.kill(self.pid(), 15)
        self.node.end(90)

    def kill(self):
        os.kill(self.pid(), 9)
        self.node.process.kill()
        self.node.process.wait()

    def close(self):
        if self.node and self.node.is_alive():
            self.kill()
        if self.epmd:
            self.epmd.kill()
            self.epmd.wait()


class rabbitmq_node(sandbox.node):
    """A node that is told its folders by its environment."""

    def __init__(self, command, folder, environment):
        self.command = command
        self.log = folder / "node.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=environment)


def make_broker(given, folder, configuration):
    if given.broker == "rabbitmq":
        expect(configuration == CONFIGURATION, "the test is for RabbitMQ too")
        return rabbitmq_broker(folder)
    expect(given.program != "-", "a Troupe program is given to --broker troupe")
    return troupe_broker(given.program, folder, configuration)


class stage:
    """What a test gets: the broker, a folder, and names nobody else has."""

    names = 0

    def __init__(self, broker, folder):
        self.broker = broker
        self.folder = pathlib.Path(folder)
        self.closers = contextlib.ExitStack()

    @property
    def port(self):
        return self.broker.port

    @property
    def is_rabbitmq(self):
        return self.broker.name == "rabbitmq"

    def url(self):
        return f"amqp://guest:guest@{HOST}:{self.port}/%2F"

    def new_name(self, what="queue"):
        stage.names += 1
        return f"{what}-{stage.names}"

    def start(self, *command, **options):
        """Starts a process that ends with the test at the latest."""
        started = subprocess.Popen([str(x) for x in command], **options)
        self.closers.callback(end_process, started)
        return started


def end_process(process):
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()


def arguments():
    parser = sandbox.arguments()
    parser.add_argument("--broker", choices=["troupe", "rabbitmq"],
                        default="troupe")
    return parser


def run_test(test, broker):
    """Runs one test and prints its line; whether it passed."""
    sentence = test.__doc__.strip().splitlines()[0]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="troupe-") as folder:
        place = stage(broker, folder)
        try:
            with place.closers:
                test(place)
        except broken as why:
            print(f"FAILED: {sentence}\n  {why}", flush=True)
            return False
        except Exception:
            print(f"FAILED: {sentence}\n{traceback.format_exc()}", flush=True)
            return False
    print(f"passed in {time.monotonic() - began:5.1f} s: {sentence}",
          flush=True)
    return True


@contextlib.contextmanager
def running_broker(given, configuration=CONFIGURATION):
    """A broker in a folder of its own, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="troupe-broker-",
                                     ignore_cleanup_errors=True) as folder:
        try:
            broker = make_broker(given, folder, configuration)
            with contextlib.closing(broker):
                broker.start()
                yield broker
        except broken as why:
            sys.exit(f"the broker cannot be used: {why}")


def main(given, tests, configuration=CONFIGURATION):
    """Runs the tests against one broker and exits: 0 if all passed."""
    chosen = [x for x in tests if not given.only or given.only in x.__name__]
    failed = 0
    with running_broker(given, configuration) as broker:
        for test in chosen:
            if not run_test(test, broker):
                failed += 1
            if not broker.node.is_alive():
                print(f"the broker ended; it said\n{broker.said()[-4000:]}")
                with contextlib.suppress(broken):
                    broker.start()
    if not chosen:
        print("no test has such a name")
    sys.exit(1 if failed or not chosen else 0)


# -- other programs against a broker -------------------------------------------


def answer_control(broker):
    """Returns the handler of a connection to BROKER_CONTROL."""
    does = {"stop": broker.stop, "start": broker.start,
            "restart": broker.restart, "kill": broker.kill_and_start}

    class control(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                try:
                    does[line.decode().strip()]()
                    self.wfile.write(b"done\n")
                except (broken, KeyError) as why:
                    self.wfile.write(f"failed: {why}\n".encode())
    return control


def run_command(given, command):
    with running_broker(given) as broker:
        path = str(broker.folder / "control")
        with socketserver.ThreadingUnixStreamServer(
                path, answer_control(broker)) as server:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            code = subprocess.call(command, env=dict(
                os.environ, AMQP_HOST=HOST, AMQP_PORT=str(broker.port),
                AMQP_BROKER=broker.name, BROKER_CONTROL=path,
                BROKER_PID=str(broker.pid())))
            server.shutdown()
        if not broker.node.is_alive():
            print(f"the broker ended; it said\n{broker.said()[-4000:]}")
            code = code or 1
    return code


if __name__ == "__main__":
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    if not sys.argv[at + 1:]:
        sys.exit("usage: broker.py PROGRAM [--broker rabbitmq] -- COMMAND...")
    sys.exit(run_command(arguments().parse_args(sys.argv[1:at]),
                         sys.argv[at + 1:]))
