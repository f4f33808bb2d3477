"""The cookies in which a browser keeps what no script should read (decision 0014).

`Path` lets them go to the session routes only, `SameSite=Strict` keeps other sites from using them.
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from chalicelib.stores.sessions import DEVICE_SECONDS, WHOLE_SECONDS

REFRESH = "archive_refresh"
DEVICE = "archive_device"

_LIVES = {REFRESH: WHOLE_SECONDS, DEVICE: DEVICE_SECONDS}
_ATTRIBUTES = "Path=/api/sessions; Secure; HttpOnly; SameSite=Strict"


def read_cookies(header: str) -> Mapping[str, str]:
    """The cookies of a `Cookie` header by name; none where it cannot be read."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def keeping(name: str, value: str) -> str:
    """The `Set-Cookie` that keeps a value for as long as what it stands for can live."""
    return f"{name}={value}; Max-Age={_LIVES[name]}; {_ATTRIBUTES}"


def clearing(name: str) -> str:
    """The `Set-Cookie` that makes the browser forget."""
    return f"{name}=; Max-Age=0; {_ATTRIBUTES}"
