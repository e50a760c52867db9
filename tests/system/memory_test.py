"""Fills a durable queue that nobody empties, and starts on it again."""

import time

import sandbox
from sandbox import expect

PIPELINE = """\
config_version = 1

[node]
data_dir = "node"
memory_budget = "{budget}"

[sources.numbers]
type = "file"
path = "numbers.txt"
format = "lines"

[queues.backlog]
type = "durable"
max_length = 0

[sinks.backlog]
inputs = ["numbers"]
type = "queue"
queue = "backlog"

# Its first message takes an hour.
[handlers.tally]
inputs = ["backlog"]
timeout = "0s"
settings = {{ pause_us = 3600000000 }}
"""

AT = ("-c", "pipeline.toml")
MESSAGE_BYTES = 100


def prepare(place, messages, budget):
    with open(place.folder / "numbers.txt", "w", encoding="ascii") as out:
        for start in range(0, messages, 10_000):
            out.write("".join(
                f"{i:0{MESSAGE_BYTES}}\n"
                for i in range(start, min(start + 10_000, messages))))
    place.write("pipeline.toml", PIPELINE.format(budget=budget))


def fill(place, messages):
    """Starts a node and waits until the queue has confirmed every message."""
    began = time.monotonic()
    node = place.start("run", *AT).is_up()

    def is_filled():
        status = place.run("show", "status", "--json", *AT).ends_with(0).rows()
        return status[0]["sources"][0]["confirmed"] == messages
    node.wait_until(f"{messages} messages are confirmed", is_filled, 1800)
    took = time.monotonic() - began
    print(f"  {messages} messages of {MESSAGE_BYTES} bytes confirmed in "
          f"{took:.1f} s, {messages / took:,.0f} a second")
    return node


def peak_mib(node):
    """The most memory the process has ever had resident, in MiB."""
    status = open(f"/proc/{node.process.pid}/status", encoding="ascii").read()
    line = next(x for x in status.splitlines() if x.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def expect_length(place, messages):
    found = place.queues(*AT)["backlog"]["length"]
    expect(found == messages, f"the queue holds {messages} messages; it holds "
           f"{found}")


def fits_in_memory(place, given):
    """A backlog stays on disk: peak memory keeps within its limit"""
    prepare(place, given.messages, given.budget)
    node = fill(place, given.messages)
    expect_length(place, given.messages)
    peak = peak_mib(node)
    print(f"  peak resident memory {peak:.0f} MiB (limit {given.most_mib})")
    expect(peak <= given.most_mib, f"the process had at most {given.most_mib} "
           f"MiB resident; it had {peak:.0f}")


def starts_again(place, given):
    """After a kill -9, a node with a backlog soon answers with its length"""
    messages = given.restart_with or given.messages
    prepare(place, messages, given.budget)
    fill(place, messages).kill()
    # Three seconds for a million, one of them for a process to start.
    limit = 1 + 2 * messages / 1_000_000
    took = []
    for i in range(3):
        began = time.monotonic()
        node = place.start("run", *AT, log=f"again{i}.log").is_up()
        expect_length(place, messages)
        took.append(time.monotonic() - began)
        print(f"  killed and started again: `queue ls` answers after "
              f"{took[-1]:.2f} s (limit {limit:.1f}), peak "
              f"{peak_mib(node):.0f} MiB")
        node.kill()
    expect(sorted(took)[1] <= limit,
           f"the node answers within {limit:.1f} s, at the median", took)


def main():
    parser = sandbox.arguments()
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--restart-with", type=int)
    parser.add_argument("--budget", default="256MiB")
    parser.add_argument("--most-mib", type=int, default=1024)
    given = parser.parse_args()

    def memory(place):
        fits_in_memory(place, given)

    def restart(place):
        starts_again(place, given)

    memory.__doc__ = fits_in_memory.__doc__
    restart.__doc__ = starts_again.__doc__
    sandbox.main(given, [memory, restart])


main()
