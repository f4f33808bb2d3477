"""Every message as a person would receive it: `python -m infra.message_gallery` (`make messages`).

Writes one page a language, as wide as a phone, with every kind on each of its channels; and, where
Chromium is there, a picture of each page to look at.
"""

import argparse
import html
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from chalicelib.domain.appeal_states import REASONS
from chalicelib.domain.errors import Language
from chalicelib.domain.messages import (
    KINDS,
    PURPOSES,
    RECORD_EVENTS,
    SERVICE,
    Channel,
    RenderedMessage,
    local_time,
    render,
)

FOLDER = Path(__file__).parents[1] / ".build" / "messages"
ORIGIN = "https://archive.example"
INSTANT = 1_795_421_100
PHONE_WIDTH = 390
"""CSS pixels of a common phone."""
SMS_CHARACTERS: Mapping[Language, int] = {"zh": 70, "en": 160}
"""What one text message holds, in UCS-2 and in the GSM alphabet."""

_TOKEN = "q3Jv0c9mZkXw5T1uYb7Rn2Ls8Hd4Pg6FaEiOyKtCx_M"  # noqa: S105 -- an invented one
_LINKS = {
    "email_confirmation": f"link/#confirm-email={_TOKEN}",
    "email_unconfirmed": f"link/#confirm-email={_TOKEN}",
    "appeal_holder_warning": f"link/#objection={_TOKEN[:22]}",
    "appeal_approved": f"invitation/#{_TOKEN[:22]}{_TOKEN}",
    "staff_invitation": f"invitation/#{_TOKEN[:22]}{_TOKEN}",
    "account_closing": "link/#cancel-closing",
}
_UNDO = f"link/#undo-change={_TOKEN}"
_STYLE = (
    "body{margin:0;padding:1rem;background:#e9ecef;font:16px/1.5 'Noto Sans CJK SC',sans-serif}"
    "h1{font-size:1.1rem}h2{font:12px/1 monospace;color:#555;margin:1.5rem 0 .4rem}"
    "article{background:#fff;border-radius:.8rem;padding:.8rem 1rem;white-space:pre-wrap;"
    "overflow-wrap:anywhere}article.sms{background:#d7f0d8;margin-right:15%}"
    "b{display:block;border-bottom:1px solid #ccc;padding-bottom:.4rem;margin-bottom:.6rem}"
    "small{color:#666}"
)


class Sample(NamedTuple):
    """One message, and what it is an example of."""

    title: str
    channel: Channel
    message: RenderedMessage


def sample_values(kind: str, language: Language) -> dict[str, str]:
    """Values as the operations fill them in, for every placeholder of a kind."""
    times = dict.fromkeys(
        ("time", "due_at", "closes_at", "valid_until"), local_time(INSTANT, language)
    )
    known = {
        **times,
        "code": "604173",
        "purpose": "register",
        "family": "enrollments",
        "event": "replaced",
        "link": f"{ORIGIN}/{_LINKS.get(kind, _UNDO)}",
        "undo_link": f"{ORIGIN}/{_UNDO}",
        "username": "lin.xiaoyu@example.cn",
        "reason": REASONS["document_mismatch"].in_language(language),
        "report_number": "20261123-7866640935",
    }
    placeholders = frozenset[str]().union(*KINDS[kind].values())
    return {name: known[name] for name in placeholders} | {
        "service": SERVICE.in_language(language),
        "site": ORIGIN,
    }


def samples(language: Language) -> Iterator[Sample]:
    """Every kind on each of its channels; a code for each purpose, a refusal for each reason."""
    for kind, channels in KINDS.items():
        for changes in _variants(kind, language):
            values = {**sample_values(kind, language), **changes}
            title = " ".join((kind, *changes.values()))
            for channel in channels:
                yield Sample(title, channel, render(kind, language, channel, values))


def write_gallery(folder: Path) -> list[Path]:
    """Write the pages; where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for language in get_args(Language):
        page = folder / f"{language}.html"
        page.write_text(_page(language, list(samples(language))), encoding="utf-8")
        pages.append(page)
    return pages


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.message_gallery", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    pages = write_gallery(options.out)
    chromium = shutil.which("chromium")
    for page in pages:
        pictures = _pictures(page, chromium) if chromium else []
        print(*(page, *pictures), sep="\n")
    return 0


def _variants(kind: str, language: Language) -> Sequence[Mapping[str, str]]:
    if kind == "code":
        return [{"purpose": purpose} for purpose in PURPOSES]
    if kind == "record_changed":
        return [{"event": event} for event in RECORD_EVENTS]
    if "reason" in sample_values(kind, language):
        return [{"reason": reason.in_language(language)} for reason in REASONS.values()]
    return [{}]


def _page(language: Language, shown: Sequence[Sample]) -> str:
    body = "".join(_article(language, sample) for sample in shown)
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{language}</title><style>{_STYLE}</style><body>{body}</body></html>"
    )


def _article(language: Language, sample: Sample) -> str:
    subject, body = sample.message.subject, sample.message.body
    count = f" · {len(body)}/{SMS_CHARACTERS[language]}" if subject is None else ""
    heading = f"<b>{html.escape(subject)}</b>" if subject else ""
    return (
        f"<section><h2>{html.escape(sample.title)} · {sample.channel}{count}</h2>"
        f'<article class="{sample.channel}">{heading}{html.escape(body)}</article></section>'
    )


def _pictures(page: Path, chromium: str) -> list[Path]:
    """Pictures of a page, each a few screens high, so that it can be read."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- for pictures alone

    height = 1800
    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": PHONE_WIDTH, "height": height})
        view.goto(page.as_uri())
        whole = int(view.evaluate("document.documentElement.scrollHeight"))
        for place, top in enumerate(range(0, whole, height)):
            picture = page.with_name(f"{page.stem}-{place:02d}.png")
            view.screenshot(
                path=picture,
                full_page=True,
                clip={"x": 0, "y": top, "width": PHONE_WIDTH, "height": min(height, whole - top)},
            )
            taken.append(picture)
        browser.close()
    return taken


if __name__ == "__main__":
    sys.exit(main())
