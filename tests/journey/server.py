"""The local run as its user starts it: a process of its own, reached by HTTP only."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3

from infra.local.environment import let_pass

ROOT = Path(__file__).parents[2]

_HTTP = urllib3.PoolManager(timeout=20, retries=False)
_START_SECONDS = 90.0
_STOP_SECONDS = 60.0
_MESSAGE_SECONDS = 15.0
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)", re.ASCII)


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class LocalServer:
    """The local run on its own port and folder. `health` are the answers of the first start."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    health: list[Reply] = field(default_factory=list)
    _read: set[str] = field(default_factory=set)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until the demo data is loaded."""
        with self._output.open("wb") as output:
            self.process = start_run(self.folder, self.port, output)
        deadline = time.monotonic() + _START_SECONDS
        seen: list[Reply] = []
        while not seen or seen[-1].status != 200:
            assert self.process.poll() is None, self.printed()
            assert time.monotonic() < deadline, self.printed()
            with suppress(urllib3.exceptions.HTTPError):  # it may not listen yet
                seen.append(self.call("GET", "/api/health"))
            time.sleep(0.1)
        self.health = self.health or seen

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it as Ctrl-C does; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(_STOP_SECONDS)

    def printed(self) -> str:
        """What it wrote to the terminal."""
        return self._output.read_text(encoding="utf-8")

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        answer = _HTTP.request(method, f"{self.origin}{path}", body=content, headers=sent)
        return Reply(answer.status, answer.headers, answer.data)

    def people(self) -> list[Any]:
        """The first hundred people of the demo registry."""
        listed: list[Any] = self.call("GET", "/local/people?limit=100").json["items"]
        return listed

    def wait(self, seconds: int) -> None:
        """Let time pass: a minute until the next code may be asked for, say."""
        let_pass(seconds, self.folder / "clock")

    def now(self) -> float:
        """The instant by its clock."""
        clock = self.folder / "clock"
        return time.time() + (int(clock.read_text()) if clock.exists() else 0)

    def later(self, days: float) -> None:
        """Let days pass, and the schedules do what they then do."""
        self.run("infra.local.later", str(days))

    def run(self, *command: str) -> str:
        """Run a command that works on this archive, as the Makefile does; what it printed."""
        whole = [sys.executable, "-m", "infra.local.within", *command]
        done = subprocess.run(
            whole, cwd=ROOT, env=self._environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def new_code(self, phone: str) -> str:
        """The code of a message that was not read before."""
        deadline = time.monotonic() + _MESSAGE_SECONDS
        while time.monotonic() < deadline:
            for message in self.call("GET", f"/local/messages?to={quote(phone)}").json["items"]:
                found = _CODE.findall(message["body"])
                seen = f"{phone} {message['sent_at']} {message['body']}"
                if found and seen not in self._read:
                    self._read.add(seen)
                    return str(found[0])
            time.sleep(0.05)
        raise AssertionError(f"no code has come:\n{self.printed()}")

    def wait_for_message(self, to: str, words: str) -> str:
        """Wait until a message with these words has come; the newest such."""
        deadline = time.monotonic() + _MESSAGE_SECONDS
        while time.monotonic() < deadline:
            items = self.call("GET", f"/local/messages?to={quote(to)}").json["items"]
            for item in items:
                if words in item["body"]:
                    return str(item["body"])
            time.sleep(0.05)
        raise AssertionError(f"nothing about {words} has come:\n{self.printed()}")

    @property
    def _environ(self) -> dict[str, str]:
        return _environ() | {"LOCAL_FOLDER": str(self.folder)}

    @property
    def _output(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.output"


def start_run(folder: Path, port: int | str, output: Any) -> subprocess.Popen[bytes]:
    """The process of a run, away from the terminal's Ctrl-C and the caller's AWS."""
    return subprocess.Popen(
        [sys.executable, "-m", "infra.local.run"],
        cwd=ROOT,
        env=_environ() | {"PORT": str(port), "LOCAL_FOLDER": str(folder)},
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
