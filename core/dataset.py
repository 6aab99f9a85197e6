"""The public film set: what it holds, what in it repeats, and how it is split.

This is the way in; each part has its own module.
"""

from core.dataset_duplicates import DuplicateReport, find_duplicates
from core.dataset_index import DatasetIndex, Film, index_dataset
from core.dataset_split import Split, read_split, split_dataset, write_split

__all__ = [
    "DatasetIndex",
    "DuplicateReport",
    "Film",
    "Split",
    "find_duplicates",
    "index_dataset",
    "read_split",
    "split_dataset",
    "write_split",
]
