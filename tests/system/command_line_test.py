"""Says right and wrong things on the command line."""

import base64
import fcntl
import hashlib
import os
import pty
import re
import signal
import subprocess
import termios

import sandbox
from sandbox import expect

PIPELINE = """\
config_version = 1

[node]
data_dir = "a folder"
name = "${NODE_NAME:-quoted \\"node\\"}"

[sources.jobs]
type = "stdin"
format = "lines"

[routers.by_size]
inputs = ["jobs"]
type = "match"
route.big = 'body contains "big"'
route.small = 'not (body contains "big")'
unmatched = "drop"

[routers.by_text]
inputs = ["by_size.big"]
type = "consistent_hash"
key = "body"
queue = "big"

[queues.big]
type = "durable"
max_length = 0
order = { key = "body", partitions = 4 }

[handlers.refuser]
inputs = ["by_text"]
timeout = "1500ms"
settings = { mode = "good", "odd key" = 1.5 }

[handlers.little]
inputs = ["by_size.small"]
class = "refuser"
settings = { mode = "good" }

[sinks.done]
inputs = ["refuser", "little"]
type = "stdout"
format = "json"

[sinks.dead]
inputs = ["refuser.dead"]
type = "file"
path = "dead.ndjson"
format = "json"
"""

WRONG = [
    [], ["dance"], ["run", "--dance"], ["run", "-c"], ["queue"],
    ["queue", "dance"], ["dlq", "show"], ["dlq", "replay", "--yes"],
    ["dlq", "show", "q", "--limit", "many"], ["state", "ls"], ["explain"],
    ["completion", "csh"], ["completion"], ["graph", "--format", "svg"],
    ["validate", "--format", "yaml"], ["run", "extra", "words"],
    ["hash-password", "secret"], ["hash-password", "--password", "secret"],
]


def usage(place):
    """What the command line does not know ends with 64 and says more"""
    for words in WRONG:
        done = place.run(*words).ends_with(64)
        expect(done.err.strip() and not done.out,
               f"`{done.command}` complains on standard error alone", done.err,
               done.out)
    expect(not list(place.folder.iterdir()), "none of them leaves a file",
           list(place.folder.iterdir()))


def answers(place):
    """Questions about the program itself are answered on standard output"""
    for words in (["--help"], ["run", "--help"], ["dlq", "replay", "--help"]):
        done = place.run(*words).ends_with(0)
        expect("Usage" in done.out, f"`{done.command}` shows the usage",
               done.out, done.err)
    expect(re.search(r"\d+\.\d+\.\d+", place.run("version").ends_with(0).out),
           "`version` tells a version")
    expect(len(place.run("version", "--json").ends_with(0).rows()) == 1,
           "`version --json` is one object")
    expect(len(place.run("explain", "E0102").ends_with(0).out) > 80,
           "`explain` tells more about a fault")
    unknown = place.run("explain", "E9999")
    expect(unknown.code != 0, "`explain` knows what it does not know")


def completion(place):
    """The completion script for bash is one that bash takes"""
    script = place.run("completion", "bash").ends_with(0).out
    done = subprocess.run(["bash", "-n"], input=script, text=True,
                          capture_output=True, check=False)
    expect(done.returncode == 0, "`bash -n` accepts it", done.stderr)
    ask = script + """
COMP_WORDS=(troupe dlq "")
COMP_CWORD=2
_troupe
printf '%s\\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(["bash"], input=ask, text=True, capture_output=True,
                          check=False)
    expect({"ls", "show", "replay"} <= set(done.stdout.split()),
           "it completes `troupe dlq`", done.stdout, done.stderr)
    for shell in ("zsh", "fish"):
        expect(place.run("completion", shell).ends_with(0).out,
               f"there is one for {shell}")


def is_hash_of(password, printed):
    """Whether a line is what [users] takes for the password."""
    kind, rounds, salt, seen = printed.rstrip("\n").split("$")
    made = hashlib.pbkdf2_hmac("sha256", password.encode(),
                               base64.b64decode(salt), int(rounds))
    return kind == "pbkdf2-sha256" and made == base64.b64decode(seen)


def hash_password(place):
    """`hash-password` prints the hash of a line that [users] takes"""
    for typed, password in (("secret\n", "secret"), ("secret", "secret"),
                            (" wörd \nmore\n", " wörd "),
                            ("x" * 1024 + "\n", "x" * 1024)):
        printed = place.run("hash-password", stdin=typed).ends_with(0).out
        expect(is_hash_of(password, printed), f"it is that of '{password}'",
               printed)
        again = place.run("hash-password", stdin=typed).ends_with(0).out
        expect(again != printed, "each has a salt of its own", again)
    place.write("pipeline.toml", PIPELINE + f"""
[users.anna]
password_hash = "{printed.strip()}"
""")
    place.run("validate", "-c", "pipeline.toml").ends_with(0)
    for wrong in ("", "\n", "x" * 1025 + "\n", "x" * 100_000, "a\0b\n"):
        done = place.run("hash-password", stdin=wrong).ends_with(65)
        expect(done.err.startswith("error: ") and not done.out,
               "what is no password is told", done.err, done.out)
    words = place.run("completion", "bash").ends_with(0).out
    expect("hash-password" in words, "the completion knows it")


def typed_password(place, *lines):
    """Types the lines at a terminal; returns the code, what was printed, and
    what the terminal showed."""
    here, there = pty.openpty()
    with os.fdopen(here, "r+b", 0) as terminal, \
            open(place.folder / "said", "wb") as said:
        started = subprocess.Popen([place.program, "hash-password"],
                                   stdin=there, stdout=subprocess.PIPE,
                                   stderr=said)
        for i, line in enumerate(lines):
            sandbox.wait_for("it asks", lambda: (
                (place.folder / "said").read_text().count(":") > i))
            terminal.write(line.encode() + b"\n")
        printed = started.communicate(timeout=60)[0].decode()
        os.close(there)
        shown = b""
        try:
            while got := terminal.read(4096):
                shown += got
        except OSError:  # its other end is closed
            pass
    return started.returncode, printed, shown.decode()


def at_a_terminal(place):
    """At a terminal `hash-password` asks twice and shows nothing"""
    code, printed, shown = typed_password(place, "secret", "secret")
    expect(code == 0 and is_hash_of("secret", printed), "it is the hash",
           code, printed)
    expect("secret" not in shown, "the terminal does not show it", shown)
    code, printed, _ = typed_password(place, "secret", "other")
    expect(code == 65 and not printed, "two that differ are refused", code,
           printed)


def shows_typing(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def interrupted(place):
    """Ctrl-C at `hash-password` ends it and the terminal shows typing again"""
    for asked in (1, 2):  # for the password, and once more
        here, there = pty.openpty()
        said = place.folder / "said"
        with os.fdopen(here, "r+b", 0) as terminal, open(said, "wb") as file:
            started = subprocess.Popen(
                [place.program, "hash-password"], stdin=there,
                stdout=subprocess.DEVNULL, stderr=file, start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
            for i in range(1, asked + 1):
                sandbox.wait_for("it asks", lambda: (
                    said.read_text().count(":") == i))
                expect(not shows_typing(there), "typing is not shown")
                terminal.write(b"secret\n" if i < asked else b"half\x03")
            code = started.wait(60)
            expect(code == -signal.SIGINT, "the signal ends it", code)
            expect(shows_typing(there), "typing is shown again")
            os.close(there)


def pictures(place):
    """`graph` draws every component, and every line of it is one of dot's"""
    place.write("pipeline.toml", PIPELINE)
    for form, first in (("mermaid", "flowchart"), ("dot", "digraph")):
        drawn = place.run("graph", "-c", "pipeline.toml", "--format", form) \
            .ends_with(0).out
        expect(drawn.startswith((first, "graph")),
               f"a {form} picture starts as one", drawn)
        for name in ("jobs", "by_size", "by_text", "refuser", "done", "dead"):
            expect(name in drawn, f"the {form} picture shows {name}", drawn)
        if form == "dot":
            expect(drawn.count("{") == drawn.count("}"), "braces match", drawn)


def effective(place):
    """The effective configuration, read again, is the same and runs alike"""
    place.write("pipeline.toml", PIPELINE)
    shown = place.run("show", "config", "--effective", "-c", "pipeline.toml") \
        .ends_with(0).out
    place.write("effective.toml", shown)
    place.run("validate", "-c", "effective.toml").ends_with(0)
    again = place.run("show", "config", "--effective", "-c", "effective.toml") \
        .ends_with(0).out
    expect(again == shown, "reading it gives the same configuration", again)
    for default in ("shutdown_grace", "max_restarts", "attempts", "prefetch"):
        expect(default in shown, f"it shows the default of {default}", shown)
    ran = place.run("run", "-c", "effective.toml", "--until-done",
                    stdin="big one\nlittle\n").ends_with(0)
    bodies = sorted(x["body"] for x in ran.rows())
    expect(bodies == ["big one", "little"], "it runs", ran.out, ran.err)


def streams(place):
    """Results go to standard output alone; words to standard error alone"""
    place.write("pipeline.toml", PIPELINE)
    ran = place.run("run", "-c", "pipeline.toml", "--until-done",
                    stdin="big\n").ends_with(0)
    expect([x["body"] for x in ran.rows()] == ["big"],
           "standard output holds the message alone", ran.out)
    expect("is up" in ran.err and "all is done" in ran.err,
           "standard error tells what happens", ran.err)
    quiet = place.run("run", "-c", "pipeline.toml", "--until-done", "-q",
                      stdin="big\n").ends_with(0)
    expect(not quiet.err, "a quiet run has nothing to say", quiet.err)
    table = place.run("queue", "ls", "-c", "pipeline.toml").ends_with(0).out
    expect(table.startswith("queue") and "big" in table,
           "without --json it is a table", table)


def asked_while_starting(place):
    """Questions to a stopped node keep no node from starting, nor each other"""
    place.write("pipeline.toml", PIPELINE.replace('"stdin"',
                '"file"\npath = "pipeline.toml"'))
    run = ("run", "-c", "pipeline.toml", "--until-done", "-q")
    place.run(*run).ends_with(0)
    for i in range(8):
        asking = [place.start("queue", "ls", "-c", "pipeline.toml",
                              log=f"asked{i}.log") for _ in range(3)]
        place.run(*run).ends_with(0)
        for x in asking:
            x.end(30)
            expect("in use" not in x.said(), "`queue ls` gets an answer",
                   x.said())


sandbox.main(sandbox.arguments().parse_args(), [
    usage, answers, completion, hash_password, at_a_terminal, interrupted,
    pictures, effective, streams, asked_while_starting])
