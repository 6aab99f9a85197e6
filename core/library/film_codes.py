"""Films as addresses name them: by a code, because a film's id may hold a patient's number.

The code keeps numbers out of addresses, histories and the messages that a link is pasted into. Who
has the list of films can find which one is meant, as the app itself does; it is no secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

CODE_LENGTH = 12


@lru_cache(maxsize=1 << 15)
def film_code(film_id: str) -> str:
    """Return the code of a film: the first `CODE_LENGTH` hexadecimal digits of its id's SHA-256."""
    return hashlib.sha256(film_id.encode()).hexdigest()[:CODE_LENGTH]


def find_film(code: str, film_ids: Iterable[str]) -> str | None:
    """Return the film that a code means; None where it is none of these."""
    return next((film_id for film_id in film_ids if film_code(film_id) == code), None)
