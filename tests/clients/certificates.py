"""Makes keys and certificates with the program openssl, for one test each."""

import subprocess

from broker import HOST, expect

# Nothing of what the machine's own openssl.cnf adds.
SETTINGS = "[req]\ndistinguished_name = name\n[name]\n"


def run(*words, folder):
    done = subprocess.run(["openssl", *words], cwd=folder, text=True,
                          capture_output=True)
    expect(done.returncode == 0, f"openssl {words[0]} works", done.stderr)
    return done.stdout


class authority:
    """Signs certificates in a folder; its own is `NAME.pem` there."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        (folder / "openssl.cnf").write_text(SETTINGS)
        self.request(name, "/CN=" + name, "basicConstraints=critical,CA:TRUE")

    def request(self, name, subject, *extensions, signer=()):
        added = [x for each in extensions for x in ("-addext", each)]
        run("req", "-x509", "-config", "openssl.cnf", "-newkey", "ec",
            "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", subject, "-keyout", name + ".key", "-out", name + ".pem",
            *added, *signer, folder=self.folder)

    def sign(self, name, common_name):
        """Writes NAME.pem and NAME.key; returns the certificate's number."""
        self.request(
            name, "/O=shop/CN=" + common_name, f"subjectAltName=IP:{HOST}",
            signer=("-CA", self.name + ".pem", "-CAkey", self.name + ".key"))
        return int(run("x509", "-in", name + ".pem", "-noout", "-serial",
                       folder=self.folder).strip().partition("=")[2], 16)
