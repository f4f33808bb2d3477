"""Keeping a record's photo."""

import hashlib

from chalicelib.operations.ports import Ports


def keep_photo(ports: Ports, content: bytes) -> str:
    """Seal a JPEG and answer its address: the same photo has the same address.

    What a report showed at its issue stays where it is, since an address never gets another image.
    """
    digest = hashlib.sha256(content).hexdigest()
    address = f"photos/{ports.keyring.permanent_id('photo', digest)}"
    ports.photos.put(address, content)
    return address
