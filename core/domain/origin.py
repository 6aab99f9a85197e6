"""Whom a film shows and where it came from, as its DICOM file names them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class FilmOrigin:
    """Patient, study and instance of a film, so that a report finds its way back to them.

    Each field holds the text of the DICOM element of that name; empty where the file states none.
    """

    patient_id: str = ""
    issuer_of_patient_id: str = ""
    patient_name: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    study_instance_uid: str = ""
    study_id: str = ""
    study_date: str = ""
    study_time: str = ""
    accession_number: str = ""
    modality: str = ""
    referring_physician_name: str = ""
    series_instance_uid: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether a report can point at the film: study, series and instance are stated."""
        return all(
            (
                self.study_instance_uid,
                self.series_instance_uid,
                self.sop_class_uid,
                self.sop_instance_uid,
            )
        )

    def to_json(self) -> str:
        """Return the fields that are not empty."""
        return json.dumps({name: value for name, value in asdict(self).items() if value})

    @classmethod
    def from_json(cls, text: str) -> FilmOrigin:
        """Return what `to_json` wrote; fields that are not known are left out."""
        known = {field.name for field in fields(cls)}
        stated = json.loads(text).items()
        return cls(**{name: str(value) for name, value in stated if name in known})
