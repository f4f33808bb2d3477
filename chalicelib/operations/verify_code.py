"""Ask for a code, and exchange a code for a verification token."""

from typing import Literal, get_args

import msgspec

from chalicelib.domain import lifetimes
from chalicelib.domain.emails import comparable, parse_email
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.limits import network_of
from chalicelib.domain.masks import mask_email, mask_phone
from chalicelib.domain.phones import parse_phone, segment
from chalicelib.operations.ports import Caller, Ports
from chalicelib.stores.codes import Challenge, Proof
from chalicelib.stores.limits import Hit, OverLimit, is_counter
from chalicelib.stores.outbox import Message
from chalicelib.stores.tables import ConditionFailed

Channel = Literal["sms", "email"]
Purpose = Literal[
    "register",
    "sign_in",
    "recover_username",
    "reset_password",
    "change_phone",
    "change_email",
    "appeal",
    "close_account",
]
CHANNELS: dict[str, tuple[Channel, ...]] = {
    **dict.fromkeys(get_args(Purpose), get_args(Channel)),
    "register": ("sms",),
    "change_phone": ("sms",),
    "change_email": ("email",),
    "sign_in": (),
}
"""By which channels a code for each purpose may be asked for; sign-in sends its own."""

_CONTENTION_TRIES = 10


class ChallengeSent(msgspec.Struct, frozen=True):
    """Answer to asking for a code. Instants are RFC 3339."""

    challenge_id: str
    channel: Channel
    destination_hint: str
    expires_at: str
    resend_at: str


class VerificationToken(msgspec.Struct, frozen=True):
    """What a right code is exchanged for."""

    verification_token: str
    expires_at: str


def request_code(
    ports: Ports, caller: Caller, *, purpose: Purpose, channel: Channel, destination: str
) -> ChallengeSent:
    """Send a code; the answer is the same whether or not the destination is known or limited.

    Raises `InvalidInput` for a purpose, channel or destination that cannot be.
    """
    if purpose == "sign_in":
        raise invalid("purpose", "purpose_not_allowed")
    if channel not in CHANNELS[purpose]:
        raise invalid("channel", "channel_not_allowed")
    proof = Proof(
        purpose=purpose, channel=channel, destination=normal_destination(channel, destination)
    )
    challenge_id = ports.random.identifier()
    answer = _answer(ports, challenge_id, proof)
    try:
        send_code(ports, caller, proof, challenge_id, reply=answer, quietly=True)
    except OverLimit as limit:
        ports.metrics.count("code_limited", rule=limit.rule)
    return answer


def normal_destination(channel: Channel, destination: str) -> str:
    """A phone in E.164 or an e-mail address in its comparable form."""
    if channel == "sms":
        return parse_phone(destination)
    return comparable(parse_email(destination, field="destination"))


def send_code(
    ports: Ports,
    caller: Caller,
    proof: Proof,
    challenge_id: str,
    *,
    reply: object,
    status: int | None = None,
    quietly: bool = False,
) -> None:
    """Store a challenge, count it and send its code, all in one commit. Raises `OverLimit`.

    Outrun by others again and again it raises `unavailable`: nobody waits for a code in vain.
    `quietly`: over a limit the commit is one of the same size, and only nothing is sent.
    """
    code = ports.random.digits(6)
    for _ in range(_CONTENTION_TRIES):
        now = ports.now()
        expires_at = now + lifetimes.CODE
        counting, limit = ports.limits.counting_alike(_hits(proof, caller), now)
        if limit is not None and not quietly:
            raise limit
        message = Message(
            kind="code",
            channel="sms" if proof.channel == "sms" else "email",
            to=proof.destination,
            language=caller.language,
            values={"code": code, "purpose": proof.purpose},
            expires_at=expires_at,
        )
        sent = ports.message(message)
        writes = [*counting]
        if limit is None:
            writes += [*ports.codes.sending(challenge_id, proof, code, expires_at), sent]
        else:
            writes += ports.codes.pretending(challenge_id, proof, code, expires_at, sent.row)
        try:
            ports.commit(writes, reply=reply, status=status)
        except ConditionFailed as failure:
            if all(is_counter(key) for key in failure.failed):
                continue
            raise
        if limit is not None:
            raise limit
        ports.metrics.count("code_sent", purpose=proof.purpose, channel=proof.channel)
        return
    raise Refusal("unavailable", retry_after=1)


def verify_code(ports: Ports, caller: Caller, *, challenge_id: str, code: str) -> VerificationToken:
    """Exchange a code for a token that spends once. Raises `code_invalid`, whatever is wrong."""
    require_guess_allowed(ports, caller)
    challenge = ports.codes.challenge(challenge_id, ports.now())
    if challenge is None or challenge.proof.purpose == "sign_in":
        raise Refusal("code_invalid")
    require_right_code(ports, caller, challenge, code)
    token = ports.random.token()
    expires_at = ports.now() + lifetimes.VERIFICATION_TOKEN
    answer = VerificationToken(token, rfc3339(expires_at))
    writes = [
        ports.codes.consuming(challenge),
        ports.codes.issuing_token(token, challenge.proof, expires_at),
    ]
    try:
        ports.commit(writes, reply=answer)
    except ConditionFailed:
        raise Refusal("code_invalid") from None
    return answer


def require_guess_allowed(ports: Ports, caller: Caller) -> None:
    """Refuse an address that guessed too often (A-03)."""
    hit = Hit("guess.ip.hour", network_of(caller.ip))
    try:
        ports.limits.require_room([hit], ports.now())
    except OverLimit as limit:
        raise Refusal("rate_limited", retry_after=limit.retry_after) from None


def require_right_code(ports: Ports, caller: Caller, challenge: Challenge, code: str) -> None:
    """Take a try, then compare. Raises `code_invalid`; a wrong guess is counted.

    So is one at a code that was voided, used or never sent: it takes as long, and tells nothing.
    """
    taken = ports.codes.take_try(challenge, ports.now())
    if not taken or not ports.codes.matches(challenge, code):
        count_wrong_guess(ports, caller, challenge)
        raise Refusal("code_invalid")


def count_wrong_guess(ports: Ports, caller: Caller, challenge: Challenge) -> None:
    """Count a wrong code against the address, and the account where it is one's (A-03)."""
    hits = [Hit("guess.ip.hour", network_of(caller.ip))]
    if challenge.proof.account_id:
        hits.append(Hit("guess.account.day", challenge.proof.account_id))
    for hit in hits:
        _count_quietly(ports, hit)
    ports.metrics.count("code_wrong", purpose=challenge.proof.purpose)


def _count_quietly(ports: Ports, hit: Hit) -> None:
    try:
        ports.limits.take([hit], ports.now())
    except OverLimit:
        return  # the next try is refused before it compares


def _hits(proof: Proof, caller: Caller) -> list[Hit]:
    """A-01: per destination and purpose, per destination, per network, per segment, per stage."""
    both = f"{proof.destination}/{proof.purpose}"
    network = network_of(caller.ip)
    hits = [
        Hit("code.purpose.minute", both),
        Hit("code.purpose.hour", both),
        Hit("code.destination.day", proof.destination),
        Hit("code.ip.hour", network),
        Hit("code.ip.day", network),
    ]
    if proof.channel == "sms":
        hits.append(Hit("code.segment.hour", segment(proof.destination)))
        hits.append(Hit("code.stage.day", "sms"))
    return hits


def _answer(ports: Ports, challenge_id: str, proof: Proof) -> ChallengeSent:
    now = ports.now()
    return ChallengeSent(
        challenge_id=challenge_id,
        channel="sms" if proof.channel == "sms" else "email",
        destination_hint=destination_hint(proof),
        expires_at=rfc3339(now + lifetimes.CODE),
        resend_at=rfc3339(now + lifetimes.RESEND),
    )


def destination_hint(proof: Proof) -> str:
    """Enough of the destination to recognise it."""
    mask = mask_phone if proof.channel == "sms" else mask_email
    return mask(proof.destination)
