"""The recorded way of a film still is the one that films take."""

from __future__ import annotations

import re
from pathlib import Path

from fixtures.orthanc import Orthanc
from fixtures.validators import program

from bench import transcript
from bench.results import RESULTS_FILE, read_sections


def steps_of(text: str) -> list[str]:
    return re.findall(r"^# (.+)$", text, re.MULTILINE)


def test_a_film_goes_from_storescu_to_the_worklist_and_its_report_into_the_pacs(
    tmp_path: Path,
) -> None:
    for name in ("echoscu", "storescu", "dsrdump"):
        program(name)
    Orthanc.needed()
    told = "\n".join(transcript.record(tmp_path))
    assert "Received Store Response (Success)" in told
    assert re.search(r"^Film [0-9a-f]{8}: new, by Archive, run f08 scores 0\.", told, re.MULTILINE)
    studies = re.findall(r"^(DX|SR|OT|PR) of patient MRN-\d+, study (\S+)$", told, re.MULTILINE)
    assert [modality for modality, _ in studies] == ["DX", "SR", "OT", "PR"]
    assert len({study for _, study in studies}) == 1
    assert 'PNAME:(,,"Person Observer Name")="Dr. A. Reader^"' in told
    assert steps_of(told) == steps_of(read_sections(RESULTS_FILE)[transcript.TITLE])
