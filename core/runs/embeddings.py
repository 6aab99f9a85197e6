"""Embeddings of films: the features that the score is computed from, in reduced dimension.

A run's features (the layer before its logit) are brought to their principal axes, in half
precision, so that a run's table of all public films takes less than 1 MB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core.domain.model import RunRecord
from core.language.words import msg
from core.runs.artifacts import read_artifact
from core.tables import parquet_bytes, read_as_table

FEATURES_FILE = "features.parquet"
MOST_AXES = 64
"""Principal axes that are kept; with fewer films or features than that, fewer."""

Space = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FilmFeatures:
    """N films in the space of one network.

    Attributes
    ----------
    film_id : (N,) str ndarray
    space : (N, D) float64 ndarray
        Places on the principal axes; Euclidean distances are nearly those of all features.
    kept_share : float
        Of the features' variance, what the D axes hold.
    export_sha256 : str
        Of the network.
    """

    film_id: npt.NDArray[np.str_]
    space: Space
    kept_share: float
    export_sha256: str

    def __len__(self) -> int:
        return len(self.film_id)

    def places_of(self, film_ids: npt.NDArray[np.str_]) -> Space | None:
        """Return the (M, D) places of films in their order; None unless all of them are here."""
        order = np.argsort(self.film_id)
        found = np.searchsorted(self.film_id, film_ids, sorter=order)
        rows = order[np.minimum(found, len(order) - 1)]
        if not np.array_equal(self.film_id[rows], film_ids):
            return None
        places: Space = self.space[rows]
        return places


def compress_features(
    film_id: npt.NDArray[np.str_], features: npt.NDArray[np.floating], export_sha256: str
) -> FilmFeatures:
    """Bring features to their principal axes.

    Parameters
    ----------
    film_id : (N,) str ndarray
    features : (N, F) float ndarray

    Returns
    -------
    FilmFeatures
        On at most `MOST_AXES` axes, each in half precision; an axis points so that its largest
        weight is positive.
    """
    centred = np.asarray(features, np.float64) - features.mean(axis=0, dtype=np.float64)
    _, strength, axes = np.linalg.svd(centred, full_matrices=False)
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    axes = (axes * np.sign(largest)[:, np.newaxis])[:MOST_AXES]
    total = float((strength**2).sum())
    kept = float((strength[:MOST_AXES] ** 2).sum() / total) if total > 0.0 else 1.0
    space = (centred @ axes.T).astype(np.float16).astype(np.float64)
    return FilmFeatures(film_id, space, kept, export_sha256)


def features_as_parquet(features: FilmFeatures) -> bytes:
    """Return the table as Parquet: ``film_id``, and a list of half-precision numbers each."""
    half = features.space.astype(np.float16)
    axes = pa.FixedSizeListArray.from_arrays(pa.array(half.ravel()), half.shape[1])
    about = {"kept_share": repr(features.kept_share), "export_sha256": features.export_sha256}
    table = pa.table({"film_id": features.film_id, "axes": axes}).replace_schema_metadata(about)
    split = ["axes.list.element"]
    return parquet_bytes(table, compression="zstd", use_byte_stream_split=split)


def parse_features(content: bytes) -> FilmFeatures:
    """Return the table that `features_as_parquet` made.

    Raises
    ------
    ModelIntegrity
        If the bytes are not such a table.
    """
    with read_as_table(FEATURES_FILE, msg("film features"), "features"):
        table = pq.read_table(pa.BufferReader(content))
        about = table.schema.metadata
        axes = table["axes"].combine_chunks()
        return FilmFeatures(
            film_id=table["film_id"].to_numpy().astype(np.str_),
            space=axes.flatten().to_numpy().astype(np.float64).reshape(len(axes), -1),
            kept_share=float(about[b"kept_share"]),
            export_sha256=about[b"export_sha256"].decode(),
        )


def read_features(run: RunRecord) -> FilmFeatures | None:
    """Return the features that are kept with a run; None if there are none.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the file is missing, is not the stated one, or is of another export than the run has.
    """
    remedy = msg("make it again with `python -m core features {run}`", run=run.run_id)
    return read_artifact(run, FEATURES_FILE, parse_features, remedy)
