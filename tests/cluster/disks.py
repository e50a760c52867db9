"""Disks that fill up, and bytes that change on them."""

import os
import pathlib
import subprocess
import tempfile

SIZE = 6 << 30  # of a disk; in a file with holes, that takes what is used


def command(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(map(str, words))}`: "
                           f"{done.stderr.strip()}")


def image_of(members, name):
    return members.folder / f"{name}.disk"


def make(image, folder):
    folder.mkdir(exist_ok=True)
    with open(image, "wb") as file:
        file.truncate(SIZE)
    command("mkfs.ext4", "-q", "-m", "0", image)
    command("mount", "-o", "loop", image, folder)


def why_not():
    """Says why a file cannot be a disk here; nothing where it can."""
    if os.geteuid() != 0:
        return "disks of its own take root"
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "disk"
        try:
            make(pathlib.Path(folder) / "image", place)
        except (OSError, RuntimeError) as why:
            return f"a file cannot be a disk here: {why}"
        subprocess.run(["umount", place], capture_output=True)
    return ""


def mount(members):
    """Gives each member a disk of its own."""
    for i in range(members.size):
        name = f"n{i + 1}"
        make(image_of(members, name), members.folder / name)


def unmount(members):
    for i in range(members.size):
        subprocess.run(["umount", "-l", members.folder / f"n{i + 1}"],
                       capture_output=True)


NEARLY = 1 << 30  # bytes left: fewer than a node wants to see free
FULL = 1 << 20


def fill(member, left):
    """Leaves a member's disk no more than so many bytes of room."""
    room = os.statvfs(member.folder)
    with open(member.folder / "filling", "wb") as file:
        os.posix_fallocate(
            file.fileno(), 0, room.f_bavail * room.f_frsize - left)


def empty(member):
    (member.folder / "filling").unlink(missing_ok=True)


def flip_byte(member, dice):
    """Changes a byte in the middle of the newest log of a member's store."""
    logs = [x for x in (member.folder / "store").rglob("*.log")
            if x.stat().st_size > 0]
    newest = max(logs, key=lambda x: x.stat().st_mtime_ns)
    place = dice.randrange(newest.stat().st_size * 3 // 4)
    with open(newest, "r+b") as file:
        file.seek(place)
        old = file.read(1)
        file.seek(place)
        file.write(bytes([old[0] ^ 0x10]))
