"""The whole archive on this machine: `python -m infra.local.run`.

Starts the embedded AWS, makes the resources, serves the API and the web client on one port, runs
the consumers and schedules, and loads invented people the first time. Ctrl-C or SIGTERM ends it
all and keeps the data.
"""

import fcntl
import importlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import IO, Any

import boto3
from waitress.server import create_server

from chalicelib import wiring
from chalicelib.settings import SettingInvalid
from infra.local import aws, environment
from infra.local.consumers import Consumers
from infra.local.gateway import MOST_BYTES, Gateway
from infra.local.messages import SentMessages
from infra.local.site import Site
from infra.pages import page_settings
from infra.provision import ProvisionFailed, provision

SCHEDULES = (
    *("expire_codes", "check_appeals", "close_accounts", "remind", "seal_audit"),
    "publish_statuses",
)
_THREADS = 8


class CannotRun(Exception):  # noqa: N818 -- says what the developer can do about it
    """Something on this machine is in the way."""


def main() -> int:
    """Run until told to end; the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # short queues are no news
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    closing = ExitStack()
    try:
        _run(_port(os.environ.get("PORT") or "8000"), closing)
    except (CannotRun, SettingInvalid, aws.EmbeddedAwsFailed, ProvisionFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except SystemExit:
        pass
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # an impatient second one would lose the data
        closing.close()
    print(f"stopped; the data is kept in {environment.FOLDER}")
    return 0


def _run(port: int, closing: ExitStack) -> None:
    listener = closing.enter_context(_listen(port))
    closing.enter_context(lock_folder())
    endpoint = _start_aws(closing)
    outputs = provision(
        "local", region=aws.REGION, mail_sender=environment.MAIL_SENDER, endpoint=endpoint
    )
    os.environ.update(environment.of_run(outputs, _aws_variables(endpoint), port))
    closing.callback(environment.forget)
    site = _serve(outputs, endpoint, closing)
    _Loading(site.ready).start(closing)
    server = create_server(
        site,
        sockets=[listener],
        threads=_THREADS,
        ident=None,
        clear_untrusted_proxy_headers=True,
        max_request_body_size=2 * MOST_BYTES,
    )
    origin = os.environ["PUBLIC_ORIGIN"]
    print(f"学籍档案 Student Archive: {origin}   API: {origin}/api   (Ctrl-C ends it)", flush=True)
    server.run()


def _serve(outputs: Mapping[str, str], endpoint: str, closing: ExitStack) -> Site:
    """The application with its consumers running."""
    application: Any = importlib.import_module("app")  # it reads variables, set just before
    outbox_signal = threading.Event()
    messages = SentMessages(endpoint, environment.FOLDER / "messages.jsonl")
    consumers = Consumers(
        relay=application.relay,
        deliver=application.deliver,
        schedules={name: getattr(application, name) for name in SCHEDULES},
        sqs=boto3.client("sqs"),
        queue_url=outputs["DeliverQueueUrl"],
        outbox_signal=outbox_signal,
        after_delivery=messages.notice,
    )
    closing.callback(messages.notice)
    consumers.start()
    closing.callback(consumers.stop)
    chosen = wiring.settings()
    gateway = Gateway(application.app, after_change=outbox_signal.set)
    return Site(
        gateway,
        web=aws.ROOT / "web",
        people=environment.DEMO / "people.json",
        messages=messages,
        settings=page_settings(
            name_zh=chosen.operator_name_zh,
            name_en=chosen.operator_name_en,
            specimen=chosen.specimen,
        ),
        upload_origin=endpoint,
    )


class _Loading:
    """Loads the demo data in a process of its own and then sets `ready`."""

    def __init__(self, ready: threading.Event) -> None:
        self._ready = ready
        self._log = environment.FOLDER / "demo.log"

    def start(self, closing: ExitStack) -> None:
        """Start it; closing ends it."""
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "infra.local.load_demo", "--once"],
                cwd=aws.ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C ends the run only, which then ends this
            )
        closing.callback(process.wait)
        closing.callback(process.terminate)
        threading.Thread(target=self._wait, args=(process,), daemon=True).start()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        if process.wait() == 0:
            self._ready.set()
        elif process.returncode > 0:
            print(f"the demo data could not be loaded; {self._log} tells why", file=sys.stderr)


def _start_aws(closing: ExitStack) -> str:
    """The endpoint of an AWS: the one that `AWS_ENDPOINT_URL` names, or one started here."""
    given = os.environ.get("AWS_ENDPOINT_URL")
    if given:
        return given
    running = aws.start(environment.FOLDER)
    closing.callback(running.stop)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # a developer's own profile must not reach the embedded AWS
    os.environ.update(aws.client_environment(running.endpoint))
    return running.endpoint


def _aws_variables(endpoint: str) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return {"AWS_REGION": aws.REGION} | kept | {"AWS_ENDPOINT_URL": endpoint}


def _port(text: str) -> int:
    """The port that `PORT` names. Raises `CannotRun`."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise CannotRun("PORT must be a number from 1 to 65535: make run PORT=8080")
    return int(text)


def _listen(port: int) -> socket.socket:
    """The loopback socket to serve on. Raises `CannotRun` when the port is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise CannotRun(
            f"port {port} cannot be used ({error.strerror}); choose another: make run PORT=8080"
        ) from None
    return listener


def lock_folder() -> IO[str]:
    """Hold the data folder for this run. Raises `CannotRun` when another run has it."""
    environment.FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = (environment.FOLDER / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise CannotRun(f"another run uses {environment.FOLDER}; end it first") from None
    return file


def _end(number: int, frame: object) -> None:  # noqa: ARG001 -- the signature of a signal handler
    raise SystemExit


if __name__ == "__main__":
    sys.exit(main())
