"""Keys that a client gave, each for one address. In memory alone."""

from __future__ import annotations

from codeodds.errors import EndpointError
from codeodds.generation.options import address_of, is_key

MAX_KEY_CHARACTERS = 4_096


class Keys:
    """What it holds is shown to nobody: a key leaves it only for the address that it was given for."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def set(self, url: str, key: str | None) -> None:
        """Keep a key for the scheme, host and port of a URL, in place of an older one; None forgets it.

        Raises: EndpointError for a URL that names no server, and for a text that no header can hold.
        """
        address = address_of(url)
        if key is None:
            self._known.pop(address, None)
            return
        key = key.strip()
        if not is_key(key) or len(key) > MAX_KEY_CHARACTERS:
            raise EndpointError(
                f"a key is 1 to {MAX_KEY_CHARACTERS:,} printable ASCII characters; copy it again, without line ends"
            )
        self._known[address] = key

    def get(self, url: str) -> str | None:
        """The key for a URL; None without one, and for a URL that names no server."""
        try:
            return self._known.get(address_of(url))
        except EndpointError:
            return None
