"""Whether the time of an answer tells what its text must not (A-05, R-28).

    python -m benchmarks.neutral_answers [--tries 2000] [--route WORD]

Per question, two worlds are asked about in one run, in random order: where the answer is yes, and
where it is no. The figure is the chance that one time taken at random from the one is longer than
one from the other (the area under the curve, the Mann-Whitney U by its greatest value): 0.5 tells
nothing, and of 2,000 tries 0.55 is the most that may come of chance (four standard errors).
Requests go through the real edge, operations and stores to the embedded AWS; passwords are hashed
for real where signing in is measured.
"""

import argparse
import dataclasses
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from benchmarks.embedded import embedded_aws
from benchmarks.warm_requests import silence
from chalicelib.api.application import build
from chalicelib.domain.errors import Refusal
from chalicelib.operations.bind import bind
from chalicelib.stores.codes import Proof
from chalicelib.stores.limits import Hit
from chalicelib.stores.sessions import Principal
from infra.local.gateway import Gateway
from tests.appeals import open_appeal, picture, resubmit, upload, withdraw
from tests.lab import PlainHasher
from tests.records import CERTIFICATE_NUMBER, LI, UNIVERSITY_CODE, WANG, file_record, member
from tests.world import ORIGIN, Answer, Student, World, world

MOST = 0.55
SEED = 4
DAY = 86_400

Try = Callable[[], object]
Question = Mapping[str, Callable[[], Try]]
"""Two outcomes; each prepares a try, which is what is timed."""


class Scene:
    """One archive with one account, and the hands that prepare tries."""

    def __init__(self, archive: World) -> None:
        self.archive = archive
        self.phones = iter(range(10**7))
        file_record(archive, "credentials", LI)
        client = member(archive, WANG)
        self.owner = str(archive.ports.accounts.holder("email", WANG.email))
        client.call("DELETE", "/sessions/current")
        self.plain = self._with(PlainHasher())

    def phone(self) -> str:
        """A phone that nobody has used."""
        return f"+86198{next(self.phones):08d}"

    def proof(self, phone: str, purpose: str) -> str:
        """A verification token."""
        ports = self.archive.ports
        token = ports.random.token()
        proof = Proof(purpose=purpose, channel="sms", destination=phone)
        ports.tables.commit([ports.codes.issuing_token(token, proof, ports.now() + 600)])
        return token

    def use_up(self, rule: str, subject: str, times: int) -> None:
        """Count so many events."""
        for _ in range(times):
            self.archive.ports.limits.take([Hit(rule, subject)], self.archive.clock())

    def _with(self, hasher: PlainHasher) -> World:
        ports = dataclasses.replace(self.archive.ports, hasher=hasher)
        gateway = Gateway(build(None, lambda: ports, cors_origins=lambda: (ORIGIN,)))
        return dataclasses.replace(self.archive, ports=ports, gateway=gateway)

    # The questions

    def recover(self, student: Student, before: int) -> Callable[[], Try]:
        """Ask for a user name, after so many recoveries by the same phone."""

        def prepare() -> Try:
            phone = self.phone()
            self.use_up("recovery.destination.day", phone, before)
            body = {
                "verification_token": self.proof(phone, "recover_username"),
                "name": student.name,
                "document_type": student.document_type,
                "document_number": student.document_number,
            }
            return self.posting("/username-recoveries", body, 202)

        return prepare

    def reset(self, phone: str) -> Callable[[], Try]:
        """Reset with a number that is not the account's."""

        def prepare() -> Try:
            self.archive.clock.advance(3601)
            body = {
                "verification_token": self.proof(phone, "reset_password"),
                "document_type": LI.document_type,
                "document_number": LI.document_number,
                "new_password": "another-horse-8",
            }
            return self.posting("/password-resets", body, 422)

        return prepare

    def sign_in(self, username: str) -> Callable[[], Try]:
        """A wrong password, hashed for real."""

        def prepare() -> Try:
            ports = self.archive.ports
            self.archive.clock.advance(DAY)
            for subject in (self.owner, username):
                ports.tables.commit(ports.throttle.clear(subject, "203.0.113.7"))
            body = {"username": username, "password": "wrong-horse-8"}
            return self.posting("/sessions", body, 401, world=self.archive)

        return prepare

    def ask(self, phone: str, before: int = 0) -> Callable[[], Try]:
        """Ask for a code, after so many a moment ago."""

        def prepare() -> Try:
            self.archive.clock.advance(DAY + 1)
            body = {"purpose": "reset_password", "channel": "sms", "destination": phone}
            for _ in range(before):
                self.posting("/verification-codes", body, 202)()
            return self.posting("/verification-codes", body, 202)

        return prepare

    def register(self, email: str, phone: str | None) -> Callable[[], Try]:
        """A draft with these contacts; the checker does not agree."""

        def prepare() -> Try:
            self.archive.clock.advance(31 * DAY if phone else 0)
            token = self.proof(phone or self.phone(), "register")
            body = {
                "verification_token": token,
                "email": email,
                "password": "correct-horse-7",
                "name": LI.name,
                "document_type": LI.document_type,
                "document_number": LI.document_number,
                "consent": {"version": "2026-11", "accepted": True},
            }
            return self.posting("/registrations", body, 201)

        return prepare

    def appeal(self, student: Student, step: str) -> Callable[[], Try]:
        """One step of an appeal for the student's number; the rest is done around it."""

        def prepare() -> Try:
            phone = self.phone()
            token = self.proof(phone, "appeal")
            if step == "open":
                return self.opening(student, phone, token)
            opened = open_appeal(self.plain, student, phone, verification_token=token).json
            upload(self.plain, opened["upload"], picture())
            if step == "submit":
                return self.ending(lambda: resubmit(self.plain, opened), 202, opened)
            assert resubmit(self.plain, opened).status == 202
            return expecting(lambda: withdraw(self.plain, opened), 204)

        return prepare

    def opening(self, student: Student, phone: str, token: str) -> Try:
        """Open; what was opened is withdrawn before the next try."""
        opened: list[Answer] = []

        def open_it() -> object:
            opened.append(open_appeal(self.plain, student, phone, verification_token=token))
            return lambda: withdraw(self.plain, opened[0].json)

        return open_it

    def ending(self, attempt: Callable[[], Answer], status: int, opened: object) -> Try:
        """Attempt; the appeal is withdrawn before the next try."""

        def tried() -> object:
            assert attempt().status == status
            return lambda: withdraw(self.plain, opened)

        return tried

    def miss(self, certificate_number: str) -> Callable[[], Try]:
        """A binding that does not match."""
        account = self.archive.ports.accounts.get(self.owner)
        assert account is not None
        principal = Principal(
            account_id=self.owner,
            session_id="",
            proof_level=account.proof_level,
            identities=account.identities,
            proved_at=account.proved_at,
        )

        def prepare() -> Try:
            self.archive.clock.advance(DAY + 1)
            return lambda: refused(
                lambda: bind(
                    self.archive.ports,
                    principal,
                    family="credentials",
                    certificate_number=certificate_number,
                    graduation_year=2015,
                    institution=UNIVERSITY_CODE,
                )
            )

        return prepare

    def posting(
        self, path: str, body: Mapping[str, object], status: int, world: World | None = None
    ) -> Try:
        """A request that must end with this status."""
        client = (world or self.plain).client
        return expecting(lambda: client.call("POST", path, body), status)


def expecting(attempt: Callable[[], Answer], status: int) -> Try:
    """An attempt that must end with this status."""

    def tried() -> None:
        answer = attempt()
        assert answer.status == status, answer.content

    return tried


def refused(operate: Callable[[], object]) -> None:
    """Operate, which is refused."""
    try:
        operate()
    except Refusal:
        return
    raise AssertionError("it matched")


def questions(scene: Scene) -> Mapping[str, Question]:
    """What must not be told, and how it is asked."""
    return {
        "recover a user name: is there such an account?": {
            "yes": scene.recover(WANG, 0),
            "no": scene.recover(LI, 0),
        },
        "recover a user name: over the limit?": {
            "yes": scene.recover(WANG, 3),
            "no": scene.recover(WANG, 2),
        },
        "reset a password: has the phone an account?": {
            "yes": scene.reset(WANG.phone),
            "no": scene.reset("+8619700000000"),
        },
        "sign in: is there such an account?": {
            "yes": scene.sign_in(WANG.email),
            "no": scene.sign_in("nobody@example.org"),
        },
        "appeal, open: is the number registered?": {
            "yes": scene.appeal(WANG, "open"),
            "no": scene.appeal(LI, "open"),
        },
        "appeal, submit: is the number registered?": {
            "yes": scene.appeal(WANG, "submit"),
            "no": scene.appeal(LI, "submit"),
        },
        "appeal, withdraw: is the number registered?": {
            "yes": scene.appeal(WANG, "withdraw"),
            "no": scene.appeal(LI, "withdraw"),
        },
        "register: is the e-mail in use?": {
            "yes": scene.register(WANG.email, None),
            "no": scene.register("free@example.org", None),
        },
        "ask for a code: has the phone an account?": {
            "yes": scene.ask(WANG.phone),
            "no": scene.ask("+8619700000000"),
        },
        "ask for a code: over the limit?": {
            "yes": scene.ask("+8619700000001", before=1),
            "no": scene.ask("+8619700000002"),
        },
        "bind: is there such a certificate?": {
            "yes": scene.miss(CERTIFICATE_NUMBER),
            "no": scene.miss("100011201505009999"),
        },
    }


def times_of(question: Question, tries: int) -> dict[str, list[float]]:
    """Milliseconds of each try, the outcomes in random order."""
    order = [name for name in question for _ in range(tries // len(question))]
    random.Random(SEED).shuffle(order)
    times: dict[str, list[float]] = {name: [] for name in question}
    for name in order:
        attempt = question[name]()
        started = time.perf_counter()
        cleanup = attempt()
        times[name].append((time.perf_counter() - started) * 1000)
        if callable(cleanup):
            cleanup()
    return times


def area(longer: Sequence[float], shorter: Sequence[float]) -> float:
    """The chance that one of the first is longer than one of the second; ties count half."""
    ranked = sorted([(value, 1) for value in longer] + [(value, 0) for value in shorter])
    ranks = {value: place for place, (value, _) in enumerate(ranked, 1)}
    u = sum(ranks[value] for value in longer) - len(longer) * (len(longer) + 1) / 2
    return u / (len(longer) * len(shorter))


def main() -> int:
    """Measure; 1 when a question is answered by the time."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--tries", type=int, default=2000)
    parser.add_argument("--route", default="")
    chosen = parser.parse_args()
    silence()
    told = 0
    with embedded_aws("test") as tables:
        scene = Scene(world(tables=tables["test"], limits="local"))
        print(f"{'question':48}{'yes, ms':>10}{'no, ms':>10}{'area':>8}")
        for says, question in questions(scene).items():
            if chosen.route not in says:
                continue
            times = times_of(question, chosen.tries)
            value = area(times["yes"], times["no"])
            value = max(value, 1 - value)
            told += value > MOST
            middles = "".join(f"{statistics.median(times[name]):10.2f}" for name in ("yes", "no"))
            print(f"{says:48}{middles}{value:8.3f}", flush=True)
    return min(told, 1)


if __name__ == "__main__":
    sys.exit(main())
