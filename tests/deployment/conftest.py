"""One packaged stage and one deployment of it, for all tests that look at them."""

from collections.abc import Iterator

import pytest

from infra.local.aws import EmbeddedAws
from infra.packaging.checkout import CannotPackage, require_python
from infra.packaging.package import Package, package
from tests.deployment.denied import DENIED
from tests.deployment.emulation import embedded_aws, emulated
from tests.deployment.recording import Recording, record
from tests.deployment.site import DeployedSite, deploy_site

DENIALS = pytest.StashKey[dict[str, str | None]]()


@pytest.fixture(scope="session", autouse=True)
def recording(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recording | None]:
    """What the functions ask of AWS: recorded beside all other tests, where some test wants it."""
    wanting = [
        item for item in request.session.items if "used" in getattr(item, "fixturenames", ())
    ]
    made = record(tmp_path_factory.mktemp("usage")) if wanting else None
    yield made
    if made is not None:
        made.end()


@pytest.fixture(scope="session")
def packaged() -> Package:
    """The stage `dev` as it is packaged from this checkout."""
    try:
        require_python()
    except CannotPackage as refused:
        pytest.skip(str(refused))
    return package("dev", allow_dirty=True)


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmbeddedAws]:
    """An embedded AWS for the whole session."""
    with embedded_aws() as running:
        yield running


@pytest.fixture(scope="session")
def site(packaged: Package, emulator: EmbeddedAws) -> DeployedSite:
    """The deployed stage, with the demo people's records in its registry."""
    return deploy_site(emulated(packaged), emulator.endpoint)


@pytest.fixture(scope="session")
def denials(request: pytest.FixtureRequest) -> dict[str, str | None]:
    """With what AWS answered each function's forbidden call; shown at the end of the run."""
    return request.config.stash.setdefault(DENIALS, {})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for the recording comes last."""
    items.sort(key=_wants_recording)


def _wants_recording(item: pytest.Item) -> bool:
    return "used" in getattr(item, "fixturenames", ())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The table of denied calls."""
    found = config.stash.get(DENIALS, {})
    if found:
        terminalreporter.section("denied calls")
    for function, code in found.items():
        one = DENIED[function]
        terminalreporter.line(f"{function:16} {one.service}:{one.call:12} {one.on:16} {code}")
