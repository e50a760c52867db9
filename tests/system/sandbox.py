"""Runs Troupe programs in a folder of their own and says what it expected.

A script's tests are functions that take a sandbox; `main` runs each in a fresh
folder and prints one line for each.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback


class broken(Exception):
    """An expectation that did not hold; its text is all there is to say."""


def expect(holds, sentence, *evidence):
    """Fails with the sentence, and the evidence under it, unless it holds."""
    if holds:
        return
    shown = "".join(f"\n    {x}" for item in evidence
                    for x in str(item).rstrip().splitlines()[-25:])
    raise broken(f"expected: {sentence}{shown}")


def wait_for(sentence, observe, seconds=30, evidence=lambda: ""):
    """Looks until `observe` gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = observe()
        if seen:
            return seen
        time.sleep(0.002)
    expect(False, f"{sentence}, within {seconds} s", evidence())


class outcome:
    """What a process that ended left behind."""

    def __init__(self, command, code, out, err):
        self.command = " ".join(map(str, command))
        self.code, self.out, self.err = code, out, err

    def rows(self):
        """What `--json` printed: one object a line."""
        return [json.loads(x) for x in self.out.splitlines()]

    def ends_with(self, *codes):
        """Expects one of the exit codes, and is itself for more checks."""
        expect(self.code in codes,
               f"`{self.command}` ends with {' or '.join(map(str, codes))}; "
               f"it ended with {self.code}, saying", self.err, self.out)
        return self

    def says(self, *words):
        """Expects all the words among what it said to a person."""
        for word in words:
            expect(word in self.err + self.out,
                   f"`{self.command}` says '{word}'; it said",
                   self.err, self.out)
        return self


class node:
    """A process that runs until it is told otherwise."""

    def __init__(self, command, folder, log, stdin):
        self.command = command
        self.log = folder / log
        with open(self.log, "ab") as err:
            self.process = subprocess.Popen(
                command, cwd=folder, stdin=stdin, stdout=subprocess.DEVNULL,
                stderr=err)

    def said(self):
        return self.log.read_text(errors="replace")

    def is_alive(self):
        return self.process.poll() is None

    def wait_until(self, sentence, observe, seconds=30):
        """Waits while the process lives; its end is a failure."""
        def look():
            expect(self.is_alive(), f"{sentence}, before the process ends; it "
                   f"ended with {self.process.returncode}, saying", self.said())
            return observe()
        return wait_for(sentence, look, seconds, self.said)

    def is_up(self):
        self.wait_until("the node is up", lambda: "is up" in self.said())
        return self

    def send(self, signal_number):
        self.process.send_signal(signal_number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self, seconds=60):
        """Waits for the process to end by itself, and returns its code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            expect(False, f"the node ends within {seconds} s; it said",
                   self.said())

    def terminate(self, seconds=60):
        self.send(signal.SIGTERM)
        code = self.end(seconds)
        expect(code == 0, f"SIGTERM ends the node with 0; it ended with {code}",
               self.said())


class sandbox:
    """A folder, a program, and the processes started there."""

    def __init__(self, program, folder):
        self.program = pathlib.Path(program).resolve()
        self.folder = pathlib.Path(folder)
        self.nodes = []

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def read_lines(self, name):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def size(self, name):
        path = self.folder / name
        return path.stat().st_size if path.exists() else 0

    def remove(self, name):
        path = self.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    def run(self, *words, stdin="", seconds=120):
        """Runs the program to its end. No signal ever ends it."""
        command = [self.program, *words]
        try:
            done = subprocess.run(
                command, cwd=self.folder, input=stdin, capture_output=True,
                text=True, errors="replace", timeout=seconds)
        except subprocess.TimeoutExpired as late:
            expect(False, f"`{' '.join(map(str, words))}` ends within "
                   f"{seconds} s; it said", (late.stderr or b"").decode())
        is_fault = "fault of Troupe itself" in done.stderr
        expect(done.returncode >= 0 and not is_fault,
               f"`{' '.join(map(str, words))}` does not crash; it ended with "
               f"{done.returncode}, saying", done.stderr)
        return outcome(words, done.returncode, done.stdout, done.stderr)

    def start(self, *words, log="node.log", stdin=subprocess.DEVNULL):
        started = node([self.program, *words], self.folder, log, stdin)
        self.nodes.append(started)
        return started

    def queues(self, *where):
        """Returns the rows of `queue ls` by queue."""
        rows = self.run("queue", "ls", "--json", *where).ends_with(0).rows()
        return {x["queue"]: x for x in rows}

    def close(self):
        for x in self.nodes:
            if x.is_alive():
                x.kill()


def arguments():
    """What every script takes: the program; others add theirs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("program", help="the program with the handlers")
    parser.add_argument("--only", help="run the tests whose name has this")
    return parser


def main(given, tests):
    """Runs the tests and exits: 0 if all that was expected came true."""
    failed = 0
    chosen = [x for x in tests if not given.only or given.only in x.__name__]
    for test in chosen:
        sentence = test.__doc__.strip().splitlines()[0]
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="troupe-") as folder:
            with contextlib.closing(sandbox(given.program, folder)) as place:
                try:
                    test(place)
                except broken as why:
                    failed += 1
                    print(f"FAILED: {sentence}\n  {why}", flush=True)
                    continue
                except Exception:
                    failed += 1
                    print(f"FAILED: {sentence}\n{traceback.format_exc()}",
                          flush=True)
                    continue
        print(f"passed in {time.monotonic() - began:5.1f} s: {sentence}",
              flush=True)
    if not chosen:
        print("no test has such a name")
    sys.exit(1 if failed or not chosen else 0)


def files_under(folder):
    return sorted(pathlib.Path(path) / name
                  for path, _, names in os.walk(folder) for name in names)
