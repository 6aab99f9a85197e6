import io
import os
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from fixtures.kermany_stand_in import draw_film, encode_film
from PIL import Image

from bench.agreement import Pair, Read, compare, find_pairs, read_pairs, recompress
from bench.app_server import processor_s
from bench.gallery import judge_pages, page_through
from bench.gate_pictures import (
    as_film,
    draw_chart,
    draw_shapes,
    draw_sketched_chest,
    draw_text_page,
    other_dicom,
    photographs,
    stating_nothing,
)
from bench.gate_rates import Group, Wanted, count_refusals
from core.datasets.index import DatasetIndex, Film
from core.domain.film import Radiograph
from core.domain.quality import Finding, QualityReport, Severity
from core.errors import DatasetError
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import prepare_input
from core.pipeline import Engine, open_engine, prepare_film
from core.settings import get_settings
from core.training.films import load_films, to_input
from ui.components.cards.cards import PAGE_FILMS


def a_pair(name: str, full_size: float, small: float, logits=None, refused=False) -> Pair:
    logits = logits or (full_size, small)
    return Pair(
        name,
        (1024, 800),
        Read(full_size, logits[0], refused),
        Read(small, logits[1], refused=False),
    )


def refuse_dark(film: Radiograph) -> tuple[QualityReport, float]:
    """Refuse a film whose mean is below 0.5, and flag one above 0.9; its mean is its distance."""
    level = float(film.pixels.mean())
    findings = []
    if level < 0.5:
        findings.append(Finding("dark", Severity.REFUSE, level, 0.5, "dark"))
    if level > 0.9:
        findings.append(Finding("bright", Severity.FLAG, level, 0.9, "bright"))
    return QualityReport(tuple(findings)), level


def even_films() -> list[tuple[str, Radiograph]]:
    return [(name, as_film(np.full((8, 8), level, np.float32))) for name, level in LEVELS.items()]


LEVELS = {"black": 0.0, "grey": 0.6, "white": 1.0, "dim": 0.25}


@pytest.fixture(scope="module")
def engine() -> Engine:
    settings = get_settings()
    return open_engine(settings.models, settings.served_run, threads=1)


# --- agreement ------------------------------------------------------------------------------------


def test_differences_are_absolute_and_summed_up_by_their_quantiles():
    pairs = [a_pair(str(n), n / 20 + n / 100, n / 20, logits=(-n, 0.001 * n)) for n in range(11)]
    found = compare(pairs, threshold=2.0)
    assert found.n == 11
    assert found.probability == pytest.approx((0.05, 0.09, 0.095, 0.10))
    assert found.logit == pytest.approx((5.005, 9.009, 9.5095, 10.01))
    assert found.logit_shift == pytest.approx(-5.005)


def test_a_decision_has_changed_when_only_one_read_reaches_the_operating_point():
    pairs = [a_pair("up", 0.7, 0.69), a_pair("down", 0.1, 0.9), a_pair("same", 0.8, 0.9)]
    assert compare(pairs, threshold=0.7).decisions_changed == 2


def test_a_film_refused_from_one_file_only_is_counted():
    pairs = [a_pair("a", 0.1, 0.2, refused=True), a_pair("b", 0.3, 0.4)]
    assert compare(pairs, threshold=0.5).gate_changed == 1


def test_reads_that_differ_by_a_constant_correlate_fully():
    pairs = [a_pair(str(n), n / 10 + 0.1, n / 10, logits=(-n, n)) for n in range(5)]
    found = compare(pairs, threshold=0.5)
    assert found.probability_correlation == pytest.approx(1.0)
    assert found.logit_correlation == pytest.approx(-1.0)


def write_film(path: Path, side_px: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ramp = np.linspace(0, 255, side_px * side_px).reshape(side_px, side_px)
    Image.fromarray(ramp.astype(np.uint8)).save(path)


def test_files_are_paired_by_the_films_name_whatever_their_class_and_ending(tmp_path: Path):
    for name in ("b.jpg", "a.jpeg"):
        write_film(tmp_path / "large" / name, 40)
    for name in ("NORMAL/a.jpeg", "PNEUMONIA/b.jpeg", "NORMAL/c.jpeg"):
        write_film(tmp_path / "small" / name, 20)
    pairs = find_pairs(tmp_path / "large", tmp_path / "small")
    assert list(pairs) == ["a", "b"]
    assert pairs["b"] == (
        tmp_path / "large" / "b.jpg",
        tmp_path / "small" / "PNEUMONIA" / "b.jpeg",
    )


def test_a_film_without_its_small_file_is_named(tmp_path: Path):
    write_film(tmp_path / "large" / "alone.jpeg", 40)
    with pytest.raises(DatasetError, match=r"no 224 px file of alone .*FIRSTREAD_DATA"):
        find_pairs(tmp_path / "large", tmp_path / "small")


def test_an_empty_folder_of_full_size_films_is_named(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"no films in .*large.*FIRSTREAD_DATA"):
        find_pairs(tmp_path / "large", tmp_path / "small")


def test_one_more_compression_changes_a_film_a_little_and_leaves_it_in_place():
    rng = np.random.default_rng(0)
    blocks = np.kron(rng.integers(40, 215, (14, 14)), np.ones((16, 16))).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(blocks).save(buffer, "PNG")
    again = np.asarray(Image.open(io.BytesIO(recompress(buffer.getvalue())))).astype(float)
    error = np.abs(again - blocks).mean()
    assert again.shape == blocks.shape
    assert 0 < error < 5  # a film that came back moved by 4 px would differ by about 25


@pytest.mark.real_films
def test_an_original_and_its_224_px_file_agree_within_an_eighth(real_data: Path, engine: Engine):
    pairs = list(
        read_pairs(
            real_data / "kermany_fullres" / "images", real_data / "kermany224" / "test", engine
        )
    )
    found = compare(pairs, engine.classifier.run_record.operating_point.threshold)
    assert found.n == 39
    assert found.probability[-1] < 0.125  # the box around the lungs is found again in each
    assert found.decisions_changed <= 1  # one film's probability lies at the operating point
    assert found.gate_changed == 0


@pytest.mark.real_films
def test_the_pipeline_gives_a_stored_film_nearly_the_probability_in_the_runs_record(
    real_data: Path, engine: Engine
):
    table = pq.read_table(engine.classifier.run_record.folder / "predictions.parquet").to_pylist()
    recorded = [row for row in table if row["split"] == "validation"][::20]
    assert len(recorded) == 40
    for row in recorded:
        content = (real_data / "kermany224" / row["film_id"]).read_bytes()
        tensor = prepare_film(content, engine).tensor
        served = float(engine.classifier.predict(tensor[np.newaxis, :, :, np.newaxis])[0])
        # stored are films of 256 grey levels: `python -m bench agreement` has the distances
        assert served == pytest.approx(row["probability"], abs=0.03), row["film_id"]


@pytest.mark.parametrize("shape", [(224, 224), (500, 400), (230, 300), (150, 180)])
def test_serving_prepares_a_film_as_training_did_but_for_256_levels(tmp_path: Path, shape):
    film_id = "train/NORMAL/IM-0001-0001.jpeg"
    path = tmp_path / film_id
    path.parent.mkdir(parents=True)
    noise = np.random.default_rng(5).normal(120.0, 45.0, shape)
    Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)).save(path, "PNG")
    index = DatasetIndex(tmp_path, (Film(film_id, 0, "", "IM-0001", "train", ""),))
    trained = to_input(load_films(index, [film_id]).films, 144)[0, :, :, 0]
    served = prepare_input(decode_radiograph(path.read_bytes()), 144).tensor
    assert np.abs(served - trained).max() <= 0.5 / 255 + 1e-6


# --- gate -----------------------------------------------------------------------------------------


def test_refused_films_are_counted_by_finding_with_wilsons_interval():
    rates = count_refusals(Group("films", Wanted.PASS, even_films()), refuse_dark)
    assert (rates.refused.value, rates.refused.n) == (0.5, 4)
    # Wilson, 2 of 4: centre 0.5, half-width z sqrt(1/16 + z^2/64) / (1 + z^2/4) with z = 1.96.
    assert (rates.refused.low, rates.refused.high) == pytest.approx((0.150, 0.850), abs=1e-3)
    assert rates.codes == {"dark": 2}
    assert rates.flags == {"bright": 1}
    assert rates.distances == pytest.approx((0.0, 0.425, 1.0))


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        (Wanted.PASS, ("black", "dim")),
        (Wanted.REFUSE, ("grey", "white")),
        (Wanted.STATED, ()),
    ],
)
def test_films_treated_otherwise_than_wanted_are_named(wanted: Wanted, wrong: tuple[str, ...]):
    assert count_refusals(Group("films", wanted, even_films()), refuse_dark).wrong == wrong


def test_a_group_without_films_is_an_error_and_not_a_rate():
    with pytest.raises(DatasetError, match="there are no adults: point FIRSTREAD_DATA"):
        count_refusals(Group("adults", Wanted.PASS, []), refuse_dark)


@pytest.mark.parametrize("draw", [draw_text_page, draw_shapes, draw_chart, draw_sketched_chest])
def test_a_drawn_page_is_decided_by_its_seed_and_is_not_blank(draw):
    page = draw(3)
    assert page.dtype == np.float32
    assert page.min() >= 0.0
    assert page.max() <= 1.0
    assert page.std() > 0.02
    assert np.array_equal(page, draw(3))
    assert page.shape != draw(4).shape


def test_photographs_come_whole_and_in_four_quarters_and_some_are_coloured():
    films = dict(photographs())
    whole, quarter = films["astronaut"], films["astronaut, quarter 4"]
    assert np.array_equal(quarter.pixels, whole.pixels[256:, 256:])
    assert whole.colourfulness > 0.04
    assert len(films) >= 100


def test_slices_that_come_with_pydicom_state_what_they_are(tmp_path: Path):
    modalities = {film.modality for _, film in other_dicom(tmp_path)}
    assert {"CT", "MR"} <= modalities


def test_a_film_stating_nothing_has_only_its_look_and_is_large_enough():
    pixels = np.linspace(0, 1, 64 * 100, dtype=np.float32).reshape(64, 100)
    film = Radiograph(pixels, "", "DICOM", modality="CT", body_part="HEAD", view_position="LL")
    silent = stating_nothing(film)
    assert (silent.modality, silent.body_part, silent.view_position) == ("", "", "")
    assert silent.pixels.shape == (512, 800)
    assert silent.pixels.mean() == pytest.approx(0.5, abs=1e-3)


# --- the gallery's pages --------------------------------------------------------------------------


def test_every_film_is_paged_once_and_the_processors_time_is_given_a_page(tmp_path: Path):
    library = StandIn({f"{n}.jpeg": encode_film(draw_film(n)) for n in range(2 * PAGE_FILMS + 1)})
    turns = page_through(list(library.films), library, tmp_path)
    assert library.read == list(library.films)
    assert len(turns.taken_s) == 3
    assert turns.processor_s > 0.0
    assert "of the server's processor" in judge_pages("tried", turns)


def test_the_processors_time_of_a_process_grows_with_its_work():
    before = processor_s(os.getpid())
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    assert 0.02 < processor_s(os.getpid()) - before < 5.0


class StandIn:
    """Films in memory, noting which were read."""

    def __init__(self, films: dict[str, bytes]) -> None:
        self.films, self.read = films, []

    def read_bytes(self, film_id: str) -> bytes:
        self.read.append(film_id)
        return self.films[film_id]
