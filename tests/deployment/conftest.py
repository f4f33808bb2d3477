"""One packaged stage and one deployment of it, for all tests that look at them."""

from collections.abc import Iterator

import pytest

from infra.local.aws import EmbeddedAws
from infra.packaging.checkout import CannotPackage, require_python
from infra.packaging.package import Package, package
from tests.deployment.emulation import embedded_aws, emulated
from tests.deployment.site import DeployedSite, deploy_site


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
