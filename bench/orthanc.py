"""A real Orthanc on loopback, as Debian packs it, and synthetic films as DICOM files for it."""

from __future__ import annotations

import io
import json
import shutil
import socket
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from bench.app_server import PROJECT_ROOT
from core.errors import FirstReadError

PROGRAM = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
DICOMWEB_PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
STARTS_S = 60.0


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class Orthanc:
    """A PACS in a folder of its own; stopped and started again it has what it had.

    Parameters
    ----------
    sends_to : mapping of str to (str, int)
        Where it can send films: by a name, the AE title and the port on this machine.
    """

    def __init__(self, folder: Path, sends_to: dict[str, tuple[str, int]] | None = None) -> None:
        self.folder, self.http_port, self.dicom_port = folder, free_port(), free_port()
        folder.mkdir(parents=True, exist_ok=True)
        modalities = {
            name: [aet, "127.0.0.1", port] for name, (aet, port) in (sends_to or {}).items()
        }
        settings = {
            "Name": "Test",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "HttpPort": self.http_port,
            "DicomPort": self.dicom_port,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "Plugins": [DICOMWEB_PLUGIN],
            "DicomModalities": modalities,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        self._settings = folder / "orthanc.json"
        self._settings.write_text(json.dumps(settings))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Of its own interface."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def dicomweb(self) -> str:
        """Address of its DICOMweb service."""
        return f"{self.address}/dicom-web"

    def start(self) -> Orthanc:
        """Start it, and wait until it answers.

        Raises
        ------
        FirstReadError
            If it is not installed, or does not answer.
        """
        for path in (PROGRAM, DICOMWEB_PLUGIN):
            if not Path(path).exists():
                raise FirstReadError(
                    f"{path} is missing: install the packages orthanc and orthanc-dicomweb."
                )
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([PROGRAM, str(self._settings)], stdout=log, stderr=log)
        end = time.monotonic() + STARTS_S
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.address}/system", timeout=2.0).is_success:
                    return self
            except httpx.HTTPError:
                time.sleep(0.1)
        raise FirstReadError(f"Orthanc did not start; its log is {self.folder / 'log'}.")

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def add(self, content: bytes) -> str:
        """Put a file into it; return what it calls the instance."""
        answer = httpx.post(f"{self.address}/instances", content=content, timeout=30.0)
        answer.raise_for_status()
        return str(answer.json()["ID"])

    def instances(self, modality: str) -> list[dict[str, str]]:
        """Return the main DICOM tags of all instances of a modality, series and study with them."""
        found = []
        for series in self._get("series"):
            kept = self._get(f"series/{series}")
            if kept["MainDicomTags"].get("Modality") == modality:
                for instance in kept["Instances"]:
                    tags = self._get(f"instances/{instance}/simplified-tags")
                    found.append({"orthanc": instance, **tags})
        return found

    def file(self, instance: str) -> bytes:
        """Return an instance's file."""
        return httpx.get(f"{self.address}/instances/{instance}/file", timeout=30.0).content

    def send(self, instance: str, modality: str) -> httpx.Response:
        """Have it send an instance by C-STORE; the answer says whether that was taken."""
        return httpx.post(
            f"{self.address}/modalities/{modality}/store", content=instance, timeout=60.0
        )

    def _get(self, path: str) -> Any:
        return httpx.get(f"{self.address}/{path}", timeout=30.0).json()


def chest_film(number: int, **elements: object) -> bytes:
    """Return a synthetic film as a DICOM file of a patient of its own.

    Parameters
    ----------
    number : int
        From 60 on the films come again, each with a pixel of its own.
    """
    paths = sorted((PROJECT_ROOT / "synthetic").glob("t*/**/*.png"))
    levels = np.array(Image.open(paths[number % len(paths)]).convert("L"))
    levels[0, 0] = number // len(paths)
    uids = {
        name: generate_uid(entropy_srcs=[f"{name} {number}"])
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    }
    stated = {
        "PatientName": f"Child^Number {number}",
        "PatientID": f"MRN-{number:06}7",
        "PatientBirthDate": "",
        "PatientSex": "F",
        "PatientAge": "003Y",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "AP",
        "StudyID": f"{number}",
        "StudyDate": f"{datetime.now().astimezone():%Y%m%d}",
        "StudyTime": "101112",
        "AccessionNumber": f"A{number}",
        "ReferringPhysicianName": "House^Gregory",
    }
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = uids["SOPInstanceUID"]
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    pixels = {
        "Rows": levels.shape[0],
        "Columns": levels.shape[1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "PixelData": levels.tobytes(),
    }
    named = {"SOPClassUID": meta.MediaStorageSOPClassUID, "Modality": "DX"}
    for keyword, value in (named | pixels | uids | stated | elements).items():
        setattr(dataset, keyword, value)
    dataset["PixelData"].VR = "OB"
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
