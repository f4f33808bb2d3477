"""Somebody with power over the `audit` table, and how the verifier finds what was done.

Some of the hands below have the data keys as well, so that what they forge opens.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec
import pytest

from chalicelib import jobs
from chalicelib.domain.audit_chain import HOUR, Head, following, hour_of, line_digest, root_of
from chalicelib.operations.document_scans import SETTLE_SECONDS
from chalicelib.operations.verify_audit import verify_audit
from chalicelib.stores.audit import AuditLine
from chalicelib.stores.audit_journal import Seal, kind_of
from chalicelib.stores.tables import Key, Row
from tests.audit import MemoryAuditSigner
from tests.lab import Lab, lab
from tests.world import Student

pytestmark = pytest.mark.req("R-68")

WANG = Student()
LI = Student(
    name="李娜",
    document_number="440308199901101512",
    phone="+8619900000002",
    email="li@example.com",
)


@dataclass
class Trail:
    """The rows of the table in somebody's hands. `mine` and `other` are two accounts."""

    archive: Lab
    rows: dict[Key, Row]
    mine: str
    other: str
    anchors: dict[int, str] = field(default_factory=dict)

    def lines(self, partition: str = "") -> list[Key]:
        """An account's lines, the first first."""
        wanted = partition or self.mine
        return sorted((k for k in self.rows if k.pk == wanted), key=lambda key: key.sk)

    def sealed_line(self) -> Key:
        return self.lines()[2]

    def fresh_line(self) -> Key:
        return self.lines()[-1]

    def journal(self, line: Key) -> Key:
        return next(key for key in self.rows if key.sk == f"{line.pk}#{line.sk}")

    def heads(self, partition: str = "") -> list[Key]:
        chain = f"chain#{partition or self.mine}"
        return sorted((k for k in self.rows if k.pk == chain), key=lambda key: key.sk)

    def seals(self) -> list[Key]:
        return sorted((k for k in self.rows if k.pk == "seals"), key=lambda key: key.sk)

    def change(self, key: Key, **columns: str | int | bytes) -> None:
        self.rows[key] = {**self.rows[key], **columns}

    def move(self, key: Key, pk: str, sk: str) -> Key:
        return self.copy(key, pk, sk, self.rows.pop(key))

    def copy(self, key: Key, pk: str, sk: str, row: Row | None = None) -> Key:
        target = Key("audit", pk, sk)
        self.rows[target] = {**(row or self.rows[key]), "pk": pk, "sk": sk}
        return target

    def remove(self, line: Key) -> None:
        """The line and what the journal says of it."""
        del self.rows[self.journal(line)]
        del self.rows[line]

    def forge(self, at: int, *, journalled: bool) -> Key:
        """A line made with the data keys."""
        line = AuditLine(action="consented", actor="owner", at=at)
        write = self.archive.ports.audit.line(self.mine.removeprefix("account#"), "forged", line)
        shard = self.journal(self.fresh_line()).pk.rpartition("#")[2]
        self.rows[write.key] = write.row
        if journalled:
            digest = line_digest(write.key.pk, write.key.sk, self.sealed(write.key))
            place = f"{write.key.pk}#{write.key.sk}"
            pk = f"journal#{hour_of(write.key.sk):010d}#{shard}"
            self.rows[Key("audit", pk, place)] = {"pk": pk, "sk": place, "digest": digest}
        return write.key

    def sealed(self, key: Key) -> bytes:
        content = self.rows[key]["sealed"]
        assert isinstance(content, bytes)
        return content

    def at(self, line: Key) -> int:
        return int(line.sk.partition("#")[0])

    def seal(self, key: Key) -> Seal:
        return msgspec.json.decode(self.sealed(key), type=Seal)

    def put_seal(self, key: Key, seal: Seal) -> None:
        self.change(key, sealed=msgspec.json.encode(seal))

    def rechain(self) -> None:
        """Make every head and root agree with the lines that are left; not the signatures."""
        for key in [key for key in self.rows if kind_of(key) == "head"]:
            del self.rows[key]
        heads: dict[str, Head] = {}
        for seal_key in self.seals():
            hour, touched, count = int(seal_key.sk), {}, 0
            for line in sorted((k for k in self.rows if kind_of(k) == "line"), key=lambda k: k.sk):
                if hour_of(line.sk) == hour:
                    digest = self.rows[self.journal(line)]["digest"]
                    assert isinstance(digest, bytes)
                    head = following(heads.get(line.pk, Head()), line.sk, digest)
                    heads[line.pk] = touched[line.pk] = head
                    count += 1
            for partition, head in touched.items():
                pk = f"chain#{partition}"
                self.rows[Key("audit", pk, seal_key.sk)] = {
                    "pk": pk,
                    "sk": seal_key.sk,
                    "count": head.count,
                    "digest": head.link,
                }
            seal = self.seal(seal_key)
            statement = msgspec.structs.replace(
                seal.statement,
                partitions=len(touched),
                lines=count,
                root=root_of(touched.items()),
            )
            self.put_seal(seal_key, msgspec.structs.replace(seal, statement=statement))

    def resign(self, signer: MemoryAuditSigner) -> None:
        """Sign every seal again, each following the one before."""
        before = self.seal(self.seals()[0]).statement.before
        for key in self.seals():
            seal = self.seal(key)
            statement = msgspec.structs.replace(seal.statement, before=before)
            name, signature = signer.sign(statement.message)
            self.put_seal(
                key,
                msgspec.structs.replace(
                    seal, statement=statement, key_id=name, signature=signature
                ),
            )
            before = statement.digest

    def problems(self) -> set[str]:
        """What the verifier finds."""
        others = {k: row for k, row in self.archive.memory.all_rows().items() if k.table != "audit"}
        self.archive.memory.put_back({**others, **self.rows})
        verified = verify_audit(self.archive.ports, list(self.rows), anchors=self.anchors)
        return {finding.problem for finding in verified.findings}


def _trail() -> Trail:
    """Lines of two accounts over several hours; those of the last minutes are not sealed yet."""
    archive = lab()
    for student in (WANG, LI):
        archive.checker.learn(student.name, student.document_number, student.phone)
        archive.registered(student)
        archive.clock.advance(60)
    for _ in range(4):
        archive.clock.advance(HOUR)
        archive.sign_in(WANG)
        archive.sign_in(LI)
        archive.clock.advance(HOUR)
        jobs.seal_audit(archive.ports)
    archive.clock.advance(SETTLE_SECONDS)
    jobs.seal_audit(archive.ports)
    archive.sign_in(WANG)
    archive.clock.advance(60)
    holders = [archive.ports.accounts.holder("phone", one.phone) for one in (WANG, LI)]
    rows = {key: row for key, row in archive.memory.all_rows().items() if key.table == "audit"}
    mine, other = (f"account#{holder}" for holder in holders)
    return Trail(archive, rows, mine, other)


_MADE = _trail()
_SCENE = _MADE.archive.mark()


@pytest.fixture
def trail() -> Trail:
    """The trail before anybody's hands were on it."""
    _SCENE()
    return Trail(_MADE.archive, dict(_MADE.rows), _MADE.mine, _MADE.other)


def test_an_untouched_trail_is_whole(trail: Trail) -> None:
    last = trail.seal(trail.seals()[-1])
    trail.anchors = {last.statement.hour: last.statement.digest.hex()}
    assert trail.problems() == set()
    assert hour_of(trail.sealed_line().sk) <= last.statement.hour < hour_of(trail.fresh_line().sk)


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def edit(trail: Trail) -> None:
    trail.change(trail.sealed_line(), sealed=flipped(trail.sealed(trail.sealed_line())))


def edit_a_fresh_line(trail: Trail) -> None:
    trail.change(trail.fresh_line(), sealed=flipped(trail.sealed(trail.fresh_line())))


def edit_with_the_journal(trail: Trail) -> None:
    line = trail.fresh_line()
    edit_a_fresh_line(trail)
    trail.change(trail.journal(line), digest=line_digest(line.pk, line.sk, trail.sealed(line)))


def edit_with_the_keys(trail: Trail) -> None:
    line = trail.sealed_line()
    changed = AuditLine(action="consented", actor="owner", at=trail.at(line))
    trail.change(line, sealed=trail.archive.ports.keyring.seal_document(changed, line))


def edit_with_the_keys_and_the_journal(trail: Trail) -> None:
    line = trail.sealed_line()
    edit_with_the_keys(trail)
    trail.change(trail.journal(line), digest=line_digest(line.pk, line.sk, trail.sealed(line)))


def swap_contents(trail: Trail) -> None:
    one, two = trail.lines()[1:3]
    contents = trail.sealed(one), trail.sealed(two)
    trail.change(one, sealed=contents[1])
    trail.change(two, sealed=contents[0])


def take_contents_of_another_account(trail: Trail) -> None:
    trail.change(trail.sealed_line(), sealed=trail.sealed(trail.lines(trail.other)[2]))


def rename_an_action(trail: Trail) -> None:
    trail.change(trail.sealed_line(), state="consented")


def rename_an_action_in_the_journal(trail: Trail) -> None:
    trail.change(trail.journal(trail.sealed_line()), state="consented")


def let_a_line_expire(trail: Trail) -> None:
    trail.change(trail.sealed_line(), expires_at=trail.archive.clock())


def remove(trail: Trail) -> None:
    del trail.rows[trail.sealed_line()]


def remove_a_fresh_line(trail: Trail) -> None:
    del trail.rows[trail.fresh_line()]


def remove_with_the_journal(trail: Trail) -> None:
    trail.remove(trail.sealed_line())


def remove_the_last_of_an_account(trail: Trail) -> None:
    trail.remove(trail.lines(trail.other)[-1])


def remove_the_first_of_an_account(trail: Trail) -> None:
    trail.remove(trail.lines(trail.other)[0])


def remove_and_rechain(trail: Trail) -> None:
    kept = {key: trail.rows[key] for key in trail.seals()}
    trail.remove(trail.sealed_line())
    trail.rechain()
    trail.rows.update(kept)


def remove_rechain_and_reseal(trail: Trail) -> None:
    trail.remove(trail.sealed_line())
    trail.rechain()


def remove_rechain_and_sign_with_another_key(trail: Trail) -> None:
    remove_rechain_and_reseal(trail)
    trail.resign(MemoryAuditSigner("test-key"))


def remove_rechain_and_sign_under_another_name(trail: Trail) -> None:
    remove_rechain_and_reseal(trail)
    trail.resign(MemoryAuditSigner("another-key"))


def remove_rechain_and_sign_with_the_key_itself(trail: Trail) -> None:
    """Even who may sign: the log's anchor stays."""
    last = trail.seal(trail.seals()[-1]).statement
    trail.anchors = {last.hour: last.digest.hex()}
    remove_rechain_and_reseal(trail)
    signer = trail.archive.ports.audit_signer
    assert isinstance(signer, MemoryAuditSigner)
    trail.resign(signer)


def remove_a_whole_account(trail: Trail) -> None:
    for line in trail.lines(trail.other):
        trail.remove(line)
    for head in trail.heads(trail.other):
        del trail.rows[head]


def move_to_another_account(trail: Trail) -> None:
    line = trail.sealed_line()
    trail.move(line, trail.other, line.sk)


def move_to_an_earlier_place(trail: Trail) -> None:
    line, (first, *_) = trail.sealed_line(), trail.lines()
    trail.move(line, line.pk, f"{trail.at(first) - 1:011d}#{line.sk.partition('#')[2]}")


def reorder_in_line_and_journal(trail: Trail) -> None:
    line = trail.sealed_line()
    journal = trail.journal(line)
    place = f"{trail.at(line) + 1:011d}#{line.sk.partition('#')[2]}"
    moved = trail.move(line, line.pk, place)
    trail.move(journal, journal.pk, f"{moved.pk}#{moved.sk}")


def repeat_a_line(trail: Trail) -> None:
    line = trail.sealed_line()
    trail.copy(line, line.pk, f"{line.sk}x")


def insert(trail: Trail) -> None:
    trail.forge(trail.at(trail.sealed_line()), journalled=False)


def insert_with_the_journal(trail: Trail) -> None:
    trail.forge(trail.at(trail.sealed_line()), journalled=True)


def insert_before_the_first(trail: Trail) -> None:
    trail.forge(trail.at(trail.lines()[0]) - 2 * HOUR, journalled=True)


def insert_in_the_fresh_hour(trail: Trail) -> None:
    trail.forge(trail.at(trail.fresh_line()), journalled=False)


def insert_a_whole_account(trail: Trail) -> None:
    line = trail.sealed_line()
    trail.copy(line, "account#nobody", line.sk)


def remove_from_the_journal(trail: Trail) -> None:
    del trail.rows[trail.journal(trail.sealed_line())]


def move_in_the_journal(trail: Trail) -> None:
    journal, later = trail.journal(trail.sealed_line()), trail.journal(trail.fresh_line())
    trail.move(journal, later.pk, journal.sk)


def hide_in_another_shard(trail: Trail) -> None:
    journal = trail.journal(trail.sealed_line())
    trail.move(journal, f"{journal.pk[:-1]}9", journal.sk)


def remove_a_head(trail: Trail) -> None:
    del trail.rows[trail.heads()[1]]


def change_a_head(trail: Trail) -> None:
    trail.change(trail.heads()[1], digest=b"\1" * 32)


def change_a_heads_count(trail: Trail) -> None:
    trail.change(trail.heads()[-1], count=1)


def empty_a_head(trail: Trail) -> None:
    head = trail.heads()[1]
    trail.rows[head] = {"pk": head.pk, "sk": head.sk}


def insert_a_head(trail: Trail) -> None:
    head = trail.heads()[1]
    trail.copy(head, head.pk, f"{int(head.sk) + 1:010d}")


def remove_a_seal(trail: Trail) -> None:
    del trail.rows[trail.seals()[2]]


def remove_the_first_seal(trail: Trail) -> None:
    del trail.rows[trail.seals()[0]]


def remove_all_seals(trail: Trail) -> None:
    for key in trail.seals():
        del trail.rows[key]


def remove_the_last_seals(trail: Trail) -> None:
    for key in trail.seals()[-4:]:
        del trail.rows[key]


def change_a_seal(trail: Trail) -> None:
    key = trail.seals()[1]
    seal = trail.seal(key)
    statement = msgspec.structs.replace(seal.statement, lines=seal.statement.lines + 1)
    trail.put_seal(key, msgspec.structs.replace(seal, statement=statement))


def replay_an_old_seal(trail: Trail) -> None:
    old, new = trail.seals()[1], trail.seals()[-1]
    trail.change(new, sealed=trail.sealed(old))


def swap_seals(trail: Trail) -> None:
    one, two = trail.seals()[1:3]
    contents = trail.sealed(one), trail.sealed(two)
    trail.change(one, sealed=contents[1])
    trail.change(two, sealed=contents[0])


def blot_a_seal(trail: Trail) -> None:
    trail.change(trail.seals()[1], sealed=b"{}")


def take_a_seal_of_another_stage(trail: Trail) -> None:
    key = trail.seals()[-1]
    seal = trail.seal(key)
    statement = msgspec.structs.replace(seal.statement, stage="dev")
    name, signature = trail.archive.ports.audit_signer.sign(statement.message)
    forged = Seal(statement=statement, at=seal.at, key_id=name, signature=signature)
    trail.put_seal(key, forged)


def cut_off_the_end(trail: Trail) -> None:
    """Everything after an hour, as if nothing had happened since; the log knows better."""
    last = trail.seal(trail.seals()[-1]).statement
    trail.anchors = {last.hour: last.digest.hex()}
    cut = int(trail.seals()[-3].sk)
    for key in list(trail.rows):
        kind = kind_of(key)
        at = {"line": key.sk, "journal": key.sk.rpartition("#")[0].rpartition("#")[2]}
        hour = hour_of(at[kind]) if kind in {"line", "journal"} else int(key.sk)
        if hour >= cut:
            del trail.rows[key]


def put_the_table_back(trail: Trail) -> None:
    """The same, found later without the log."""
    cut_off_the_end(trail)
    trail.anchors = {}
    trail.archive.clock.advance(2 * HOUR)


def empty_the_table(trail: Trail) -> None:
    trail.rows.clear()


def leave_a_foreign_row(trail: Trail) -> None:
    trail.rows[Key("audit", "note", "-")] = {"pk": "note", "sk": "-"}


TAMPERINGS: Mapping[Callable[[Trail], None], set[str]] = {
    edit: {"line_altered"},
    edit_a_fresh_line: {"line_altered"},
    edit_with_the_journal: {"line_altered"},
    edit_with_the_keys: {"line_altered"},
    edit_with_the_keys_and_the_journal: {"head_altered", "root_differs"},
    swap_contents: {"line_altered"},
    take_contents_of_another_account: {"line_altered"},
    rename_an_action: {"line_altered"},
    rename_an_action_in_the_journal: {"line_altered"},
    let_a_line_expire: {"line_altered"},
    remove: {"line_missing"},
    remove_a_fresh_line: {"line_missing"},
    remove_with_the_journal: {"head_altered", "root_differs"},
    remove_the_last_of_an_account: {"head_inserted", "root_differs"},
    remove_the_first_of_an_account: {"head_altered", "root_differs"},
    remove_and_rechain: {"root_differs"},
    remove_rechain_and_reseal: {"seal_unsigned"},
    remove_rechain_and_sign_with_another_key: {"seal_unsigned"},
    remove_rechain_and_sign_under_another_name: {"seal_key_unknown"},
    remove_rechain_and_sign_with_the_key_itself: {"anchor_differs"},
    remove_a_whole_account: {"root_differs"},
    move_to_another_account: {"line_missing", "line_inserted"},
    move_to_an_earlier_place: {"line_missing", "line_inserted"},
    reorder_in_line_and_journal: {"line_altered", "head_altered"},
    repeat_a_line: {"line_inserted"},
    insert: {"line_inserted"},
    insert_with_the_journal: {"head_altered", "root_differs"},
    insert_before_the_first: {"seal_missing", "head_altered"},
    insert_in_the_fresh_hour: {"line_inserted"},
    insert_a_whole_account: {"line_inserted"},
    remove_from_the_journal: {"line_inserted", "root_differs"},
    move_in_the_journal: {"journal_altered", "root_differs"},
    hide_in_another_shard: {"line_inserted", "journal_altered"},
    remove_a_head: {"head_missing"},
    change_a_head: {"head_altered"},
    change_a_heads_count: {"head_altered"},
    empty_a_head: {"head_altered"},
    insert_a_head: {"head_inserted"},
    remove_a_seal: {"seal_missing", "seal_unlinked"},
    remove_the_first_seal: {"seal_missing", "seal_unlinked"},
    remove_all_seals: {"seal_outdated"},
    remove_the_last_seals: {"seal_outdated"},
    change_a_seal: {"seal_unsigned", "seal_unlinked"},
    replay_an_old_seal: {"seal_moved", "seal_unlinked"},
    swap_seals: {"seal_moved", "seal_unlinked"},
    blot_a_seal: {"seal_altered"},
    take_a_seal_of_another_stage: {"seal_moved"},
    cut_off_the_end: {"anchor_differs"},
    put_the_table_back: {"seal_outdated"},
    empty_the_table: {"seal_outdated"},
    leave_a_foreign_row: {"row_unknown"},
}


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_it_is_found(trail: Trail, tamper: Callable[[Trail], None]) -> None:
    tamper(trail)
    assert trail.problems() >= TAMPERINGS[tamper]


@dataclass
class Counting:
    """Metrics that remember their names."""

    names: list[str] = field(default_factory=list)

    def count(self, name: str, **_: str) -> None:
        self.names.append(name)

    def seconds(self, name: str, value: int) -> None:
        self.names.append(name)


def test_who_removes_a_line_before_it_is_sealed_must_be_quick(trail: Trail) -> None:
    """A fresh line and its row in the journal, both removed: what the hourly seal cannot know."""
    trail.remove(trail.fresh_line())
    assert trail.problems() == set()


def test_a_missing_line_is_noticed_when_its_hour_is_sealed(trail: Trail) -> None:
    remove_a_fresh_line(trail)
    trail.problems()
    trail.archive.clock.advance(2 * HOUR)
    counted = Counting()
    jobs.seal_audit(dataclasses.replace(trail.archive.ports, metrics=counted))
    assert counted.names == ["audit_broken"]
    trail.rows = {k: r for k, r in trail.archive.memory.all_rows().items() if k.table == "audit"}
    assert trail.problems() == {"line_missing"}
