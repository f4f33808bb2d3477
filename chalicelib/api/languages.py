"""The language of an answer, from `Accept-Language` (RFC 9110, section 12.5.4)."""

from chalicelib.domain.errors import Language


def preferred_language(header: str) -> Language:
    """`en` when English is preferred to Chinese, else `zh` (the default)."""
    best: tuple[float, Language] = (0.0, "zh")
    for part in header[:200].split(","):
        tag, _, weight = part.strip().partition(";")
        primary = tag.strip().casefold().partition("-")[0]
        if primary not in {"zh", "en"}:
            continue
        quality = _quality(weight)
        if quality > best[0]:
            best = (quality, "en" if primary == "en" else "zh")
    return best[1]


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if name.strip().casefold() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
