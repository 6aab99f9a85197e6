"""The facts as files: Markdown that reads back as was written, and a PDF whose text is there."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.kept_run_copies import MODELS, copy_as, copy_runs
from fixtures.markdown_reader import read_back
from fixtures.run_facts import facts_of
from pypdf import PdfReader
from typer.testing import CliRunner

from bench.localisation import COMMAND, TITLE, tabulate
from bench.results import read_sections
from core.__main__ import app
from core.domain.rate import interval_text
from core.errors import ModelError
from core.model_card.card import describe_run
from core.model_card.export import describe_whole_run, export_for
from core.reports.document import Block, Bullets, Document, Intervals, Paragraph, Table
from core.reports.markdown import INTERVAL_HEAD, write_markdown
from core.reports.pdf import write_pdf
from core.runs.listing import list_runs
from core.runs.predictions import read_predictions
from core.runs.store import load_run
from core.settings import SERVED_RUN

FOOT_PT = 45
RUNS = [run.run_id for run in list_runs(MODELS)]


@pytest.fixture(scope="module")
def document() -> Document:
    return describe_whole_run(facts_of(SERVED_RUN))


@pytest.fixture(scope="module")
def pdf(document: Document) -> PdfReader:
    return PdfReader(io.BytesIO(write_pdf(document)))


def texts_of(block: Block) -> list[str]:
    """Return every piece of text of a block, in reading order."""
    if isinstance(block, Paragraph):
        return [block.text]
    if isinstance(block, Bullets):
        return list(block.items)
    if isinstance(block, Table):
        return [cell for row in (block.head, *block.rows) for cell in row]
    rows = [(row.measure, row.part, interval_text(row.rate), str(row.rate.n)) for row in block.rows]
    return [cell for row in (INTERVAL_HEAD, *rows) for cell in row]


def texts(document: Document) -> list[str]:
    inside = [
        text
        for section in document.sections
        for text in (section.heading, *(t for block in section.blocks for t in texts_of(block)))
    ]
    return [document.title, document.summary, *document.notices, *inside]


# --- Markdown -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
def test_markdown_reads_back_as_the_document(name: str) -> None:
    document = describe_whole_run(facts_of(name))
    wanted = [" ".join(text.split()) for text in texts(document)]
    assert read_back(write_markdown(document)) == wanted


# --- PDF ------------------------------------------------------------------------------------------


def squeezed(text: str) -> str:
    """Return text without what a line break in a PDF may add or take."""
    return re.sub(r"\s+", "", text)


def test_the_pdf_has_every_text_of_the_document(document: Document, pdf: PdfReader) -> None:
    pages = [page.extract_text().rsplit("\n", 1)[0] for page in pdf.pages]
    said = squeezed("".join(pages))
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph | Bullets):
                for text in texts_of(block):
                    assert squeezed(text) in said or crosses_a_page(text, pages)
            elif isinstance(block, Intervals):
                for row in block.rows:
                    assert squeezed(f"{interval_text(row.rate)}, n = {row.rate.n}") in said


def crosses_a_page(text: str, pages: list[str]) -> bool:
    words = [squeezed(word) for word in text.split()]
    return all(any(word in squeezed(page) for page in pages) for word in words)


def test_the_pdf_has_the_numbers_of_the_run(pdf: PdfReader) -> None:
    said = squeezed("".join(page.extract_text() for page in pdf.pages))
    run = load_run(MODELS / SERVED_RUN)
    test = run.metrics["test"]
    for rate in (test["rates"]["sensitivity"], test["rates"]["specificity"]):
        assert squeezed(f"{rate['value']:.3f} ({rate['low']:.3f} to {rate['high']:.3f})") in said
    assert squeezed(f"{test['matrix']['false_negative']} of {test['n_positive']}") in said
    films = read_predictions(run).of_split("test")
    surest = films.films.film_id[
        films.probability == films.probability[films.films.label == 1].min()
    ]
    assert squeezed(str(surest[0])) in said
    for stated in run.files.values():
        assert stated in said


def test_the_pdf_is_read_in_the_order_of_the_document(document: Document, pdf: PdfReader) -> None:
    said = "\n".join(page.extract_text() for page in pdf.pages).splitlines()
    lines = [line.strip() for line in said]
    places = [lines.index(section.heading) for section in document.sections]
    assert places == sorted(places)
    outlined = [entry["/Title"] for entry in pdf.outline]
    assert outlined == [section.heading for section in document.sections]


def test_the_typefaces_are_inside_and_no_picture_is(pdf: PdfReader) -> None:
    for page in pdf.pages:
        fonts = page["/Resources"]["/Font"].get_object().values()
        for font in fonts:
            below = font.get_object()["/DescendantFonts"][0].get_object()
            assert "/FontFile2" in below["/FontDescriptor"].get_object()
        assert not page.images


@pytest.mark.parametrize("name", RUNS)
def test_the_first_page_is_read_in_two_minutes_and_names_every_kind_of_fact(name: str) -> None:
    whole = describe_run(facts_of(name))
    document = replace(whole, sections=whole.sections[:2])
    (table,) = document.section("short").blocks
    first = PdfReader(io.BytesIO(write_pdf(document))).pages[0].extract_text()
    assert len(first.split()) <= 500  # an exhibit has a notice more
    for what, said in table.rows:
        assert squeezed(what + said) in squeezed(first)
    assert [what for what, _ in table.rows] == [
        "Intended use",
        "Not for",
        "Population",
        "Training",
        "Threshold",
        "Performance",
        "In a ward",
        "External adults",
        "Known failures",
        "Shortcuts",
        "Regions",
        "Version",
    ]


def test_no_page_of_the_pdf_but_the_last_is_half_blank(pdf: PdfReader) -> None:
    for page in pdf.pages[:-1]:
        heights: list[float] = []
        page.extract_text(
            visitor_text=lambda text, _, at, __, ___, heights=heights: (
                heights.append(at[5]) if text.strip() else None
            )
        )
        above_the_foot = [height for height in heights if height > FOOT_PT]
        assert min(above_the_foot) < 0.28 * float(page.mediabox.height)


def test_notices_come_before_everything_else(tmp_path: Path) -> None:
    models = copy_runs(tmp_path / "models")
    copy_as(models, "m01", "x05", exhibit="One batch's class weights.")
    content = write_pdf(describe_whole_run(facts_of("x05", models)))
    first = squeezed(PdfReader(io.BytesIO(content)).pages[0].extract_text())
    assert first.index("Anexhibit") < first.index("Intwominutes")


# --- the command line -----------------------------------------------------------------------------


def test_facts_are_written_as_named(tmp_path: Path) -> None:
    for name, start in (("facts.md", b"# Model card"), ("facts.PDF", b"%PDF-")):
        said = CliRunner().invoke(app, ["facts", "m01", "--out", str(tmp_path / name)])
        assert said.exit_code == 0
        assert (tmp_path / name).read_bytes().startswith(start)


def test_facts_without_a_file_are_said_for_the_ward_that_is_named() -> None:
    said = CliRunner().invoke(app, ["facts", "m01", "--prevalence", "35"])
    assert said.stdout.startswith("# Model card: run m01")
    assert "Of 1,000 children, 350 with pneumonia" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none"], "there is no run none"),
        (["m01", "--out", "facts.docx"], "a model card is written as .md or .pdf"),
        (["m01", "--out", "no/such/folder/facts.md"], "Name a file in a folder that is there"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_sentence(arguments: list[str], sentence: str) -> None:
    said = CliRunner().invoke(app, ["facts", *arguments])
    assert said.exit_code == 1
    assert sentence in " ".join(said.stderr.split())


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(ModelError, match="neither: name the file so"):
        export_for(Path("facts.html"))


# --- the record of explanations -------------------------------------------------------------------


def test_the_benchmark_and_the_record_say_the_same_of_explanations() -> None:
    facts = facts_of(SERVED_RUN)
    assert facts.explanations is not None, f"`{COMMAND}` writes it"
    section = read_sections()[TITLE]
    for line in tabulate(facts.explanations.rates):
        assert line in section
