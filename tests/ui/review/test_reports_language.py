"""A report that was made is offered again only to whom it speaks."""

from fixtures.film_reports import first_read, signed_read

from core.domain.regions import Way
from core.domain.reported import ReportedReads
from core.jobs.batch import UploadedFilm
from core.language.current import LANGUAGES, using
from ui.review.reports import AskedReport, _key_of


def test_the_same_reads_in_another_language_are_another_report() -> None:
    reads = ReportedReads(signed_read(), first_read())
    asked = AskedReport(
        UploadedFilm("a" * 64, "1.png", b""),
        reads,
        score_shown=True,
        way=Way.CAM,
        doubted_asked=False,
        session="",
    )
    keys = []
    for language in LANGUAGES:
        with using(language):
            keys += [_key_of([asked]), _key_of([asked])]
    assert len(set(keys)) == len(LANGUAGES)
