"""Who may import whom, which library lives where, and what every page owes; read from the source.

A rule takes a file's path and source and yields line and sentence of each fault, so that a snippet
that breaks it can be handed to it as well.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
Faults = Iterator[tuple[int, str]]
Rule = Callable[[str, str], Faults]

ABOVE = {
    "core": {"streamlit", "ui", "pages", "streamlit_app", "tests", "bench"},
    "ui": {"pages", "streamlit_app", "tests", "bench"},
    "pages": {"pages", "streamlit_app", "tests", "bench"},
}
PAGES_MAY_IMPORT = {"batch", "domain", "errors", "ledger_queue", "review_table", "reviews"}

# A stage is one file of core/, or the several that share one job.
FAMILY = {"dicom": "decoding", "prescan": "decoding", "reviews": "review", "migrations": "review"}
FAMILY |= {"run_table": "run_store", "predictions": "run_store", "bootstrap": "statistics"}
FAMILY |= {"operating_point": "metrics", "prevalence": "comparison"}
FAMILY |= {
    "set_aside": "run_store",
    "rescoring": "evaluation",
    "serving": "run_store",
    "ensemble": "inference",
}
FAMILY |= {"film_features": "run_store", "film_facts": "run_store"}
FAMILY |= {"shortcut_record": "run_store"}
FAMILY |= {"phantom_set": "phantom", "phantom_folder": "phantom", "phantom_plan": "phantom"}
FOUNDATION = {"domain", "errors", "settings", "optional_imports", "process_memory", "__version__"}
OFFLINE = {"dataset", "decoding", "preprocessing", "inference", "lungs", "quality", "metrics"}
OFFLINE |= {"statistics", "evaluation", "shortcut"}
STAGES_MAY_IMPORT = {
    "domain": {"errors"},
    "errors": set(),
    "settings": {"errors"},
    "explanation": FOUNDATION | {"superpixels", "surrogate"},
    "batch": FOUNDATION | {"pipeline"},
    "phantom": FOUNDATION | {"dataset", "rendering"},
    "phantom_scores": FOUNDATION
    | {"phantom", "decoding", "preprocessing", "quality", "run_store", "pipeline"},
    "examples": FOUNDATION | {"batch", "phantom", "run_store"},
    "film_library": FOUNDATION | {"dataset", "run_store", "phantom"},
    "inference": FOUNDATION | {"run_store"},
    "shortcut": FOUNDATION | {"metrics", "statistics", "run_store"},
    "metrics": FOUNDATION | {"statistics"},
    "evaluation": FOUNDATION | {"statistics", "metrics", "run_store"},
    "failing": FOUNDATION | {"statistics", "run_store"},
    "label": FOUNDATION | {"statistics", "run_store"},
    "feature_reading": FOUNDATION | {"inference", "pipeline", "run_store"},
    "feature_task": FOUNDATION | {"feature_reading", "phantom", "pipeline", "run_store"},
    "case": FOUNDATION | {"review"},
    "ledger": FOUNDATION | {"review", "statistics"},
    "teaching": FOUNDATION | {"statistics", "metrics", "review", "case"},
    "error": FOUNDATION | {"statistics", "metrics", "run_store"},
    "comparison": FOUNDATION | {"statistics", "metrics", "evaluation", "run_store"},
    "exhibit": FOUNDATION | {"statistics", "run_store"},
    "foreign": FOUNDATION | {"statistics", "metrics", "evaluation", "run_store", "dataset"},
    "model_facts": FOUNDATION | {"statistics", "run_store", "shortcut", "comparison", "failing"},
    # Training puts the same stages together, but offline: never the pipeline, LIME or the reviews.
    "training": FOUNDATION | OFFLINE | {"run_store"},
}
ABOVE_THE_PIPELINE = {
    "batch",
    "examples",
    "feature_reading",
    "feature_task",
    "film_library",
    "phantom_scores",
    "training",
    "cli",
    "__main__",
}

PREPARING = "core/preprocessing.py core/rendering.py"
CHANGING = "core/shortcut_changes.py"
HOMES = {
    "streamlit": "ui/* pages/*",
    "plotly": "ui/charts*.py",
    "matplotlib": "core/shortcut_picture.py",
    "PIL": f"core/d[ei]co*.py {PREPARING} {CHANGING} core/dataset*.py core/training/*",
    "pydicom": "core/dicom*.py",
    "imagecodecs": "core/dicom*.py",
    "imagehash": "core/dataset*.py",
    "kagglehub": "core/dataset*.py",
    "ai_edge_litert": "core/inference.py",
    "tensorflow": "core/training/* core/activations.py",
    "keras": "core/training/* core/activations.py",
    "fpdf": "core/model_facts_pdf.py core/teaching_report.py",
    "fsrs": "core/teaching_schedule.py",
    "mapie": "tests/*",
    "pypdf": "tests/*",
    "cleanlab": "core/label_issues.py",
    "lime": "core/surrogate.py",
    "sklearn": "core/explanation.py core/metrics.py core/failing_clusters.py core/label_issues.py "
    "core/training/*",
    "skimage": f"core/superpixels.py {PREPARING} core/quality.py core/explanation.py",
    "statsmodels": "core/statistics.py core/metrics.py",
    "pyarrow": "core/predictions.py core/foreign_parquet.py core/*_export.py core/film_f*.py "
    "core/label_issues.py",
    "sqlalchemy": "core/review_*.py core/case_notes_store.py core/teaching_store.py "
    "core/migrations/*",
    "alembic": "core/review_*.py core/migrations/*",
}
SHOWS_PIXELS = {"image", "pyplot", "imshow", "ImageColumn", "Heatmap", "add_layout_image"}
MAX_LINES = {"core": 300, "ui": 300, "bench": 300, "pages": 150, "tests": 500}
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


def stage_of(name: str) -> str:
    families = (
        r"^(dataset|dicom|review|cli|shortcut|comparison|foreign|error|case|ledger|model_facts|evaluation|"
        r"failing|label|teaching)_.*"
    )
    name = name.removesuffix(".py")
    stage = re.sub(families, r"\1", name)
    return FAMILY.get(name) or FAMILY.get(stage, stage)


def layers(path: str, source: str) -> Faults:
    layer = PurePosixPath(path).parts[0]
    for line, name in imports_of(path, source):
        if name.split(".")[0] in ABOVE[layer]:
            yield line, f"{layer}/ never imports {name}: pages -> ui -> core"


def light_pages(path: str, source: str) -> Faults:
    for line, name in imports_of(path, source):
        top, part = [*name.split("."), ""][:2]
        of_core = top == "core" and part in PAGES_MAY_IMPORT
        if not of_core and top not in {"ui", "streamlit", *sys.stdlib_module_names}:
            yield line, f"a page never imports {name}; of core only {sorted(PAGES_MAY_IMPORT)}"


def separate_stages(path: str, source: str) -> Faults:
    stage = stage_of(PurePosixPath(path).parts[1])
    for line, name in imports_of(path, source):
        top, part = [*name.split("."), "core as a whole"][:2]
        target = stage_of(part)
        allowed = target == stage or target in STAGES_MAY_IMPORT.get(stage, FOUNDATION)
        if stage == "pipeline":
            allowed = target not in ABOVE_THE_PIPELINE
        if top == "core" and not allowed and stage not in {"cli", "__main__"}:
            yield line, f"{stage} never imports {name}; only core/pipeline.py composes stages"


def library_homes(path: str, source: str) -> Faults:
    for line, name in imports_of(path, source):
        homes = HOMES.get(name.split(".")[0], path)
        if not any(fnmatch(path, home) for home in homes.split()):
            yield line, f"{name} has its home in {homes}, and nowhere else"


def films_in_the_viewer_only(path: str, source: str) -> Faults:
    rule = "films reach the browser only through ui/viewer, ui/worklist and ui/cards, never by"
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
            if any(isinstance(given, ast.Lambda) for given in node.args):
                yield node.lineno, "a download button takes a file, not what makes it"
            if "on_click='ignore'" not in {ast.unparse(word) for word in node.keywords}:
                yield node.lineno, "a download button says on_click='ignore': no run beside it"


def guarded(path: str, source: str) -> Faults:
    if "ui.guard.guard" not in {name for _, name in imports_of(path, source)}:
        yield 1, "a page takes guard from ui.guard"
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


def bare_router(path: str, source: str) -> Faults:
    tree = ast.parse(source)
    body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    if ast.unparse(body) != "from ui.guard import route\nroute()":
        yield 1, "the router imports route from ui.guard and calls it, and does nothing else"


def files_in(*folders: str, suffixes: str = ".py") -> list[str]:
    """Return the files under some folders; a folder without any fails the collection."""
    found = [path for name in folders for path in (ROOT / name).rglob("*.*")]
    kept = [path for path in found if path.suffix in suffixes.split()]
    assert {path.relative_to(ROOT).parts[0] for path in kept} == set(folders)
    return sorted(path.relative_to(ROOT).as_posix() for path in kept)


SOURCES = files_in("core", "ui", "pages", "bench", "tests", suffixes=".py .js")
RULES = {
    layers: files_in("core", "ui", "pages"),
    light_pages: files_in("pages"),
    downloads_ready: files_in("ui", "pages"),
    separate_stages: files_in("core"),
    library_homes: [*files_in("core", "ui", "pages"), "streamlit_app.py"],
    films_in_the_viewer_only: files_in("ui", "pages", suffixes=".py .js .css .html"),
    guarded: files_in("pages"),
    short: SOURCES,
    telling_names: SOURCES,
    bare_router: ["streamlit_app.py"],
}
CASES = [(rule, path) for rule, paths in RULES.items() for path in paths]
CASE_NAMES = [f"{rule.__name__}-{path}" for rule, path in CASES]


@pytest.mark.parametrize(("rule", "path"), CASES, ids=CASE_NAMES)
def test_a_file_keeps_the_rule(rule: Rule, path: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    faults = [f"{path}:{line}: {sentence}" for line, sentence in rule(path, source)]
    assert not faults, "\n".join(faults)


GUARDED = "from ui.guard import guard\n"
BREACHES = [
    (layers, "core/lungs.py", 1, "import streamlit as st"),
    (layers, "core/lungs.py", 2, "def late():\n    from ui.session import Visit"),
    (layers, "core/training/fit.py", 1, "from ...pages import review"),
    (layers, "ui/panels.py", 1, "import pages.review"),
    (light_pages, "pages/review.py", 1, "from core.decoding import decode_radiograph"),
    (light_pages, "pages/review.py", 1, "from core import inference"),
    (light_pages, "pages/review.py", 2, "def late():\n    import tensorflow as tf"),
    (separate_stages, "core/quality.py", 1, "from core.lungs import LungField"),
    (separate_stages, "core/quality.py", 1, "from .lungs import LungField"),
    (separate_stages, "core/quality.py", 1, "import core"),
    (separate_stages, "core/superpixels.py", 1, "from core.explanation import perturb"),
    (separate_stages, "core/decoding.py", 1, "from core.dataset_index import decode_grey"),
    (separate_stages, "core/training/fit.py", 1, "from core.pipeline import read_film"),
    (separate_stages, "core/domain/film.py", 1, "from core.settings import get_settings"),
    (separate_stages, "core/pipeline.py", 1, "from core.batch import BatchJob"),
    (separate_stages, "core/metrics.py", 1, "from core.evaluation import PARTS"),
    (separate_stages, "core/evaluation.py", 1, "from core.decoding import decode_radiograph"),
    (separate_stages, "core/comparison.py", 1, "from core.foreign_runs import import_run"),
    (separate_stages, "core/foreign_runs.py", 1, "from core.comparison_films import align_runs"),
    (separate_stages, "core/operating_point.py", 1, "from core.evaluation import PARTS"),
    (separate_stages, "core/prevalence.py", 1, "from core.reviews import read"),
    (separate_stages, "core/model_facts_text.py", 1, "from core.pipeline import read_film"),
    (library_homes, "core/quality.py", 1, "from PIL import Image"),
    (library_homes, "core/decoding.py", 1, "import pydicom.filereader"),
    (library_homes, "core/pipeline.py", 1, "from ai_edge_litert.interpreter import Interpreter"),
    (library_homes, "core/inference.py", 2, "def late():\n    import keras"),
    (library_homes, "core/inference.py", 1, "net = importlib.import_module('tensorflow.lite')"),
    (library_homes, "core/model_facts_export.py", 1, "from fpdf import FPDF"),
    (library_homes, "core/training/abstain.py", 1, "from mapie.risk_control import precision"),
    (library_homes, "core/pipeline.py", 1, "from lime.lime_base import LimeBase"),
    (library_homes, "core/bootstrap.py", 1, "from statsmodels.stats import proportion"),
    (library_homes, "core/run_table.py", 1, "import pyarrow.parquet as pq"),
    (library_homes, "core/foreign_csv.py", 1, "import pyarrow.csv"),
    (library_homes, "core/decoding.py", 1, "from skimage import io"),
    (library_homes, "ui/resources.py", 1, "from sqlalchemy import create_engine"),
    (library_homes, "pages/runs.py", 1, "import plotly.express as px"),
    (library_homes, "streamlit_app.py", 1, "import streamlit as st"),
    (films_in_the_viewer_only, "pages/review.py", 2, "import streamlit as st\nst.image(film)"),
    (films_in_the_viewer_only, "pages/review.py", 1, "left.image(film)"),
    (films_in_the_viewer_only, "pages/review.py", 1, "from streamlit import image"),
    (films_in_the_viewer_only, "ui/panels.py", 1, "st.html(f'<img src=data:image/png;{film}>')"),
    (films_in_the_viewer_only, "ui/worklist/worklist.js", 1, "row.src = `data:image/png;${film}`"),
    (films_in_the_viewer_only, "ui/panels.py", 1, "st.download_button('Film', film)"),
    (films_in_the_viewer_only, "ui/panels.py", 1, "st.download_button('F', f, mime='image/png')"),
    (downloads_ready, "ui/a.py", 1, "st.download_button('F', lambda: f(), on_click='ignore')"),
    (downloads_ready, "ui/a.py", 1, "st.download_button('F', f, mime='text/csv')"),
    (guarded, "pages/review.py", 2, f"{GUARDED}st.title('Review')\nguard()"),
    (guarded, "pages/review.py", 2, f"{GUARDED}store = get_store()\nvisit = guard()"),
    (guarded, "pages/review.py", 2, f"{GUARDED}who = st.session_state['who']\nguard()"),
    (guarded, "pages/review.py", 2, f"{GUARDED}def draw(store=get_store()): ...\nguard()"),
    (guarded, "pages/review.py", 2, f"{GUARDED}def guard(): ...\nguard()"),
    (guarded, "pages/review.py", 1, f"{GUARDED}PLACES = 3"),
    (guarded, "pages/review.py", 1, "from ui.frame import guard\nguard()"),
    (short, "core/quality.py", 301, "\n" * 301),
    (short, "pages/review.py", 151, "\n" * 151),
    (telling_names, "core/utils.py", 1, ""),
    (telling_names, "ui/helpers/words.py", 1, ""),
    (bare_router, "streamlit_app.py", 1, "from ui.guard import route\nroute()\nst.title('x')"),
    (bare_router, "streamlit_app.py", 1, "import core\nfrom ui.guard import route\nroute()"),
]
BREACH_NAMES = [f"{rule.__name__}-{place}" for place, (rule, *_) in enumerate(BREACHES)]


@pytest.mark.parametrize(("rule", "path", "line", "source"), BREACHES, ids=BREACH_NAMES)
def test_a_breach_is_found(rule: Rule, path: str, line: int, source: str) -> None:
    assert [found for found, _ in rule(path, source)] == [line]


def heavy_modules_after(modules: list[str], folder: Path = ROOT) -> list[str]:
    """Import in a fresh process, and return what that loaded of what the app must do without."""
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(*sorted({'tensorflow', 'keras', 'mapie'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, *modules]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_what_the_app_process_imports_never_loads_tensorflow() -> None:
    of_ui = [path.removesuffix(".py").replace("/", ".") for path in files_in("ui")]
    of_core = ["core.pipeline", "core.explanation", "core.batch", "core.reviews"]
    deferred = ["lime.lime_base", "ai_edge_litert.interpreter"]
    modules = [name.removesuffix(".__init__") for name in of_ui]
    assert heavy_modules_after([*modules, *of_core, *deferred]) == []


def test_a_loaded_tensorflow_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").touch()
    (tmp_path / "stage.py").write_text("import tensorflow")
    assert heavy_modules_after(["stage"], tmp_path) == ["tensorflow"]
