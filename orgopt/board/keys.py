"""Keys: who a contributor is, by an Ed25519 key (RFC 8032), and nothing else.

The private key is a file of 64 hex digits that its owner alone can read. Nobody is asked for a name or an address:
whoever has the key is the contributor.
"""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from orgopt.errors import StoreError, UsageError
from orgopt.storage import regular_files

DIGITS = 64


class Key:
    """A contributor's own key.

    Args:
        seed: Its 32 secret bytes.
    """

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> str:
        """The public key, 64 hex digits."""
        return self._private.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> str:
        """The signature of some bytes, 128 hex digits."""
        return self._private.sign(data).hex()


def default_key_file() -> Path:
    """Where a contributor's key is kept if nothing else is said."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "orgopt" / "board.key"


def own_key(path: Path) -> Key:
    """The key of a file; a new one is made where there is none.

    Raises:
        UsageError: The file is no key.
        StoreError: It cannot be read or made.
    """
    try:
        if not os.path.lexists(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
        text = regular_files.read_text(path).strip()
    except OSError as error:
        raise StoreError(f"cannot read or make the key {path}: {error.strerror}") from None
    try:
        return Key(bytes.fromhex(text))
    except ValueError:
        raise UsageError(f"{path} is no key of a contributor: it has {DIGITS} hex digits; name another --key") from None


def signed_by(public: str, signature: str, data: bytes) -> bool:
    """Whether a signature is one of a key over some bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), data)
    except (ValueError, InvalidSignature):
        return False
    return True
