"""Lets system calls of a process fail or take long, by strace."""

import contextlib
import shutil
import subprocess
import time


def why_not():
    """Says why that does not work here; nothing where it does."""
    if not shutil.which("strace"):
        return "the program strace is not there"
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"],
                          capture_output=True, text=True)
    return "" if done.returncode == 0 else \
        f"strace does not work here: {done.stderr.strip()}"


@contextlib.contextmanager
def of_pid(pid, calls, injection):
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}",
         "-e", f"inject={injection}", "-p", str(pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.2)  # until it is attached
    try:
        yield tracer
    finally:
        tracer.terminate()
        tracer.wait()


def of(member, calls, injection):
    return of_pid(member.process.pid, calls, injection)
