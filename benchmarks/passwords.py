"""One password check: the archive's Argon2id beside bcrypt where that is installed.

    python -m benchmarks.passwords

CPU time of the process, medians.
"""

import statistics
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.adapters.password_hasher import PasswordHasher
from chalicelib.stores.keyring import Keyring

PASSWORD = "correct-horse-7"  # noqa: S105 -- invented
CHECKS = 9
BCRYPT_COST = 12


def milliseconds(check: Callable[[], object]) -> float:
    check()
    times = []
    for _ in range(CHECKS):
        started = time.process_time()
        check()
        times.append(time.process_time() - started)
    return statistics.median(times) * 1000


def argon2id() -> Callable[[], object]:
    hasher = PasswordHasher(Keyring("test", MemoryDataKeys()).pepper)
    stored = hasher.hash(PASSWORD)
    return lambda: hasher.verify(stored, PASSWORD)


def bcrypt() -> Callable[[], object]:
    library = import_module("bcrypt")
    stored = library.hashpw(PASSWORD.encode(), library.gensalt(BCRYPT_COST))
    return lambda: library.checkpw(PASSWORD.encode(), stored)


def main() -> None:
    print(f"{'Argon2id, 19 MiB, t=2, p=1':30}{milliseconds(argon2id()):8.1f} ms")
    if find_spec("bcrypt") is None:
        print(f"{f'bcrypt, cost {BCRYPT_COST}':30} not installed here: not measured")
    else:
        print(f"{f'bcrypt, cost {BCRYPT_COST}':30}{milliseconds(bcrypt()):8.1f} ms")


if __name__ == "__main__":
    main()
