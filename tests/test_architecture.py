"""What import contracts cannot say: the guard, pixels, downloads, homes, names, lengths.

The contracts themselves stand in pyproject.toml; `lint-imports` holds them. A rule takes a file's
path and source and yields line and sentence of each fault, so that a snippet that breaks it can be
handed to it as well.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest

from core.settings import PROJECT_ROOT

Faults = Iterator[tuple[int, str]]
Rule = Callable[[str, str], Faults]

DATASETS, TRAINING = "core/datasets/*", "core/training/*"
IMAGING = "core/imaging/*"
HOMES = {
    "streamlit": "ui/* pages/*",
    "plotly": "ui/charts/*",
    "matplotlib": "core/shortcuts/chart.py bench/acceptance.py bench/implant.py",
    "PIL": f"{IMAGING} core/reports/dicom/secondary_capture.py core/shortcuts/perturbations.py "
    f"{DATASETS} {TRAINING}",
    "pydicom": "core/imaging/dicom/* core/reports/dicom/* core/pacs/*",
    "highdicom": "core/reports/dicom/*",
    "pynetdicom": "core/pacs/dimse.py",
    "dicomweb_client": "core/pacs/dicomweb.py",
    "requests": "core/pacs/dicomweb.py",
    "fhir": "core/reports/fhir.py",
    "imagecodecs": IMAGING,
    "simplejpeg": "core/imaging/jpeg.py",
    "tifffile": "core/imaging/tiff.py",
    "imagehash": "core/datasets/duplicates.py",
    "kagglehub": "core/datasets/fetch.py",
    "ai_edge_litert": "core/inference/litert.py",
    "tensorflow": TRAINING,
    "keras": TRAINING,
    "fpdf": "core/reports/pdf.py",
    "fsrs": "core/teaching/spaced_repetition.py",
    "mapie": "tests/*",
    "pypdf": "tests/*",
    "cleanlab": "core/error_analysis/label_issues.py",
    "lime": "core/explain/lime.py",
    "sklearn": f"core/explain/lime.py core/evaluation/metrics.py core/error_analysis/* "
    f"core/acceptance/site_calibration.py {TRAINING}",
    "skimage": f"core/explain/* {IMAGING} core/gate/quality.py",
    "statsmodels": "core/stats/intervals.py core/evaluation/metrics.py",
    "pyarrow": "core/runs/* core/imported_runs/table.py core/reads/export.py core/datasets/* "
    "core/error_analysis/* core/jobs/scoring/* core/tables.py",
    "distributed": "core/jobs/scoring/cluster.py",
    "dask": "core/jobs/scoring/cluster.py",
    "sqlalchemy": "core/store/*",
    "alembic": "core/store/*",
    "babel": "core/language/*",
    "structlog": "core/observability/*",
    "prometheus_client": "core/observability/*",
}
SHOWS_PIXELS = {"image", "pyplot", "imshow", "ImageColumn", "Heatmap", "add_layout_image"}
MAX_LINES = {"core": 500, "ui": 500, "bench": 500, "pages": 150, "tests": 500}
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common"}


def imports_of(path: str, source: str) -> Iterator[tuple[int, str]]:
    """Yield line and full dotted name of everything imported, deferred or not."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = PurePosixPath(path).parts[: -node.level] if node.level else ()
            base = [*package, *filter(None, [node.module])]
            yield from ((node.lineno, ".".join([*base, alias.name])) for alias in node.names)
        elif isinstance(node, ast.Call) and name_of(node.func) in {"import_module", "__import__"}:
            yield from ((node.lineno, ast.unparse(named).strip("'")) for named in node.args[:1])


def name_of(node: ast.AST) -> str:
    """Return the last part of a name: ``image`` for ``st.image``."""
    return getattr(node, "attr", "") or getattr(node, "id", "")


def product_alone(path: str, source: str) -> Faults:
    for line, name in imports_of(path, source):
        if name.split(".")[0] in {"tests", "fixtures", "bench", "streamlit_app"}:
            yield line, f"the product never imports {name}"


def light_pages(path: str, source: str) -> Faults:
    for line, name in imports_of(path, source):
        if name.split(".")[0] not in {"core", "ui", "streamlit", *sys.stdlib_module_names}:
            yield line, f"a page never imports {name}"


def library_homes(path: str, source: str) -> Faults:
    for line, name in imports_of(path, source):
        homes = HOMES.get(name.split(".")[0], path)
        if not any(fnmatch(path, home) for home in homes.split()):
            yield line, f"{name} has its home in {homes}, and nowhere else"


def films_in_the_viewer_only(path: str, source: str) -> Faults:
    rule = "films reach the browser only through the viewer, worklist and cards, never by"
    for line, text in enumerate(source.splitlines(), 1):
        if "data:image" in text:
            yield line, f"{rule} a data:image address"
    if not path.endswith(".py"):
        return
    for line, name in imports_of(path, source):
        if name.startswith("streamlit.") and name.split(".")[-1] in SHOWS_PIXELS:
            yield line, f"{rule} {name}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in SHOWS_PIXELS:
            yield node.lineno, f"{rule} {ast.unparse(node)}"
        if isinstance(node, ast.Call) and name_of(node.func) == "download_button":
            kinds = [ast.unparse(word.value) for word in node.keywords if word.arg == "mime"]
            if not re.match(
                r"'(text/(csv|markdown)|application/(pdf|json|vnd\.apache\.parquet))'",
                "".join(kinds),
            ):
                yield node.lineno, f"{rule} a download that is not plainly a table or a report"


def downloads_ready(path: str, source: str) -> Faults:
    """A file made by a callable has another address after each run, and may be lost."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and name_of(node.func) == "download_button":
            made = (ast.unparse(one.func) for one in node.args if isinstance(one, ast.Call))
            if "partial" in made or any(isinstance(one, ast.Lambda) for one in node.args):
                yield node.lineno, "a download button takes a file, not what makes it"
            if "on_click='ignore'" not in {ast.unparse(word) for word in node.keywords}:
                yield node.lineno, "a download button says on_click='ignore': no run beside it"


def guarded(path: str, source: str) -> Faults:
    if "ui.app.guard.guard" not in {name for _, name in imports_of(path, source)}:
        yield 1, "a page takes guard from ui.app.guard"
    body = ast.parse(source).body
    first = next((node for node in body if not only_defines(node)), None)
    called = first.value if isinstance(first, ast.Expr | ast.Assign | ast.AnnAssign) else None
    if not isinstance(called, ast.Call) or ast.unparse(called.func) != "guard":
        yield getattr(first, "lineno", 1), "the first thing a page does is to call guard()"


def only_defines(node: ast.stmt) -> bool:
    """Tell docstrings, imports, written constants and functions and classes from work."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name != "guard" and not works(*node.args.defaults, *node.args.kw_defaults)
    if isinstance(node, ast.ClassDef):
        return all(only_defines(inner) for inner in node.body)
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr):
        return not works(node.value)
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Pass)


def works(*values: ast.expr | None) -> bool:
    """True if some value is more than written down: it calls something, or asks Streamlit."""
    parts = [part for value in values if value is not None for part in ast.walk(value)]
    return any(isinstance(part, ast.Call) or name_of(part) == "st" for part in parts)


def short(path: str, source: str) -> Faults:
    lines, limit = len(source.splitlines()), MAX_LINES[PurePosixPath(path).parts[0]]
    if lines > limit:
        yield limit + 1, f"{lines} lines, where at most {limit} are read at one go"


def telling_names(path: str, source: str) -> Faults:
    for part in PurePosixPath(path).parts:
        if part.split(".")[0] in NAMES_THAT_SAY_NOTHING:
            yield 1, f"{part} does not say what is in it"


def empty_packages(path: str, source: str) -> Faults:
    """Importing one module of a package must not load the others."""
    for node in ast.parse(source).body:
        documents = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        states_version = isinstance(node, ast.Assign) and name_of(node.targets[0]) == "__version__"
        if not (documents or states_version):
            yield node.lineno, "a package's __init__.py holds a docstring and nothing else"


def bare_router(path: str, source: str) -> Faults:
    tree = ast.parse(source)
    body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    if ast.unparse(body) != "from ui.app.guard import route\nroute()":
        yield 1, "the router imports route from ui.app.guard and calls it, and does nothing else"


def files_in(*folders: str, suffixes: str = ".py", named: str = "*") -> list[str]:
    """Return the files under some folders; a folder without any fails the collection."""
    found = [path for name in folders for path in (PROJECT_ROOT / name).rglob(f"{named}.*")]
    kept = [path for path in found if path.suffix in suffixes.split()]
    assert {path.relative_to(PROJECT_ROOT).parts[0] for path in kept} == set(folders)
    return sorted(path.relative_to(PROJECT_ROOT).as_posix() for path in kept)


PRODUCT = ("core", "ui", "pages")
SOURCES = files_in(*PRODUCT, "bench", "tests", suffixes=".py .js")
RULES: dict[Rule, list[str]] = {
    product_alone: files_in(*PRODUCT),
    light_pages: files_in("pages"),
    downloads_ready: files_in("ui", "pages"),
    library_homes: [*files_in(*PRODUCT), "streamlit_app.py"],
    films_in_the_viewer_only: files_in("ui", "pages", suffixes=".py .js .css .html"),
    guarded: files_in("pages"),
    short: SOURCES,
    telling_names: SOURCES,
    empty_packages: files_in("core", "ui", named="__init__"),
    bare_router: ["streamlit_app.py"],
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    faults = [
        f"{path}:{line}: {sentence}"
        for path in RULES[rule]
        for line, sentence in rule(path, (PROJECT_ROOT / path).read_text(encoding="utf-8"))
    ]
    assert not faults, "\n".join(faults)


GUARDED = "from ui.app.guard import guard\n"
BREACHES: dict[Rule, list[tuple[str, int, str]]] = {
    product_alone: [
        ("core/gate/lungs.py", 1, "from fixtures.review_records import lead"),
        ("ui/app/session.py", 2, "def late():\n    import bench.timing"),
    ],
    light_pages: [("pages/review.py", 2, "def late():\n    import tensorflow as tf")],
    library_homes: [
        ("core/gate/quality.py", 1, "from PIL import Image"),
        ("core/imaging/decoding.py", 1, "import pydicom.filereader"),
        ("core/imaging/decoding.py", 1, "import tifffile"),
        ("core/imaging/dicom/pixels.py", 1, "import simplejpeg"),
        ("core/pipeline.py", 1, "from ai_edge_litert.interpreter import Interpreter"),
        ("core/inference/litert.py", 2, "def late():\n    import keras"),
        ("core/inference/litert.py", 1, "net = importlib.import_module('tensorflow.lite')"),
        ("core/model_card/export.py", 1, "from fpdf import FPDF"),
        ("core/teaching/report.py", 1, "from fpdf import FPDF"),
        ("core/evaluation/abstention.py", 1, "from mapie.risk_control import precision"),
        ("core/pipeline.py", 1, "from lime.lime_base import LimeBase"),
        ("core/stats/bootstrap.py", 1, "from statsmodels.stats import proportion"),
        ("core/evaluation/tables.py", 1, "import pyarrow.parquet as pq"),
        ("core/comparison/curves.py", 1, "from skimage import io"),
        ("ui/app/resources.py", 1, "from sqlalchemy import create_engine"),
        ("core/jobs/film_pool.py", 1, "import structlog"),
        ("ui/app/probes.py", 1, "from prometheus_client import Counter"),
        ("pages/runs.py", 1, "import plotly.express as px"),
        ("core/pipeline.py", 1, "import streamlit as st"),
        ("streamlit_app.py", 1, "import streamlit as st"),
    ],
    films_in_the_viewer_only: [
        ("pages/review.py", 2, "import streamlit as st\nst.image(film)"),
        ("pages/review.py", 1, "left.image(film)"),
        ("pages/review.py", 1, "from streamlit import image"),
        ("ui/a.py", 1, "st.html(f'<img src=data:image/png;{film}>')"),
        ("ui/components/worklist/worklist.js", 1, "row.src = `data:image/png;${film}`"),
        ("ui/a.py", 1, "st.download_button('Film', film)"),
        ("ui/a.py", 1, "st.download_button('F', f, mime='image/png')"),
    ],
    downloads_ready: [
        ("ui/a.py", 1, "st.download_button('F', lambda: f(), on_click='ignore')"),
        ("ui/a.py", 1, "st.download_button('F', partial(f), on_click='ignore')"),
        ("ui/a.py", 1, "st.download_button('F', f, mime='text/csv')"),
    ],
    guarded: [
        ("pages/review.py", 2, f"{GUARDED}st.title('Review')\nguard()"),
        ("pages/review.py", 2, f"{GUARDED}store = get_store()\nvisit = guard()"),
        ("pages/review.py", 2, f"{GUARDED}who = st.session_state['who']\nguard()"),
        ("pages/review.py", 2, f"{GUARDED}def draw(store=get_store()): ...\nguard()"),
        ("pages/review.py", 2, f"{GUARDED}def guard(): ...\nguard()"),
        ("pages/review.py", 1, f"{GUARDED}PLACES = 3"),
        ("pages/review.py", 1, "from ui.frame import guard\nguard()"),
    ],
    short: [
        ("core/gate/quality.py", 501, "\n" * 501),
        ("pages/review.py", 151, "\n" * 151),
    ],
    telling_names: [("core/utils.py", 1, ""), ("ui/helpers/words.py", 1, "")],
    empty_packages: [("core/domain/__init__.py", 1, "from core.domain.film import Radiograph")],
    bare_router: [
        ("streamlit_app.py", 1, "from ui.app.guard import route\nroute()\nst.title('x')"),
        ("streamlit_app.py", 1, "import core\nfrom ui.app.guard import route\nroute()"),
    ],
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_breach_of_the_rule_is_found(rule: Rule) -> None:
    missed = [
        (path, source)
        for path, line, source in BREACHES[rule]
        if [found for found, _ in rule(path, source)] != [line]
    ]
    assert not missed


def test_every_folder_of_the_core_has_its_layer() -> None:
    contracts = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = " | ".join(contracts["contracts"][0]["layers"]).split(" | ")
    names = {
        f"core.{path.stem}"
        for path in (PROJECT_ROOT / "core").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert names - {"core.__init__"} - set(layers) == set()


def heavy_modules_after(modules: list[str], folder: Path = PROJECT_ROOT) -> list[str]:
    """Import in a fresh process, and return what that loaded of what the app must do without."""
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(*sorted({'tensorflow', 'keras', 'mapie', 'distributed', 'dask'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, *modules]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_what_the_app_process_imports_never_loads_tensorflow() -> None:
    of_ui = [path.removesuffix(".py").replace("/", ".") for path in files_in("ui")]
    of_core = ["core.pipeline", "core.explain.lime", "core.jobs.batch", "core.reads.signing"]
    of_core += ["core.jobs.scoring.archive", "core.cli.score"]
    deferred = ["lime.lime_base", "ai_edge_litert.interpreter"]
    modules = [name.removesuffix(".__init__") for name in of_ui]
    assert heavy_modules_after([*modules, *of_core, *deferred]) == []


def test_a_loaded_tensorflow_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").touch()
    (tmp_path / "stage.py").write_text("import tensorflow")
    assert heavy_modules_after(["stage"], tmp_path) == ["tensorflow"]


def test_the_first_page_loads_neither_what_draws_nor_what_hashes_radiographs() -> None:
    program = (
        "import sys, ui.app.guard, ui.app.resources, ui.review.read_panel\n"
        "print(*sorted(name for name in sys.modules if name == 'imagehash' "
        "or name.startswith('core.phantom.') and name != 'core.phantom.builtin'))"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
