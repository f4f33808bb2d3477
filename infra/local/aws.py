"""The embedded AWS: ministack in its own process, on loopback, its state kept in a folder."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3

from infra.http_pool import http_pool

REGION = "ap-southeast-1"
ROOT = Path(__file__).parents[2]
INTERPRETER = ROOT / ".venv-aws" / "bin" / "python"

_START_SECONDS = 60.0
_HEALTH_SECONDS = 2.0
_STOP_SECONDS = 30.0


class EmbeddedAwsFailed(Exception):  # noqa: N818 -- says what the developer can do about it
    """The embedded AWS did not start."""


@dataclass(frozen=True, slots=True)
class EmbeddedAws:
    """A running emulator."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it by SIGTERM and wait: it saves its state only on such an end."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(_STOP_SECONDS)

    def kill(self) -> None:
        """End it and the functions that run in it at once: nothing is saved."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_STOP_SECONDS)


def start(
    folder: Path,
    *,
    persist: bool = True,
    interpreter: Path = INTERPRETER,
    variables: Mapping[str, str] | None = None,
) -> EmbeddedAws:
    """Start the emulator and wait until it answers.

    Its state is in `folder/aws`, its output in `folder/aws.log`, and what others need to find it
    in `folder/aws.json`. One that a killed run has left behind is ended first, so that it saves.
    `variables` set further switches of the emulator. Raises `EmbeddedAwsFailed`.
    """
    if not interpreter.exists():
        raise EmbeddedAwsFailed(f"{interpreter} is missing; run `make setup`")
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "aws.json"
    end_leftover(folder)
    port = _free_port(_last_port(note))
    with (folder / "aws.log").open("wb") as log:
        process = subprocess.Popen(
            [interpreter, "-m", "ministack"],
            env={**_environment(folder, port, persist=persist), **(variables or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C ends the run only, which then ends this
        )
    note.write_text(json.dumps({"port": port, "pid": process.pid}))
    scheme = "https" if (variables or {}).get("USE_SSL") == "1" else "http"
    running = EmbeddedAws(f"{scheme}://127.0.0.1:{port}", process)
    _wait_until_healthy(running, folder / "aws.log")
    return running


def client_environment(endpoint: str) -> Mapping[str, str]:
    """The variables with which AWS clients reach the emulator and nothing else."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def end_leftover(folder: Path) -> None:
    """End an emulator on `folder` that a killed run has left behind, and let it save."""
    note = folder / "aws.json"
    if not note.exists():
        return
    pid = int(json.loads(note.read_text())["pid"])
    deadline = time.monotonic() + _STOP_SECONDS
    if _is_emulator(pid):
        os.kill(pid, signal.SIGTERM)
    while _is_emulator(pid) and time.monotonic() < deadline:
        time.sleep(0.1)


def _environment(folder: Path, port: int, *, persist: bool) -> Mapping[str, str]:
    inherited = {
        name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ
    }
    state = folder.resolve() / "aws"
    return inherited | {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1" if persist else "0",
        "STATE_DIR": str(state),
        "S3_PERSIST": "1" if persist else "0",
        "S3_DATA_DIR": str(state / "s3"),
        "LOG_LEVEL": "WARNING",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _wait_until_healthy(running: EmbeddedAws, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    pool = http_pool(_HEALTH_SECONDS)
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            break
        try:
            pool.request("GET", f"{running.endpoint}/_ministack/health")
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
        else:
            return
    if running.process.poll() is None:
        running.stop()
    raise EmbeddedAwsFailed(f"the embedded AWS did not start; {log} tells why")


def _free_port(preferred: int) -> int:
    """The preferred port if it is free, else any: addresses kept in the state go on to work."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_port(note: Path) -> int:
    return int(json.loads(note.read_text())["port"]) if note.exists() else 0


def _is_emulator(pid: int) -> bool:
    """Whether the process of that id is still a ministack (ids are used again)."""
    answer = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "-m ministack" in answer.stdout
