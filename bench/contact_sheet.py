"""``python -m bench.contact_sheet``: pictures of the synthetic films, for docs/ and for comparison.

Without an option it writes docs/synthetic-films.png: films of every finding, and the same films
with their lesions outlined. ``--beside-real FILE`` lays real films of training beside synthetic
ones in the same layout; such a picture never enters the repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from core.cli.console import show_errors
from core.datasets.fetch import find_public_set, how_to_get_films
from core.datasets.split import read_split
from core.errors import FirstReadError
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import standardise_film
from core.phantom.dataset import PhantomSet, open_built_in_set
from core.phantom.settings import FINDINGS
from core.settings import PROJECT_ROOT, get_settings

PICTURE = PROJECT_ROOT / "docs" / "synthetic-films.png"
CELL_PX, GAP_PX, GROUND = (300, 230), 6, 24
ORANGE = (232, 137, 58)
A_FINDING = 2
PAIRS = 6
LABELS = ("NORMAL", "PNEUMONIA")
HEADINGS = {
    "normal": "Normal",
    "lobar": "Lobar consolidation",
    "patchy": "Patchy bronchopneumonia",
    "interstitial": "Interstitial pattern",
    "effusion": "Effusion",
}
HEAD_PX, TEXT_PX, INK = 36, 20, (216, 219, 223)

Picture = npt.NDArray[np.uint8]


def cell_of(content: bytes, lesion: npt.NDArray[np.bool_] | None = None) -> Picture:
    """Return a film in a cell of the sheet, its lesion outlined if a mask is given."""
    grey = np.rint(decode_radiograph(content).pixels * 255).astype(np.uint8)
    colours = np.repeat(grey[..., np.newaxis], 3, axis=2)
    if lesion is not None:
        edge = ndimage.binary_dilation(lesion, iterations=3) & ~lesion
        colours[edge] = ORANGE
    film = Image.fromarray(colours)
    film.thumbnail(CELL_PX, Image.Resampling.LANCZOS)
    cell = Image.new("RGB", CELL_PX, (0, 0, 0))
    cell.paste(film, ((CELL_PX[0] - film.width) // 2, (CELL_PX[1] - film.height) // 2))
    return np.asarray(cell)


def square_cell_of(content: bytes) -> Picture:
    """Return a film as runs get it, 224 x 224: public films come without their aspect ratio."""
    standard = standardise_film(decode_radiograph(content).pixels)
    grey = Image.fromarray(np.rint(standard * 255).astype(np.uint8))
    side = min(CELL_PX)
    return np.asarray(grey.resize((side, side), Image.Resampling.LANCZOS).convert("RGB"))


def lay_out(rows: list[list[Picture]]) -> Image.Image:
    """Return rows of cells as one picture."""
    width = max(map(len, rows)) * (CELL_PX[0] + GAP_PX) - GAP_PX
    height = len(rows) * (CELL_PX[1] + GAP_PX) - GAP_PX
    sheet = Image.new("RGB", (width, height), (GROUND,) * 3)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            place = (x * (CELL_PX[0] + GAP_PX), y * (CELL_PX[1] + GAP_PX))
            sheet.paste(Image.fromarray(cell), place)
    return sheet


def add_headings(sheet: Image.Image, headings: list[str]) -> Image.Image:
    """Return a sheet with a line above it that names its columns."""
    headed = Image.new("RGB", (sheet.width, sheet.height + HEAD_PX), (GROUND,) * 3)
    headed.paste(sheet, (0, HEAD_PX))
    draw, font = ImageDraw.Draw(headed), ImageFont.load_default(TEXT_PX)
    for column, heading in enumerate(headings):
        middle = column * (CELL_PX[0] + GAP_PX) + CELL_PX[0] // 2
        draw.text((middle, HEAD_PX // 2), heading, fill=INK, font=font, anchor="mm")
    return headed


def draw_findings(phantoms: PhantomSet) -> Image.Image:
    """Return films of every finding, a column each, with and without their lesions' outlines."""
    rows: list[list[Picture]] = [[] for _ in range(2 * A_FINDING)]
    for finding in FINDINGS:
        films = [film for film in phantoms.films if film.settings.finding == finding]
        for place, film in enumerate(films[:A_FINDING]):
            content = phantoms.read_bytes(film.film_id)
            rows[2 * place].append(cell_of(content))
            rows[2 * place + 1].append(cell_of(content, phantoms.truth(film.film_id, "core")))
    return add_headings(lay_out(rows), [HEADINGS[finding] for finding in FINDINGS])


def draw_beside_real(phantoms: PhantomSet) -> Image.Image:
    """Return rows of real films of training and of synthetic ones in turn, normals first.

    Raises
    ------
    FirstReadError
        If the public films are not there.
    """
    settings = get_settings()
    root = find_public_set(settings.data)
    if root is None:
        raise FirstReadError(how_to_get_films(settings.data))
    split = read_split(settings.models / "split.json")
    rows = []
    for label, folder in enumerate(LABELS):
        real = [name for name in split.train if f"/{folder}/" in name]
        chosen = np.random.default_rng(label).choice(real, PAIRS, replace=False)
        rows.append([square_cell_of((root / name).read_bytes()) for name in chosen])
        drawn = [film.film_id for film in phantoms.index.films if film.label == label]
        rows.append([square_cell_of(phantoms.read_bytes(name)) for name in drawn[:PAIRS]])
    return lay_out(rows)


def write_sheet(
    beside_real: Annotated[
        Path | None, typer.Option(help="Lay real films beside, and write this file.")
    ] = None,
) -> None:
    """Write the picture of the synthetic films, or one with real films beside them."""
    if beside_real is not None and beside_real.resolve().is_relative_to(PROJECT_ROOT):
        raise typer.BadParameter("real films never enter the repository: name a file outside it.")
    with show_errors():
        phantoms = open_built_in_set()
        if beside_real is None:
            draw_findings(phantoms).save(PICTURE)
        else:
            draw_beside_real(phantoms).save(beside_real)


if __name__ == "__main__":
    typer.run(write_sheet)
