"""A stage beside another, and its end."""

import pytest

from infra.deployment.cloud import Cloud
from infra.deployment.deploy import deploy
from infra.deployment.smoke import smoke_test
from infra.packaging.package import package
from tests.deployment.emulation import API, emulated

pytestmark = pytest.mark.deployment


@pytest.fixture(scope="module")
def neighbour(site):
    """The stage `staging` in the same account."""
    made = emulated(package("staging", allow_dirty=True))
    cloud = Cloud(made.settings.region, "staging", site.endpoint)
    done = deploy(
        made,
        cloud,
        confirm=lambda _: True,
        tell=lambda _: None,
        api_url=site.endpoint + API,
    )
    assert done is not None
    return cloud, done


def test_a_second_stage_stands_beside_the_first(site, neighbour):
    _, done = neighbour
    assert list(smoke_test(done.api_url)) == []
    assert list(smoke_test(site.deployed.api_url)) == []
    tables = site.cloud.client("dynamodb").list_tables()["TableNames"]
    names = {name.removeprefix("archive-dev-") for name in tables if "-dev-" in name}
    assert names == {name.removeprefix("archive-staging-") for name in tables if "-st" in name}


@pytest.mark.req("R-70")
def test_a_stage_cannot_reach_the_other(site, neighbour):
    client = site.as_function("query", "dynamodb")
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        client.query(
            TableName="archive-staging-registry",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "x"}},
        )


@pytest.mark.req("R-96")
def test_deleting_a_stage_keeps_its_data(site, neighbour):
    cloud, _ = neighbour
    cloud.client("cloudformation").delete_stack(StackName=cloud.stack)
    site.eventually(lambda: cloud.status() in {None, "DELETE_COMPLETE"}, "the end of the stack")
    tables = cloud.client("dynamodb").list_tables()["TableNames"]
    assert "archive-staging-registry" in tables
    assert cloud.aliases({"query": "archive-staging-query"}) == {}
    assert list(smoke_test(site.deployed.api_url)) == []
