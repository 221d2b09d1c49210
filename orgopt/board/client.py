"""The client: how a contributor speaks to a board, by its address; what comes back is data of somebody else's."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, cast

from orgopt.basics.addresses import without_passwords
from orgopt.board.claims import Claim, canonical, to_sign
from orgopt.board.keys import Key
from orgopt.errors import LabError, UsageError

LIMIT_S = 30
_MOST_BYTES = 1 << 24


class Board:
    """A board that is served elsewhere.

    Args:
        address: `http://HOST:PORT` or `https://…`.

    Raises:
        UsageError: It is no such address.
    """

    def __init__(self, address: str) -> None:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"{without_passwords(address)} is no address of a board: https://HOST or http://HOST:PORT")
        self.address = address.rstrip("/")

    def read(self) -> dict[str, Any]:
        """The board: see `orgopt.board.public_view.BoardView.to_dict`."""
        return self._asked("/board.json")

    def claim(self, number: int) -> dict[str, Any]:
        """A claim: see `orgopt.board.public_view.whole_dict`."""
        return self._asked(f"/claims/{number}.json")

    def next(self) -> dict[str, Any]:
        """What is most worth trying: see `orgopt.board.suggestions.Suggestion.to_dict`."""
        return self._asked("/next.json")

    def submit(self, claim: Claim, key: Key) -> dict[str, Any]:
        """Send a claim, signed; sending it again changes nothing."""
        text = canonical(claim)
        body = {"claim": json.loads(text), "signature": key.sign(to_sign(text))}
        return self._asked("/claims", json.dumps(body).encode())

    def _asked(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        """What the board answers.

        Raises:
            UsageError: It refuses what it was asked.
            LabError: It cannot be reached, or is no board.
        """
        shown = without_passwords(self.address)
        request = urllib.request.Request(self.address + path, data=body, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
                data: object = json.loads(answer.read(_MOST_BYTES))
        except urllib.error.HTTPError as error:
            raise UsageError(f"{shown}: {_reason(error)}") from None
        except OSError as error:
            raise LabError(f"{shown} does not answer: {getattr(error, 'reason', error)}") from None
        except (ValueError, RecursionError):
            raise LabError(f"{shown} is no board: what it answers is no JSON") from None
        if not isinstance(data, dict):
            raise LabError(f"{shown} is no board: what it answers is no JSON object")
        return cast("dict[str, Any]", data)


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(1 << 16))["error"]["message"])
    except (ValueError, KeyError, TypeError, RecursionError, OSError):
        return f"{error.code} {error.reason}"
