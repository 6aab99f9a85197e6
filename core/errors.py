"""Every error that First Read raises on purpose.

A message names the thing, the value and the limit, and says what the person can do.
Third-party errors are translated at the boundary with ``raise ... from exc``.
"""

from core.language.words import Message


class FirstReadError(Exception):
    """Base of all errors that a page shows as one sentence."""

    def __str__(self) -> str:
        """Return the sentence; a Message is said in the language of whom it is shown to."""
        (first, *more) = self.args or ("",)
        return first.said() if isinstance(first, Message) and not more else super().__str__()

    @property
    def sentence(self) -> str:
        """The sentence to keep: a Message is said later, to whoever reads it then."""
        (first, *more) = self.args or ("",)
        return first if isinstance(first, str) and not more else super().__str__()


class SettingsError(FirstReadError):
    """A setting from outside has a value that cannot be used."""


class RadiographError(FirstReadError):
    """The uploaded file cannot become a radiograph."""


class UnsupportedFormat(RadiographError):
    """The bytes are not one of the formats that First Read reads."""


class CorruptFile(RadiographError):
    """The file is of a known format and cannot be read to its end."""


class TooLarge(RadiographError):
    """The file or the image in it is over a declared limit."""


class UnsupportedTransferSyntax(RadiographError):
    """A DICOM file's pixel data is encoded in a way that is not read here."""


class ModelError(FirstReadError):
    """The served model cannot be used."""


class ModelMissing(ModelError):
    """A run's folder or one of its files is not there."""


class ModelIntegrity(ModelError):
    """A run's file does not have the sha256 that its record states."""


class ModelNotServable(ModelError):
    """A run lacks something that the serving rule demands."""


class ModelInputMismatch(ModelError):
    """A tensor does not have the shape or type that the model takes."""


class ExplanationError(FirstReadError):
    """A score cannot be explained with these segments or settings."""


class NotAllowed(FirstReadError):
    """The acting reader has no role that allows what was asked for."""


class ReviewStoreError(FirstReadError):
    """A read cannot be stored or fetched."""


class BackupError(FirstReadError):
    """A backup cannot be written or restored."""


class FilmStoreError(FirstReadError):
    """A film cannot be kept, opened or erased."""


class FilmGone(FilmStoreError):
    """A kept film's file is missing, damaged, or was never kept."""


class ArchiveError(FirstReadError):
    """The hospital's archive cannot be reached as it is set, or answers with a fault."""


class MarkError(FirstReadError):
    """A mark does not lie on the film."""


class FindingsError(FirstReadError):
    """Findings contradict each other, or name no place of the lungs."""


class DatasetError(FirstReadError):
    """A data folder is missing, damaged, or not of the expected layout."""


class ComparisonError(FirstReadError):
    """Runs cannot be compared in the way that was asked for."""


class ForeignRunRefused(FirstReadError):
    """A file of another model's predictions cannot become a run."""


class TeachingError(FirstReadError):
    """A teaching session or case set cannot be made or gone on with."""


class Cancelled(FirstReadError):
    """A person stopped a long piece of work."""
