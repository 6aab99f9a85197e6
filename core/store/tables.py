"""What the tables of the database have in common."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.schema import SchemaItem

metadata = MetaData()


def log_table(name: str, *parts: SchemaItem) -> Table:
    """Return a table that is only appended to; no row gets a number that another had."""
    number = Column("sequence", BigInteger().with_variant(Integer, "sqlite"))
    key = PrimaryKeyConstraint("sequence", name=f"pk_{name}")
    return Table(name, metadata, number, *parts, key, sqlite_autoincrement=True)


def texts(*names: str) -> list[Column[str]]:
    """Return columns of text that are never empty."""
    return [Column(name, Text, nullable=False) for name in names]


def moment(name: str) -> Column[datetime]:
    """Return a column of a time, which is never empty."""
    return Column(name, DateTime(timezone=True), nullable=False)
