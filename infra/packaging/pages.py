"""The pages' bucket, which only CloudFront reads, and the headers that it sends with them."""

from typing import Any

from infra.packaging.lambdas import Resources, attribute, sub
from infra.pages import page_headers


def pages_resources() -> Resources:
    """The bucket, who may read it, and the pages' headers."""
    return {
        "PagesBucket": _pages_bucket(),
        "PagesBucketPolicy": _pages_bucket_policy(),
        "PagesAccess": _origin_access(),
        "PagesHeaders": _headers_policy(),
    }


def _pages_bucket() -> dict[str, Any]:
    """Public by intent, so encrypted by S3's own keys; a former version brings a page back."""
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "BucketName": sub("archive-${Stage}-pages-${AWS::AccountId}"),
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                ]
            },
            "PublicAccessBlockConfiguration": dict.fromkeys(
                (
                    "BlockPublicAcls",
                    "BlockPublicPolicy",
                    "IgnorePublicAcls",
                    "RestrictPublicBuckets",
                ),
                True,
            ),
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "ForgetReplacedPages",
                        "Status": "Enabled",
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    }
                ]
            },
        },
    }


def _pages_bucket_policy() -> dict[str, Any]:
    """Only this distribution reads. It may list too: a missing page is then 404 and not 403."""
    reader = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {
            "StringEquals": {
                "AWS:SourceArn": sub(
                    "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
                )
            }
        },
    }
    objects = sub("${PagesBucket.Arn}/*")
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "PagesBucket"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Sid": "CloudFrontReads", "Action": "s3:GetObject", "Resource": objects}
                    | reader,
                    {
                        "Sid": "CloudFrontTellsWhatIsMissing",
                        "Action": "s3:ListBucket",
                        "Resource": attribute("PagesBucket"),
                    }
                    | reader,
                    {
                        "Sid": "OnlyEncryptedConnections",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [attribute("PagesBucket"), objects],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                ],
            },
        },
    }


def _origin_access() -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::OriginAccessControl",
        "Properties": {
            "OriginAccessControlConfig": {
                "Name": sub("archive-${Stage}-pages"),
                "OriginAccessControlOriginType": "s3",
                "SigningBehavior": "always",
                "SigningProtocol": "sigv4",
            }
        },
    }


def _headers_policy() -> dict[str, Any]:
    """The same headers that the local server sends with a page, and HTTPS for ever."""
    sent = dict(page_headers("https://${QuarantineBucket.RegionalDomainName}"))
    named: dict[str, Any] = {
        "ContentSecurityPolicy": {
            "ContentSecurityPolicy": sub(sent.pop("Content-Security-Policy"))
        },
        "ContentTypeOptions": {},
        "FrameOptions": {"FrameOption": sent.pop("X-Frame-Options")},
        "ReferrerPolicy": {"ReferrerPolicy": sent.pop("Referrer-Policy")},
        "StrictTransportSecurity": {
            "AccessControlMaxAgeSec": 31_536_000,
            "IncludeSubdomains": True,
        },
    }
    del sent["X-Content-Type-Options"]  # `ContentTypeOptions` knows one value only
    others = [{"Header": name, "Value": value, "Override": True} for name, value in sent.items()]
    return {
        "Type": "AWS::CloudFront::ResponseHeadersPolicy",
        "Properties": {
            "ResponseHeadersPolicyConfig": {
                "Name": sub("archive-${Stage}-pages"),
                "SecurityHeadersConfig": {
                    name: {**value, "Override": True} for name, value in named.items()
                },
                "CustomHeadersConfig": {"Items": others},
            }
        },
    }
