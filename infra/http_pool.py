"""HTTP connections that trust what AWS's clients trust."""

import os

import urllib3


def http_pool(seconds: float) -> urllib3.PoolManager:
    """Connections that give up after `seconds` and never try again.

    `AWS_CA_BUNDLE` names further authorities, as for boto3: an emulator's, a company's proxy.
    """
    bundle = os.environ.get("AWS_CA_BUNDLE")
    return urllib3.PoolManager(timeout=seconds, retries=False, ca_certs=bundle)
