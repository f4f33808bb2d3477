"""CloudFront and the firewall: what is cached, who may read, what proves that CloudFront asks."""

import json
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import playwright
import pytest

from chalicelib.api.client_address import ADDRESS_HEADER, SECRET_HEADER
from infra.packaging import cdn, firewall
from infra.packaging.functions import read_functions
from infra.packaging.plan import HTTP_HANDLER, Planned, routes
from infra.packaging.stages import load_stage
from infra.pages import page_headers
from tests.deployment.test_settings_files import stage_file

ROUTED = tuple(routes())
FUNCTIONS = [Planned("all", HTTP_HANDLER, routes=ROUTED)]
DEV = load_stage("dev", read_functions())
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/0a1b2c3d"


def made(stage=DEV):
    return cdn.cdn_resources(FUNCTIONS, stage)


def distribution(stage=DEV):
    return made(stage)["Distribution"]["Properties"]["DistributionConfig"]


def behaviours():
    return {one["PathPattern"]: one for one in distribution()["CacheBehaviors"]}


def test_pages_come_from_the_bucket_and_the_api_from_the_gateway():
    found = distribution()
    assert found["DefaultCacheBehavior"]["TargetOriginId"] == "pages"
    assert {one["TargetOriginId"] for one in behaviours().values()} == {"api"}
    assert [one["PathPattern"] for one in found["CacheBehaviors"]][-1] == "/api/*"


@pytest.mark.req("R-72")
def test_only_what_its_route_calls_cacheable_is_kept():
    cacheable = {
        "/api" + "/".join("*" if part.startswith("{") else part for part in route.path.split("/"))
        for route in ROUTED
        if route.cacheable_seconds
    }
    assert "/api/openapi.json" in cacheable
    assert set(behaviours()) == cacheable | {"/api/*"}
    assert behaviours()["/api/*"]["CachePolicyId"] == cdn.CACHING_DISABLED
    assert all(
        route.policy == "public" and route.method == "GET"
        for route in ROUTED
        if route.cacheable_seconds
    )


@pytest.mark.req("R-72")
def test_no_other_route_falls_under_what_is_kept():
    """There a request would come to the API without its `Authorization`."""
    for pattern in set(behaviours()) - {"/api/*"}:
        for route in ROUTED:
            if fnmatch(f"/api{route.path}", pattern):
                assert (route.method, route.policy) == ("GET", "public"), route
                assert route.cacheable_seconds, route


@pytest.mark.req("R-72")
def test_a_kept_answer_was_not_made_for_somebody():
    policy = made()["PublicAnswers"]["Properties"]["CachePolicyConfig"]
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert policy["DefaultTTL"] == policy["MinTTL"] == 0, "nothing is kept that does not say so"
    assert key["CookiesConfig"]["CookieBehavior"] == "none"
    assert key["HeadersConfig"]["Headers"] == ["Accept-Language", "Origin"], "as `Vary` says"
    asked = made()["PublicRequests"]["Properties"]["OriginRequestPolicyConfig"]
    assert asked["HeadersConfig"]["Headers"] == [ADDRESS_HEADER], "no `Authorization`"


def test_errors_are_not_kept():
    kept = {one["ErrorCachingMinTTL"] for one in distribution()["CustomErrorResponses"]}
    assert kept == {0}
    assert not any("ResponsePagePath" in one for one in distribution()["CustomErrorResponses"])


def test_every_method_reaches_the_api_and_pages_are_only_read():
    assert {"DELETE", "PATCH", "POST", "PUT"} < set(behaviours()["/api/*"]["AllowedMethods"])
    assert set(distribution()["DefaultCacheBehavior"]["AllowedMethods"]) == {"GET", "HEAD"}


def test_only_encrypted_connections():
    found = distribution()
    assert found["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    assert {one["ViewerProtocolPolicy"] for one in behaviours().values()} == {"https-only"}
    (api,) = [one for one in found["Origins"] if one["Id"] == "api"]
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"


@pytest.mark.req("R-60")
def test_no_log_of_requests_is_kept():
    assert "Logging" not in distribution()


def test_the_stages_own_domain_needs_its_certificate(tmp_path):
    assert "Aliases" not in distribution()
    own = load_stage("dev", read_functions(), stage_file(tmp_path, certificate=CERTIFICATE))
    assert distribution(own)["Aliases"] == ["dev.archive.example"]
    shown = distribution(own)["ViewerCertificate"]
    assert shown["AcmCertificateArn"] == CERTIFICATE
    assert shown["MinimumProtocolVersion"].startswith("TLSv1.2")


def test_in_china_the_certificate_is_one_of_iam(tmp_path):
    there = stage_file(tmp_path, region="cn-north-1", certificate="ASCA0123456789ABCDEF")
    shown = distribution(load_stage("dev", read_functions(), there))["ViewerCertificate"]
    assert shown["IamCertificateId"] == "ASCA0123456789ABCDEF"


# The pages


def test_only_this_distribution_reads_the_pages():
    bucket = made()["PagesBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    policy = made()["PagesBucketPolicy"]["Properties"]["PolicyDocument"]
    allowed = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert {one["Action"] for one in allowed} == {"s3:GetObject", "s3:ListBucket"}
    for one in allowed:
        assert one["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        source = one["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
        assert source.endswith(":distribution/${Distribution}")


@pytest.mark.req("R-76")
def test_pages_carry_the_headers_that_the_local_server_sends():
    policy = made()["PagesHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    sent = policy["SecurityHeadersConfig"]
    others = {one["Header"]: one["Value"] for one in policy["CustomHeadersConfig"]["Items"]}
    uploads = "https://${QuarantineBucket.RegionalDomainName}"
    assert page_headers(uploads) == others | {
        "Content-Security-Policy": sent["ContentSecurityPolicy"]["ContentSecurityPolicy"][
            "Fn::Sub"
        ],
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": sent["FrameOptions"]["FrameOption"],
        "Referrer-Policy": sent["ReferrerPolicy"]["ReferrerPolicy"],
    }
    assert sent["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert all(one["Override"] for one in [*sent.values(), *policy["CustomHeadersConfig"]["Items"]])
    assert "frame-ancestors 'none'" in page_headers(uploads)["Content-Security-Policy"]


# What CloudFront's functions do, run by a JavaScript engine


def handled(code, event):
    node = Path(playwright.__file__).parent / "driver" / "node"
    program = f"{code}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
    ran = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("/", "/index.html"),
        ("/verify", "/verify/index.html"),
        ("/verify/", "/verify/index.html"),
        ("/verify/verify.js", "/verify/verify.js"),
        ("/icon.svg", "/icon.svg"),
    ],
)
def test_a_folder_is_its_page(asked, read):
    assert handled(cdn.INDEX_FUNCTION, {"request": {"uri": asked}})["uri"] == read


@pytest.mark.req("R-26")
def test_the_address_is_the_connections_whatever_was_sent():
    name = ADDRESS_HEADER.lower()
    request = {"uri": "/api/x", "headers": {name: {"value": "198.51.100.9"}}}
    event = {"request": request, "viewer": {"ip": "203.0.113.7"}}
    assert handled(cdn.ADDRESS_FUNCTION, event)["headers"][name]["value"] == "203.0.113.7"


# The firewall


def rules():
    acl = firewall.firewall_resources(DEV)["Firewall"]["Properties"]
    return {one["Name"]: one for one in acl["Rules"]}


def test_cloudfront_alone_sends_the_secret_and_the_firewall_asks_for_it():
    (api,) = [one for one in distribution()["Origins"] if one["Id"] == "api"]
    (header,) = api["OriginCustomHeaders"]
    assert header == {"HeaderName": SECRET_HEADER, "HeaderValue": {"Ref": "OriginSecret"}}
    refused = rules()[firewall.DIRECT]
    assert "Block" in refused["Action"]
    known = refused["Statement"]["NotStatement"]["Statement"]["OrStatement"]["Statements"]
    found = [one["ByteMatchStatement"] for one in known]
    assert [one["SearchString"]["Ref"] for one in found] == ["OriginSecret", "FormerOriginSecret"]
    for one in found:
        assert one["FieldToMatch"] == {"SingleHeader": {"Name": SECRET_HEADER.lower()}}
        assert one["PositionalConstraint"] == "EXACTLY"


def test_one_address_may_ask_so_often():
    rate = rules()[firewall.TOO_OFTEN]["Statement"]["RateBasedStatement"]
    assert rate["Limit"] == DEV.throttling.address_requests_per_five_minutes
    assert rate["EvaluationWindowSec"] == 300
    assert rate["AggregateKeyType"] == "FORWARDED_IP"
    assert rate["ForwardedIPConfig"]["HeaderName"] == ADDRESS_HEADER.lower()
    assert rules()[firewall.DIRECT]["Priority"] < rules()[firewall.TOO_OFTEN]["Priority"]


@pytest.mark.req("R-60")
def test_the_firewall_keeps_no_requests():
    acl = firewall.firewall_resources(DEV)["Firewall"]["Properties"]
    shown = [acl["VisibilityConfig"], *(one["VisibilityConfig"] for one in acl["Rules"])]
    assert {one["SampledRequestsEnabled"] for one in shown} == {False}


def test_the_firewall_guards_the_stage_in_its_own_region():
    found = firewall.firewall_resources(DEV)
    assert found["Firewall"]["Properties"]["Scope"] == "REGIONAL"
    guarded = found["FirewallAssociation"]["Properties"]["ResourceArn"]["Fn::Sub"]
    assert guarded.endswith("::/restapis/${Api}/stages/${ApiStage}")
