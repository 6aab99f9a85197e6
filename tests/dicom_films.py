"""Small DICOM films for tests, written with pydicom."""

import io

import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence

from core.decoding import decode_radiograph

RAMP = np.arange(16, dtype=np.uint16).reshape(4, 4)
NOISE = np.random.default_rng(11).integers(0, 4096, (32, 48)).astype(np.uint16)


def film(stored=RAMP, *, syntax=uid.ExplicitVRLittleEndian, **elements):
    """Return a small uncompressed film as a dataset; None removes an element."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
    stated = {
        "SOPClassUID": meta.MediaStorageSOPClassUID,
        "SOPInstanceUID": "1.2.3.4",
        "PatientName": "Doe^Jane",
        "PatientID": "MRN-778899",
        "Modality": "DX",
        "Rows": stored.shape[0],
        "Columns": stored.shape[1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": stored.dtype.itemsize * 8,
        "BitsStored": 12 if stored.dtype.itemsize == 2 else 8,
        "PixelRepresentation": int(stored.dtype.kind == "i"),
        "PixelData": stored.astype(stored.dtype.newbyteorder(order)).tobytes(),
    } | elements
    stated.setdefault("HighBit", stated["BitsStored"] - 1 if stated["BitsStored"] else None)
    for keyword, value in stated.items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset["PixelData"].VR = "OW" if "PixelData" in dataset else None
    return dataset


def content_of(dataset):
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset)
    return buffer.getvalue()


def decoded(stored=RAMP, **elements):
    return decode_radiograph(content_of(film(stored, **elements)))


def lut(entries, *, first, bits, vr="US"):
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    packed = np.asarray(entries, dtype="<u2").tobytes() if vr == "OW" else list(entries)
    item.add_new("LUTData", vr, packed)
    return Sequence([item])


def compressed(stored, syntax, **elements):
    dataset = film(stored, **elements)
    dataset.compress(syntax, generate_instance_uid=False)
    return content_of(dataset)
