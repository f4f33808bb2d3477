"""Writing a demo registry to a folder, in the form in which institutions deliver.

<family>.csv        one file per family, with the official column codes
institutions.csv    the institutions it mentions, with the headings of the Ministry's list
people.json         who can register, and what each will find
photos.json         [{family, natural_key, kind, file}]: whose photograph each file is
photos/*.jpg        the portraits
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import msgspec

from chalicelib.domain.columns import COLUMNS
from chalicelib.domain.natural_keys import natural_key
from chalicelib.domain.records import FAMILIES, Family, PhotoKind
from chalicelib.domain.registry_rows import facts_from_row
from infra.demo.careers import Row
from infra.demo.people import Person, people
from infra.demo.portraits import portrait
from infra.demo.words import COLLEGES, UNIVERSITIES

_KINDS_OF: Mapping[Family, tuple[PhotoKind, ...]] = {
    "enrollments": ("admission", "graduation"),
    "credentials": ("graduation",),
    "degrees": ("graduation",),
}
_WRITTEN_ON = date(2026, 9, 1)
"""No invented birth is later; only births are checked against the day of reading."""


def write_registry(folder: Path, count: int, *, seed: int, portraits: bool = True) -> int:
    """Write the registry of `count` people to `folder`; how many records it has."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_institutions(folder / "institutions.csv")
    photos = _Photos(folder, seed) if portraits else None
    with ExitStack() as files:
        writers = {family: _writer(files, folder, family) for family in FAMILIES}
        summaries, records = [], 0
        for person in people(count, seed=seed):
            summaries.append(person.summary)
            records += len(person.rows)
            for family, row in person.rows:
                writers[family].writerow(row)
            if photos is not None:
                photos.add(person)
    _write_json(folder / "people.json", summaries)
    _write_json(folder / "photos.json", photos.manifest if photos else [])
    return records


def _writer(files: ExitStack, folder: Path, family: Family) -> "csv.DictWriter[str]":
    file = files.enter_context((folder / f"{family}.csv").open("w", encoding="utf-8", newline=""))
    columns = COLUMNS[family]
    csv.writer(file).writerow([column.code for column in columns])
    return csv.DictWriter(file, [column.field for column in columns], restval="")


def _write_institutions(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["序号", "学校名称", "学校标识码", "主管部门", "所在地", "办学层次", "备注"]
        )
        for number, one in enumerate((*UNIVERSITIES, *COLLEGES), start=1):
            writer.writerow(
                [number, one.name, one.identifier, one.authority, one.place, one.level, ""]
            )


def _write_json(path: Path, items: Iterable[object]) -> None:
    path.write_bytes(b"[\n" + b",\n".join(map(msgspec.json.encode, items)) + b"\n]\n")


class _Photos:
    """Draws a person's portraits and notes which record shows which."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.manifest: list[dict[str, str]] = []
        self._folder = folder
        self._seed = seed
        (folder / "photos").mkdir(exist_ok=True)

    def add(self, person: Person) -> None:
        """Draw the portraits that the person's records show."""
        shown = list(_shown(person))
        files = {kind: self._draw(person, kind) for kind in sorted({kind for kind, _ in shown})}
        self.manifest.extend(entry | {"file": files[kind]} for kind, entry in shown)

    def _draw(self, person: Person, kind: PhotoKind) -> str:
        index = person.identity.index
        name = f"photos/{index:06d}_{kind}.jpg"
        image = portrait(self._seed, index, sex=person.identity.sex, kind=kind)
        (self._folder / name).write_bytes(image)
        return name


def _shown(person: Person) -> Iterator[tuple[PhotoKind, dict[str, str]]]:
    for family, row in person.rows:
        for kind in _kinds(family, row):
            yield kind, {"family": family, "natural_key": _key(family, row), "kind": kind}


def _kinds(family: Family, row: Row) -> tuple[PhotoKind, ...]:
    """A student has no graduation photograph yet."""
    kinds = _KINDS_OF.get(family, ())
    return kinds if row.get("status", "毕业") in {"毕业", "结业"} else kinds[:1]


def _key(family: Family, row: Row) -> str:
    codes = {column.field: column.code for column in COLUMNS[family]}
    cells = {codes[field]: text for field, text in row.items()}
    return natural_key(family, facts_from_row(family, cells, today=_WRITTEN_ON))
