"""The demo registry's portraits: sealed into the archive, and named for the import."""

import json
from collections import defaultdict
from pathlib import Path

from chalicelib.domain.records import Family, PhotoKind
from chalicelib.operations.import_records import Photos
from chalicelib.operations.keep_photo import keep_photo
from chalicelib.operations.ports import Ports


def keep_listed_photos(ports: Ports, listing: Path, family: Family) -> Photos:
    """Keep the photos that `listing` names for a family; their addresses by natural key and kind.

    `listing` is a JSON list of `{family, natural_key, kind, file}`, files relative to it.
    """
    addresses: dict[str, dict[PhotoKind, str]] = defaultdict(dict)
    for entry in json.loads(listing.read_text(encoding="utf-8")):
        if entry["family"] == family:
            content = (listing.parent / entry["file"]).read_bytes()
            addresses[entry["natural_key"]][entry["kind"]] = keep_photo(ports, content)
    return addresses
