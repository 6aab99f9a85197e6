"""A signed read's regions and marks as a DICOM presentation state over the archive's own film."""

from __future__ import annotations

from highdicom import pr
from highdicom.color import CIELabColor

from core import __version__
from core.imaging.film_pictures import AGAINST, FOR
from core.language.words import tr
from core.reports.dicom.reported_film import (
    MANUFACTURER,
    MODEL,
    SERIAL_NUMBER,
    Points,
    ReportedFilm,
    note_times,
    person_name,
    series_description,
    written,
)
from core.reports.film_report import NOT_FOR_DIAGNOSIS

SERIES_NUMBER = 9103
MARK = (255, 214, 10)


def write_presentation_state(film: ReportedFilm) -> bytes | None:
    """Return outlines of regions and marks as a file of GSPS; None if there are neither."""
    layers = [
        _layer(1, "FOR", FOR, tr("Regions that count for pneumonia")),
        _layer(2, "AGAINST", AGAINST, tr("Regions that count against pneumonia")),
        _layer(3, "READER", MARK, tr("Marks of the reader at the blind first read")),
    ]
    regions, report = film.report.regions, film.report
    shapes: list[tuple[pr.GraphicLayer, Points, str]] = []
    if regions is not None:
        for label in regions.strongest:
            layer = layers[0] if regions.coloured.weights[label] > 0 else layers[1]
            shapes += [
                (layer, film.on_film(outline), f"{label + 1}")
                for outline in regions.coloured.outlines_of(label)
            ]
    shapes += [(layers[2], film.outline_of(mark), "") for mark in report.marks]
    if not shapes:
        return None
    used = {layer.GraphicLayer for layer, _, _ in shapes}
    state = pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[film.reference],
        series_instance_uid=film.uid("state series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=film.uid("state"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions=__version__,
        device_serial_number=SERIAL_NUMBER,
        content_label="FIRST READ",
        content_description=f"{tr('Regions and marks.')} {tr(NOT_FOR_DIAGNOSIS)}.",
        content_creator_name=person_name(report.reads.signed.reader),
        graphic_layers=[layer for layer in layers if layer.GraphicLayer in used],
        graphic_annotations=[
            _annotation(film, layer, [one for one in shapes if one[0] is layer])
            for layer in layers
            if layer.GraphicLayer in used
        ],
        series_description=series_description(),
    )
    state.Laterality = ""
    note_times(state, film, "PresentationCreation")
    return written(state)


def _layer(order: int, name: str, colour: tuple[int, int, int], words: str) -> pr.GraphicLayer:
    shade = CIELabColor.from_rgb(*colour)
    return pr.GraphicLayer(name, order, description=words, display_color=shade)


def _annotation(
    film: ReportedFilm,
    layer: pr.GraphicLayer,
    shapes: list[tuple[pr.GraphicLayer, Points, str]],
) -> pr.GraphicAnnotation:
    lines = [_line(points) for _, points, _ in shapes]
    texts = [
        pr.TextObject(
            number, "PIXEL", anchor_point=(float(points[:, 0].mean()), float(points[:, 1].mean()))
        )
        for _, points, number in shapes
        if number
    ]
    return pr.GraphicAnnotation([film.reference], layer, graphic_objects=lines, text_objects=texts)


def _line(points: Points) -> pr.GraphicObject:
    kind = "POINT" if len(points) == 1 else "POLYLINE"
    return pr.GraphicObject(kind, points + 0.5, "PIXEL")  # here the first pixel's middle is 1
