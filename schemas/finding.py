"""The id of a finding: it names the claim, so that a decision outlives scores, versions of a check and re-ingest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys, no spaces and letters as they are: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def finding_id(kind: str, field: str | None, subject: Sequence[str] | str) -> str:
    """Return the id of a claim, rule version 1.

    Parameters
    ----------
    kind : str
        Kind of finding, or code of a constraint.
    field : str, optional
        Column that the claim is about; for a ``leak`` the name of the split.
    subject : sequence of str, or str
        Sample ids in any order, or the key (patient, lesion, split, source) of a claim about a set.

    References
    ----------
    schema.md section 6: kind and the first 16 hex digits of SHA-256 over ``[kind, field, sorted(sample_ids or key)]``.
    """
    about = subject if isinstance(subject, str) else sorted(subject)
    digest = hashlib.sha256(canonical_json([kind, field, about]).encode()).hexdigest()
    return f"{kind}-{digest[:16]}"


def evidence_sha256(compared: object) -> str:
    """Return the hash of the values that a finding compared (raw labels, pixel hashes); a change makes decisions stale.

    Parameters
    ----------
    compared : object
        Anything that JSON can hold, without NaN.
    """
    return hashlib.sha256(canonical_json(compared).encode()).hexdigest()
