"""One local server for all journeys, in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.server import LocalServer, free_port


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A local run with its demo data."""
    folder: Path = tmp_path_factory.mktemp("run") / "local"
    running = LocalServer(folder, free_port())
    try:
        running.start()
        yield running
    finally:
        if running.process is not None and running.process.poll() is None:
            running.end()
