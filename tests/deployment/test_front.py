"""What stands before the deployed API: the published pages, and people's own addresses."""

import pytest

from chalicelib.api.client_address import ADDRESS_HEADER, SECRET_HEADER
from infra.deployment.origin_secrets import origin_secrets

pytestmark = pytest.mark.deployment


def test_the_pages_are_published(site):
    bucket = site.deployed.outputs["PagesBucket"]
    page = site.cloud.client("s3").get_object(Bucket=bucket, Key="verify/index.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert any(line.startswith("pages: ") for line in site.told)


@pytest.mark.req("R-26")
def test_limits_count_the_address_that_cloudfront_tells(site):
    secret = origin_secrets(site.cloud, renew=False).present
    path = "/verifications/0000000000000000"

    def guesses(address, **headers):
        sent = {ADDRESS_HEADER: address, **headers}
        return [site.call("GET", path, headers=sent).status for _ in range(11)]

    proof = {SECRET_HEADER: secret}
    assert guesses("203.0.113.7", **proof) == [404] * 10 + [429]
    assert site.call("GET", path, headers={ADDRESS_HEADER: "203.0.113.8", **proof}).status == 404
