"""Runs a script of Node.js against a broker, with the packages it needs:

    node_folder.py FOLDER PROGRAM [--broker rabbitmq] -- SCRIPT.mjs...

The packages are those of package-lock.json, installed once into FOLDER by
`npm ci`; the scripts are copied beside them, where imports look.
"""

import fcntl
import pathlib
import shutil
import subprocess
import sys

import broker

HERE = pathlib.Path(__file__).resolve().parent


def prepare(folder):
    """Makes FOLDER one in which the scripts run."""
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (HERE / "package-lock.json").read_text()
        installed = folder / "installed.json"
        if not installed.exists() or installed.read_text() != wanted:
            install(folder)
            installed.write_text(wanted)
        for script in HERE.glob("*.mjs"):
            shutil.copy(script, folder)
    return folder


def install(folder):
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder)
    done = subprocess.run(["npm", "ci"], cwd=folder, capture_output=True,
                          text=True)
    if done.returncode != 0:
        sys.exit("npm cannot install the clients; it needs its registry, or "
                 f"{folder}/node_modules from elsewhere:\n{done.stderr}")


if __name__ == "__main__":
    at = sys.argv.index("--")
    given = broker.arguments().parse_args(sys.argv[2:at])
    folder = prepare(sys.argv[1])
    script, *words = sys.argv[at + 1:]
    sys.exit(broker.run_command(given, ["node", folder / script, *words]))
