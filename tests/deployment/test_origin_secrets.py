"""The secret by which CloudFront proves itself: made once, renewed when asked, never lost."""

import pytest
from moto import mock_aws

from chalicelib.api.client_address import digest_of
from infra.deployment.cloud import Cloud
from infra.deployment.origin_secrets import keep, origin_secrets


@pytest.fixture
def cloud():
    with mock_aws():
        yield Cloud("ap-southeast-1", "dev")


def kept(cloud, *, renew=False):
    chosen = origin_secrets(cloud, renew=renew)
    keep(cloud, chosen)
    return chosen


def test_the_first_deployment_makes_them_and_later_ones_find_them(cloud):
    first = kept(cloud)
    assert len({first.former, first.present, first.coming}) == 3
    assert len(first.present) >= 43, "256 bits"
    assert kept(cloud) == first


def test_they_are_kept_encrypted(cloud):
    kept(cloud)
    found = cloud.client("ssm").get_parameter(Name="/archive/dev/origin-secrets")
    assert found["Parameter"]["Type"] == "SecureString"


def test_nothing_is_renewed_before_it_is_kept(cloud):
    first = kept(cloud)
    assert origin_secrets(cloud, renew=True) != first
    assert kept(cloud) == first


def test_code_from_before_a_renewal_and_from_after_it_knows_what_cloudfront_sends(cloud):
    before = kept(cloud).parameters
    after = kept(cloud, renew=True).parameters
    assert after["OriginSecret"] != before["OriginSecret"]
    for sent in (before["OriginSecret"], after["OriginSecret"]):
        for known in (before["OriginDigests"], after["OriginDigests"]):
            assert digest_of(sent) in known.split(",")


def test_the_smoke_test_passes_the_firewall_from_before_a_renewal_and_from_after_it(cloud):
    before, after = kept(cloud), kept(cloud, renew=True)
    (sent,) = after.headers.values()
    for one in (before, after):
        assert sent in (one.parameters["OriginSecret"], one.parameters["FormerOriginSecret"])


def test_a_secret_ends_with_the_second_renewal(cloud):
    old = kept(cloud).present
    assert kept(cloud, renew=True).parameters["FormerOriginSecret"] == old
    ended = kept(cloud, renew=True).parameters
    assert old not in ended.values()
    assert digest_of(old) not in ended["OriginDigests"]


def test_the_digests_tell_no_secret(cloud):
    parameters = kept(cloud).parameters
    assert parameters["OriginSecret"] not in parameters["OriginDigests"]
