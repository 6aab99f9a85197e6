"""The command line: ``python -m core ...``."""

from __future__ import annotations

import typer

from core.cli.accept import accept
from core.cli.audit import audit
from core.cli.compare import compare
from core.cli.data import app as data_app
from core.cli.database import app as db_app
from core.cli.database import records_app
from core.cli.dependencies import licences, lock, sbom
from core.cli.explain import explain
from core.cli.films import app as films_app
from core.cli.implant import implant
from core.cli.import_run import import_run_file
from core.cli.language import catalogues
from core.cli.likelihood_ratio import likelihood_ratio
from core.cli.model_card import facts
from core.cli.monitor import monitor
from core.cli.pacs import app as pacs_app
from core.cli.phantom import phantom, phantom_scores
from core.cli.precompute import features, film_facts, label_issues, training_fingerprints
from core.cli.read import read
from core.cli.reader_study import app as study_app
from core.cli.reference import reference
from core.cli.runs import (
    abstain,
    archive_run_folder,
    ensemble,
    evaluate,
    runs,
    score_training,
    serve_check,
)
from core.cli.sanity import sanity
from core.cli.score import score
from core.cli.settings import settings
from core.cli.site import app as site_app
from core.cli.train import train
from core.observability.logs import configure_logs

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(data_app, name="data")
app.add_typer(db_app, name="db")
app.add_typer(films_app, name="films")
app.add_typer(pacs_app, name="pacs")
app.add_typer(records_app, name="records")
app.add_typer(site_app, name="site")
app.add_typer(study_app, name="study")
app.command()(read)
app.command()(accept)
app.command()(monitor)
app.command()(implant)
app.command()(score)
app.command()(runs)
app.command()(evaluate)
app.command()(score_training)
app.command("archive")(archive_run_folder)
app.command("set-aside", hidden=True)(archive_run_folder)  # its name before
app.command()(compare)
app.command("likelihood-ratio")(likelihood_ratio)
app.command("model-card")(facts)
app.command("facts", hidden=True)(facts)  # its name before
app.command("import-run")(import_run_file)
app.command()(features)
app.command()(film_facts)
app.command()(label_issues)
app.command()(training_fingerprints)
app.command()(phantom)
app.command()(phantom_scores)
app.command()(train)
app.command()(audit)
app.command()(explain)
app.command()(catalogues)
app.command()(sanity)
app.command(hidden=True)(reference)
app.command("serve-check")(serve_check)
app.command()(abstain)
app.command()(ensemble)
app.command("settings")(settings)
app.command("licences")(licences)
app.command("sbom")(sbom)
app.command("lock", hidden=True)(lock)


if __name__ == "__main__":
    configure_logs("command line")
    app()
