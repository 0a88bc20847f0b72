"""Is a dataset on disk what its tables say: every hash, every picture, every reference, every version.

Rules and codes are those of ``schemas/codes/constraints.csv``; rules of single tables and rows are in
`schemas.validation`.
"""

from __future__ import annotations

from curate.verify.verdict import Verdict, file_count, report_lines, verify

__all__ = ["Verdict", "file_count", "report_lines", "verify"]
