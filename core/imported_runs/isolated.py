"""Reading an uploaded Parquet file in a process of its own: a damaged one may end that process.

The file goes in on standard input; its rows, or the sentence that refuses it, come back as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import astuple

from core.errors import ForeignRunRefused
from core.imported_runs.table import PARQUET_MARK, ForeignRow, read_foreign_table
from core.language.current import current_language, using
from core.language.words import msg
from core.settings import PROJECT_ROOT

LIMIT_S = 30.0


def read_foreign_table_apart(
    content: bytes, film_column: str = "", probability_column: str = "", limit_s: float = LIMIT_S
) -> list[ForeignRow]:
    """Read the rows of a file as `read_foreign_table` does, Parquet in a process of its own.

    Parameters
    ----------
    limit_s : float
        After which the process is ended.

    Raises
    ------
    ForeignRunRefused
        If the file cannot be used, takes too long, or ends the process.
    """
    if not content.startswith(PARQUET_MARK):
        return read_foreign_table(content, film_column, probability_column)
    arguments = film_column, probability_column, current_language()
    command = [sys.executable, "-m", "core.imported_runs.isolated", *arguments]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, cwd=PROJECT_ROOT, timeout=limit_s,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as exc:
        raise ForeignRunRefused(
            msg(
                "the Parquet file took longer than {seconds:g} s to read. Write it "
                "again, or as CSV.",
                seconds=limit_s,
            )
        ) from exc
    if done.returncode:
        raise ForeignRunRefused(
            msg("the Parquet file is damaged: reading it crashed. Export it again, or as CSV.")
        )
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise ForeignRunRefused(answer["refused"])
    return [ForeignRow(*cells) for cells in answer["rows"]]


def _answer() -> dict[str, object]:
    film_column, probability_column, language = sys.argv[1:4]
    with using(language):
        try:
            rows = read_foreign_table(sys.stdin.buffer.read(), film_column, probability_column)
        except ForeignRunRefused as exc:
            return {"refused": str(exc)}
    return {"rows": [astuple(row) for row in rows]}


if __name__ == "__main__":
    json.dump(_answer(), sys.stdout)
