"""Build the fonts of the report's PDF, and the list of the characters they can show.

    npm pack @expo-google-fonts/noto-sans-sc@0.4.3
    npm pack @expo-google-fonts/noto-sans-mono@0.4.2
    apt-get download fonts-hanazono=20170904-2.1 unicode-data=15.0.0-1
    python -m infra.fonts .

writes `chalicelib/assets/report/fonts/`, always the same bytes. What each file holds and under
which licence is told in the README beside them. `dpkg-deb` must be on the path.
"""

import argparse
import bz2
import hashlib
import io
import itertools
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from chalicelib.adapters.report_pdf import COVERAGE, FONTS

NOTO = "expo-google-fonts-noto-sans-sc-0.4.3.tgz"
MONO = "expo-google-fonts-noto-sans-mono-0.4.2.tgz"
HANAZONO = "fonts-hanazono_20170904-2.1_all.deb"
UNIHAN = "unicode-data_15.0.0-1_all.deb"

SHA256 = {
    NOTO: "0d69d0f4971d2ff574e3d93cbc218dc950bf3f3f8f8e2c008d97687ed53aee59",
    MONO: "fc1ae36c3c68e50fa7c12a37e987d7fa1325d280969912d181548ff8f1ce2e2b",
    HANAZONO: "a6943366b4f5a6cec34221f8b4eb22555a628f0ee6ef4e3d3401cabe9363aeae",
    UNIHAN: "5efef23bbb1c6a133ecbdd63a2cfa07159ccacf5466a49e2426101c5ecd691fc",
}

LETTERS_AND_SIGNS = (
    range(0x20, 0x530),  # Latin, Greek, Cyrillic
    range(0x1E00, 0x2070),  # more Latin, punctuation
    range(0x2100, 0x2200),  # letter-like signs, arrows
    range(0x25A0, 0x2600),  # geometric shapes
    range(0x3000, 0x3100),  # CJK punctuation, kana
    range(0xFF00, 0xFFF0),  # full-width forms
)
"""What stands beside the standard Han characters in the fonts of every page."""

DICTIONARY_SOURCES = frozenset({"GKX", "GHZ", "GHZR", "GZ", "GZJW", "GZFY"})
"""Sources of historical, Zhuang and dialect characters: in dictionaries, hardly in names."""

JIS_X_0213 = frozenset({"J3", "J3A", "J4"})

FAMILIAR = frozenset(map(ord, "𠮷"))
"""Met in names although no source above lists it."""

MONO_CHARACTERS = frozenset(range(0x20, 0x7F))


def standard_characters(mappings: str) -> frozenset[int]:
    """The 8,105 characters of 通用规范汉字表 (2013), by Unihan's property kTGH."""
    return frozenset(_unihan(mappings, "kTGH"))


def name_characters(sources: str) -> frozenset[int]:
    """Characters that modern registers and standards list, by Unihan's IRG sources.

    The mainland's, such as the registers of personal and place names, without dictionaries' ones;
    Hong Kong's and Macao's sets; the Japanese standard JIS X 0213.
    """
    mainland, japan = (_sources(sources, place) for place in "GJ")
    return frozenset(
        {character for character, source in mainland.items() if source not in DICTIONARY_SOURCES}
        | {character for character, source in japan.items() if source in JIS_X_0213}
        | FAMILIAR
        | _sources(sources, "H").keys()
        | _sources(sources, "M").keys()
    )


def _sources(text: str, place: str) -> dict[int, str]:
    found = _unihan(text, f"kIRG_{place}Source")
    return {character: source.partition("-")[0] for character, source in found.items()}


def _unihan(text: str, wanted: str) -> dict[int, str]:
    rows = (line.split("\t") for line in text.splitlines() if line.startswith("U+"))
    return {
        int(point.removeprefix("U+"), base=16): value
        for point, name, value in rows
        if name == wanted
    }


def cut(font: bytes, characters: Iterable[int], family: str, weight: int) -> TTFont:
    """`font` with only `characters`, unhinted, under the name `family`."""
    options = subset.Options(
        hinting=False,
        layout_features=["ccmp", "kern", "mark", "mkmk", "liga"],
        name_IDs=[0, 13, 14],
        notdef_outline=True,
        drop_tables=["BASE", "DSIG", "STAT", "VORG", "meta", "vhea", "vmtx"],
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    opened = TTFont(io.BytesIO(font), recalcTimestamp=False)
    cutter.subset(opened)
    _rename(opened, family, weight)
    return opened


def _rename(font: TTFont, family: str, weight: int) -> None:
    style = {400: "Regular", 500: "Medium"}[weight]
    postscript = f"{family.replace(' ', '')}-{style}"
    texts = {1: family, 2: "Regular", 3: postscript, 4: f"{family} {style}", 6: postscript}
    texts |= {16: family, 17: style}
    for name_id, text in texts.items():
        font["name"].setName(text, name_id, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight


def covered(fonts: Iterable[TTFont]) -> list[int]:
    """The characters that at least one of `fonts` has, in order."""
    return sorted(set[int]().union(*(font.getBestCmap() for font in fonts)))


def ranges(characters: Iterable[int]) -> Iterator[str]:
    """Sorted characters as lines: `4e00-9fa5` or `2c17f`."""
    for _, group in itertools.groupby(enumerate(characters), lambda pair: pair[1] - pair[0]):
        run = [character for _, character in group]
        yield f"{run[0]:x}" if len(run) == 1 else f"{run[0]:x}-{run[-1]:x}"


def build(folder: Path) -> dict[str, TTFont]:
    """The fonts by file name, out of the packages in `folder`."""
    noto, mono, hanazono, unihan = (_members(folder / name) for name in SHA256)
    regular = noto["package/400Regular/NotoSansSC_400Regular.ttf"]
    medium = noto["package/500Medium/NotoSansSC_500Medium.ttf"]
    fixed = mono["package/500Medium/NotoSansMono_500Medium.ttf"]
    rare = hanazono["./usr/share/fonts/truetype/hanazono/HanaMinB.ttf"]
    mappings, sources = (
        bz2.decompress(unihan[f"./usr/share/unicode/Unihan_{name}.txt.bz2"]).decode()
        for name in ("OtherMappings", "IRGSources")
    )
    everything = frozenset(TTFont(io.BytesIO(regular)).getBestCmap())
    standard = standard_characters(mappings)
    common = everything & standard.union(*LETTERS_AND_SIGNS)
    return {
        "sans-regular.ttf": cut(regular, common, "Archive Sans", 400),
        "sans-medium.ttf": cut(medium, common, "Archive Sans", 500),
        "sans-extended.ttf": cut(regular, everything - common, "Archive Sans Extended", 400),
        "rare.ttf": cut(rare, name_characters(sources) - everything, "Archive Rare", 400),
        "mono.ttf": cut(fixed, MONO_CHARACTERS, "Archive Mono", 500),
    }


def main(arguments: list[str] | None = None) -> None:
    """Write the fonts and their coverage, and print how large each is."""
    parser = argparse.ArgumentParser(description="Build the fonts of the report's PDF.")
    parser.add_argument("folder", type=Path, help="where the four packages lie")
    fonts = build(parser.parse_args(arguments).folder)
    FONTS.mkdir(parents=True, exist_ok=True)
    for name, font in fonts.items():
        font.save(FONTS / name)
        print(name, len(font.getBestCmap()), "characters,", (FONTS / name).stat().st_size, "bytes")
    lines = "\n".join(ranges(covered(fonts.values())))
    COVERAGE.write_text(lines + "\n", encoding="ascii")


def _members(package: Path) -> dict[str, bytes]:
    """The files inside a package whose digest is the known one."""
    content = package.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256[package.name]:
        raise SystemExit(f"{package}: other bytes than the version that was reviewed")
    if package.suffix == ".deb":
        content = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True
        ).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = {member.name: archive.extractfile(member) for member in archive}
        return {name: file.read() for name, file in files.items() if file}


if __name__ == "__main__":
    main()
