"""Gives each member a network namespace of its own on a switch that the test
sits on, and cuts lines between them, in one direction or both."""

import contextlib
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
NOWHERE = "02:00:00:00:00:ff"  # a hardware address that nobody has
OPENSSL = "[req]\ndistinguished_name = name\n[name]\n"


def command(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(words)}`: {done.stderr.strip()}")
    return done.stdout


def why_not():
    """Says why this machine has no such networks; nothing where it has."""
    if os.geteuid() != 0:
        return "networks of its own take root"
    name = f"troupe{os.getpid()}-probe"
    try:
        command("ip", "netns", "add", name)
        try:
            command("ip", "-n", name, "link", "add", "bridge0", "type",
                    "bridge")
        finally:
            command("ip", "netns", "del", name)
    except (OSError, RuntimeError) as why:
        return f"`ip netns` does not work here: {why}"
    return ""


class switch:
    """The namespaces; the calling process moves to that of the switch."""

    def __init__(self, count):
        self.count = count
        self.base = f"troupe{os.getpid()}"
        self.hosts = [f"10.77.0.{i + 1}" for i in range(count)]
        self.prefixes = [["ip", "netns", "exec", self.space(i)]
                         for i in range(count)]
        self.authority = None

    def space(self, i):
        return f"{self.base}-{i}"

    def open(self):
        self.add(f"{self.base}-switch")
        center = f"{self.base}-switch"
        command("ip", "-n", center, "link", "add", "bridge0", "type", "bridge")
        command("ip", "-n", center, "addr", "add", "10.77.0.254/24", "dev",
                "bridge0")
        command("ip", "-n", center, "link", "set", "bridge0", "up")
        for i in range(self.count):
            here = self.space(i)
            self.add(here)
            command("ip", "-n", center, "link", "add", f"p{i}", "type", "veth",
                    "peer", "name", "eth0", "netns", here)
            command("ip", "-n", center, "link", "set", f"p{i}", "master",
                    "bridge0", "up")
            command("ip", "-n", here, "addr", "add", f"{self.hosts[i]}/24",
                    "dev", "eth0")
            command("ip", "-n", here, "link", "set", "eth0", "up")
        enter(center)

    def add(self, name):
        command("ip", "netns", "add", name)
        command("ip", "-n", name, "link", "set", "lo", "up")

    def close(self):
        for name in [f"{self.base}-switch",
                     *(self.space(i) for i in range(self.count))]:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def cut(self, sender, receiver):
        """What one sends to the other is lost from now on."""
        command("ip", "-n", self.space(sender), "neigh", "replace",
                self.hosts[receiver], "lladdr", NOWHERE, "nud", "permanent",
                "dev", "eth0")

    def heal(self):
        for i in range(self.count):
            for j in range(self.count):
                subprocess.run(
                    ["ip", "-n", self.space(i), "neigh", "del", self.hosts[j],
                     "dev", "eth0"], capture_output=True)

    def tls(self, folder, member):
        """Makes a certificate; returns the line that names it."""
        if not (folder / "ca.pem").exists():
            (folder / "openssl.cnf").write_text(OPENSSL)
            certify(folder, "ca", "/CN=nemesis",
                    "basicConstraints=critical,CA:TRUE")
        certify(folder, member.name, f"/CN={member.name}",
                f"subjectAltName=IP:{member.host},IP:127.0.0.1",
                "extendedKeyUsage=serverAuth,clientAuth",
                signer=("-CA", "ca.pem", "-CAkey", "ca.key"))
        at = f"{folder}/{member.name}"
        return f'tls = {{ ca = "{folder}/ca.pem", cert = "{at}.pem", ' \
               f'key = "{at}.key" }}'


def certify(folder, name, subject, *extensions, signer=()):
    added = [x for each in extensions for x in ("-addext", each)]
    done = subprocess.run(
        ["openssl", "req", "-x509", "-config", "openssl.cnf", "-newkey", "ec",
         "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", subject, "-keyout", name + ".key", "-out", name + ".pem",
         *added, *signer], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl makes no certificate: {done.stderr}")


def enter(name):
    """Moves this thread, and those it starts, to a namespace."""
    library = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{name}") as space:
        if library.setns(space.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {name}")


@contextlib.contextmanager
def of(is_wanted, count):
    """A switch where one is wanted, nothing where not."""
    if not is_wanted:
        yield None
        return
    made = switch(count)
    try:
        made.open()
        yield made
    finally:
        made.close()
