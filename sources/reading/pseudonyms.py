"""Numbers and names of patients as keyed hashes: the same person stays the same, who it is cannot be found by trying.

A plain hash of a СНИЛС is reversed by trying all 10^9 numbers; HMAC-SHA-256 with a key that nobody else holds is not.
The key is made on first use. It lies outside every dataset, so that passing a dataset on never passes it on.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from schemas.errors import UserError
from schemas.vocabulary import normalize

__all__ = ["key", "key_file", "pseudonym"]

_VARIABLE = "DERMACURATE_PSEUDONYM_KEY"
_BYTES = 32
_SHOWN = 16


def key_file() -> Path:
    """Return the file of the key: ``DERMACURATE_PSEUDONYM_KEY`` where that is set, else in the user's data folder."""
    import platformdirs

    named = os.environ.get(_VARIABLE)
    folder = platformdirs.user_data_dir("dermacurate", appauthor=False)
    return Path(named).expanduser() if named else Path(folder) / "pseudonym.key"


def key() -> bytes:
    """Return the key of this user, made where there is none, readable by nobody else.

    Raises
    ------
    schemas.errors.UserError
        It cannot be read or made, or is no key.
    """
    path = key_file()
    try:
        if not path.exists():
            _make(path)
        found = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no hexadecimal number"
        remedy = f"{_VARIABLE} names another file."
        raise UserError(f"cannot be used as the key of pseudonyms: {reason}", value=str(path), remedy=remedy) from error
    if len(found) < _BYTES:
        raise UserError(
            f"holds less than {_BYTES} bytes", value=str(path), remedy="Take the file away: a new key is made."
        )
    return found


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{os.getpid()}")
    made.touch(mode=0o600)
    made.write_text(secrets.token_hex(_BYTES) + "\n", encoding="ascii")
    try:
        # A link, not a rename: of two processes that make the key at once, the second one takes the first one's.
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()


def pseudonym(secret: bytes, *parts: str) -> str:
    """Return 16 hex digits that stand for a person, a file or a number.

    Parameters
    ----------
    secret : bytes
        `key`.
    *parts : str
        What is to be hidden; letter case, kinds of blanks and dashes and punctuation do not count.
    """
    said = "\x1f".join("".join(letter for letter in normalize(part) if letter.isalnum()) for part in parts)
    return hmac.new(secret, said.encode(), hashlib.sha256).hexdigest()[:_SHOWN]
