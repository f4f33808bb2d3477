"""The web client's files, as every server of them must send them: locally and in the cloud."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

REFERRER_POLICY = "no-referrer"
"""A page's address may hold a verification code or a mailed token."""

TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
"""The media type by the file name's ending; files with another ending are not served."""


def page_headers(upload_origin: str) -> Mapping[str, str]:
    """The headers that protect a page's reader; `upload_origin` takes presigned forms."""
    return {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Content-Security-Policy": content_security_policy(upload_origin),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": REFERRER_POLICY,
    }


def content_security_policy(upload_origin: str) -> str:
    """The pages' policy: own scripts and styles only, pictures also from the page's memory."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        f"manifest-src 'self'; connect-src 'self' {upload_origin}; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def page_settings(*, name_zh: str, name_en: str, specimen: bool) -> Mapping[str, Any]:
    """What `/config.json` holds: the operator's names, and whether pages carry the mark 演示."""
    return {"specimen": specimen, "operator": {"name_zh": name_zh, "name_en": name_en}}


def page_files(folder: Path) -> Mapping[str, Path]:
    """The files of a folder that are served, by their path from it."""
    return {
        file.relative_to(folder).as_posix(): file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix in TYPES
    }
