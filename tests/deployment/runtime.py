"""Lambda's runtime client on its own, to start packaged functions as Lambda does."""

from pathlib import Path

import awslambdaric

_PARTS = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")


def link_runtime(folder: Path) -> Path:
    """Make `folder` hold the runtime client and nothing else of this environment."""
    folder.mkdir()
    for place in Path(awslambdaric.__file__).parents[1].iterdir():
        if place.name.startswith(_PARTS) and not place.name.endswith(".dist-info"):
            (folder / place.name).symlink_to(place)
    return folder
