"""The load that kills and stops are tried under: numbered messages of many
keys, in order, through a handler that crashes now and then, into a file."""

import collections
import json

from sandbox import expect

PIPELINE = """\
config_version = 1

[node]
data_dir = "node"
shutdown_grace = "20s"

[sources.numbers]
type = "file"
path = "numbers.ndjson"
format = "ndjson"
key = "json:key"

[routers.by_key]
inputs = ["numbers"]
type = "consistent_hash"
key = "routing_key"
queue = "keyed"

[queues.keyed]
type = "durable"
order = {{ key = "routing_key", partitions = 16 }}

[handlers.tally]
inputs = ["by_key"]
threads = 4

[handlers.tally.settings]
pause_us = {pause_us}
throw_every = 331
output = "seen"

[handlers.tally.retry]
attempts = 1000
backoff = {{ initial = "1ms", factor = 2.0, max = "20ms", jitter = 0.2 }}

[handlers.tally.supervise]
max_restarts = 1000000
backoff = {{ initial = "1ms", factor = 2.0, max = "20ms", jitter = 0.2 }}

[sinks.seen]
inputs = ["tally.seen"]
type = "file"
path = "seen.ndjson"
format = "body"
"""


class keyed_load:
    """Makes the input of a sandbox, and checks what became of it."""

    def __init__(self, place, lines, keys, pause_us=0):
        self.place = place
        self.lines = [
            f'{{"key":"k{i % keys}","number":{i // keys + 1}}}'
            for i in range(lines)]
        place.write("numbers.ndjson", "\n".join(self.lines) + "\n")
        self.expected = group(self.lines)
        self.set_pause(pause_us)

    def set_pause(self, pause_us):
        """Sets how long the next node's handlers take for each message."""
        self.place.write(
            "pipeline.toml", PIPELINE.format(pause_us=pause_us))

    def bytes(self):
        return self.place.size("numbers.ndjson")

    def progress(self):
        """Bytes that have come out at the end."""
        return self.place.size("seen.ndjson")

    def check(self):
        self.check_sink()
        self.check_state()
        self.check_queues()
        self.place.run("storage", "verify", "-c", "pipeline.toml") \
            .ends_with(0).says("all sound")

    def check_sink(self):
        """Every line once, each key's in the order of the input."""
        found = group(self.place.read_lines("seen.ndjson"))
        for key, numbers in self.expected.items():
            got = found.pop(key, [])
            if got == numbers:
                continue
            times = collections.Counter(got)
            expect(False, f"each message of {key} comes out once, in order",
                   f"{len(numbers)} went in, {len(got)} came out",
                   f"lost: {[x for x in numbers if not times[x]][:10]}",
                   f"repeated: {[x for x, n in times.items() if n > 1][:10]}",
                   "out of order at: "
                   f"{[b for a, b in zip(got, got[1:]) if b != a + 1][:10]}")
        expect(not found, "nothing comes out that did not go in", found)

    def check_state(self):
        """Each key's state counts its messages, once each."""
        rows = self.place.run("state", "ls", "tally", "--json", "-c",
                              "pipeline.toml").ends_with(0).rows()
        found = {(x["scope"], x["name"]): x["value"] for x in rows}
        wanted = {(key, name): str(len(numbers))
                  for key, numbers in self.expected.items()
                  for name in ("count", "last")}
        wrong = {x: (wanted.get(x), found.get(x))
                 for x in wanted.keys() | found.keys()
                 if wanted.get(x) != found.get(x)}
        expect(not wrong, "the state counts each key's messages once (wanted, "
               "found)", list(wrong.items())[:10])

    def check_queues(self):
        """Nothing is left over, and nothing came out of order."""
        dead = self.place.run("dlq", "show", "tally.dead", "--json", "-c",
                              "pipeline.toml").ends_with(0).rows()
        expect(not dead, "there are no dead letters",
               [x["headers"].get("x-error-text") for x in dead[:5]])
        left = {name: x["length"] for name, x
                in self.place.queues("-c", "pipeline.toml").items()
                if x["length"] != 0}
        expect(not left, "every queue is empty", left)


def group(lines):
    """Returns the numbers of each key in the order of the lines. A line cut
    short is a message that nobody sent."""
    found = collections.defaultdict(list)
    for line in lines:
        try:
            message = json.loads(line)
            found[message["key"]].append(message["number"])
        except (ValueError, KeyError, TypeError):
            found[f"the broken line {line[:80]!r}"].append(0)
    return found
