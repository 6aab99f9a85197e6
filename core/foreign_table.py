"""Read another model's predictions from CSV or Parquet: rows of film, probability and label."""

from __future__ import annotations

from core.errors import ForeignRunRefused
from core.foreign_columns import MAX_BYTES, ForeignRow
from core.foreign_csv import read_csv
from core.foreign_parquet import read_parquet


def read_foreign_table(
    content: bytes, film_column: str = "", probability_column: str = ""
) -> list[ForeignRow]:
    """Read the rows of a file, one by one and unjudged.

    Parameters
    ----------
    content : bytes
        CSV or Parquet.
    film_column, probability_column : str
        Names of columns, where they are not among those that are known.

    Raises
    ------
    ForeignRunRefused
        If the file is too large, of another format, damaged, without rows, or does not have exactly
        one column for films and one for probabilities.
    """
    if len(content) > MAX_BYTES:
        raise ForeignRunRefused(
            f"the file has {len(content) / 2**20:.1f} MiB; at most {MAX_BYTES // 2**20} are read. "
            "Keep the columns of film and probability only."
        )
    wanted = (film_column, probability_column)
    read = read_parquet if content.startswith(b"PAR1") else read_csv
    rows = read(content, wanted)
    if not rows:
        raise ForeignRunRefused("the file names its columns and has no row below them.")
    return rows
