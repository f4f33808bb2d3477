"""CloudFront before everything: the pages from their bucket, the API behind the same domain.

Nothing is cached but the pages and those answers of the API that their routes call cacheable.
CloudFront keeps no log of requests: it would hold addresses, and verification codes in paths.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from chalicelib.api.client_address import ADDRESS_HEADER, SECRET_HEADER
from infra.packaging.api import METHODS
from infra.packaging.lambdas import Resources, attribute, sub
from infra.packaging.pages import pages_resources
from infra.packaging.plan import Planned
from infra.packaging.stages import StageSettings

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""CloudFront's managed policies; the last hands on all of a request but its `Host`."""

_PAGES, _API = "pages", "api"
_READING = ("GET", "HEAD")
_ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
"""The errors that CloudFront would keep for ten seconds."""
_MOST_BEHAVIOURS = 25
"""CloudFront's limit for one distribution."""

INDEX_FUNCTION = """function handler(event) {
  var request = event.request;
  var last = request.uri.split('/').pop();
  if (last === '') { request.uri += 'index.html'; }
  else if (last.indexOf('.') < 0) { request.uri += '/index.html'; }
  return request;
}
"""
"""A bucket knows no folders: `/verify` and `/verify/` are `/verify/index.html`."""

ADDRESS_FUNCTION = f"""function handler(event) {{
  var request = event.request;
  request.headers['{ADDRESS_HEADER.lower()}'] = {{ value: event.viewer.ip }};
  return request;
}}
"""
"""The person's address, whatever the request itself said it was."""


def cdn_resources(functions: Sequence[Planned], stage: StageSettings) -> Resources:
    """The distribution and the bucket of the pages, with their policies."""
    return {
        **pages_resources(),
        "PagesIndex": _function("index", "Finds a folder's page", INDEX_FUNCTION),
        "ViewerAddress": _function("viewer-address", "Tells a person's address", ADDRESS_FUNCTION),
        "PublicAnswers": _public_answers(),
        "PublicRequests": _public_requests(),
        "Distribution": _distribution(functions, stage),
    }


def cdn_outputs() -> Mapping[str, Any]:
    """Where the pages are published, and where they can be read."""
    return {
        "PagesBucket": {"Value": {"Ref": "PagesBucket"}},
        "DistributionId": {"Value": {"Ref": "Distribution"}},
        "PagesUrl": {"Value": sub("https://${Distribution.DomainName}")},
    }


def cached_paths(functions: Sequence[Planned]) -> Iterator[tuple[str, int]]:
    """Of each cacheable route CloudFront's pattern, and for how many seconds it is kept."""
    for planned in functions:
        for route in planned.routes:
            if route.cacheable_seconds:
                parts = ("*" if part.startswith("{") else part for part in route.path.split("/"))
                yield f"/api{'/'.join(parts)}", route.cacheable_seconds


def _function(name: str, comment: str, code: str) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::Function",
        "Properties": {
            "Name": sub(f"archive-${{Stage}}-{name}"),
            "AutoPublish": True,
            "FunctionCode": code,
            "FunctionConfig": {"Comment": comment, "Runtime": "cloudfront-js-2.0"},
        },
    }


def _public_answers() -> dict[str, Any]:
    """Kept as long as the answer itself says; `Vary` names the headers that tell answers apart."""
    return {
        "Type": "AWS::CloudFront::CachePolicy",
        "Properties": {
            "CachePolicyConfig": {
                "Name": sub("archive-${Stage}-public-answers"),
                "MinTTL": 0,
                "DefaultTTL": 0,
                "MaxTTL": 3600,
                "ParametersInCacheKeyAndForwardedToOrigin": {
                    "EnableAcceptEncodingGzip": True,
                    "EnableAcceptEncodingBrotli": True,
                    "CookiesConfig": {"CookieBehavior": "none"},
                    "QueryStringsConfig": {"QueryStringBehavior": "all"},
                    "HeadersConfig": {
                        "HeaderBehavior": "whitelist",
                        "Headers": ["Accept-Language", "Origin"],
                    },
                },
            }
        },
    }


def _public_requests() -> dict[str, Any]:
    """What the API is told of a request whose answer others get too: not who asks."""
    return {
        "Type": "AWS::CloudFront::OriginRequestPolicy",
        "Properties": {
            "OriginRequestPolicyConfig": {
                "Name": sub("archive-${Stage}-public-requests"),
                "CookiesConfig": {"CookieBehavior": "none"},
                "QueryStringsConfig": {"QueryStringBehavior": "all"},
                "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": [ADDRESS_HEADER]},
            }
        },
    }


def _distribution(functions: Sequence[Planned], stage: StageSettings) -> dict[str, Any]:
    public = [
        _behaviour(
            _API,
            "ViewerAddress",
            PathPattern=pattern,
            CachePolicyId={"Ref": "PublicAnswers"},
            OriginRequestPolicyId={"Ref": "PublicRequests"},
        )
        for pattern, _ in sorted(set(cached_paths(functions)))
    ]
    rest = _behaviour(
        _API,
        "ViewerAddress",
        PathPattern="/api/*",
        CachePolicyId=CACHING_DISABLED,
        OriginRequestPolicyId=ALL_BUT_HOST,
        Compress=False,  # the gateway does
    )
    pages = _behaviour(
        _PAGES,
        "PagesIndex",
        CachePolicyId=CACHING_OPTIMIZED,
        ResponseHeadersPolicyId={"Ref": "PagesHeaders"},
        AllowedMethods=_READING,
    )
    if len(public) + 2 > _MOST_BEHAVIOURS:
        raise ValueError(f"{len(public)} cacheable paths; CloudFront takes {_MOST_BEHAVIOURS - 2}")
    return {
        "Type": "AWS::CloudFront::Distribution",
        "Properties": {
            "DistributionConfig": {
                "Comment": sub("archive-${Stage}"),
                "Enabled": True,
                "HttpVersion": "http2and3",
                "IPV6Enabled": True,
                "DefaultRootObject": "index.html",
                "Origins": [_pages_origin(), _api_origin()],
                "DefaultCacheBehavior": pages,
                "CacheBehaviors": [*public, rest],
                "CustomErrorResponses": [
                    {"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in _ERRORS
                ],
                **_domain(stage),
            }
        },
    }


def _pages_origin() -> dict[str, Any]:
    return {
        "Id": _PAGES,
        "DomainName": attribute("PagesBucket", "RegionalDomainName"),
        "OriginAccessControlId": {"Ref": "PagesAccess"},
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }


def _api_origin() -> dict[str, Any]:
    return {
        "Id": _API,
        "DomainName": sub("${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"),
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
        },
        "OriginCustomHeaders": [
            {"HeaderName": SECRET_HEADER, "HeaderValue": {"Ref": "OriginSecret"}}
        ],
    }


def _behaviour(origin: str, function: str, **properties: Any) -> dict[str, Any]:
    return {
        "TargetOriginId": origin,
        "ViewerProtocolPolicy": "redirect-to-https" if origin == _PAGES else "https-only",
        "AllowedMethods": METHODS,
        "CachedMethods": _READING,
        "Compress": True,
        "FunctionAssociations": [
            {"EventType": "viewer-request", "FunctionARN": attribute(function, "FunctionARN")}
        ],
        **properties,
    }


def _domain(stage: StageSettings) -> dict[str, Any]:
    """The stage's own domain where it has a certificate, else CloudFront's."""
    if stage.certificate is None:
        return {"ViewerCertificate": {"CloudFrontDefaultCertificate": True}}
    kind = "AcmCertificateArn" if stage.certificate.startswith("arn:") else "IamCertificateId"
    return {
        "Aliases": [urlsplit(stage.public_origin).hostname],
        "ViewerCertificate": {
            kind: stage.certificate,
            "SslSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        },
    }
