"""What the benchmarks say of a measured value, and how a section is kept beside the others."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.app_server import tensorflow_files
from bench.results import Section, Target, judge, read_sections, write_section


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "RESULTS.md"


def section(title: str, lines: Sequence[str]) -> Section:
    return Section(title, f"python -m bench {title.lower()}", lines)


# --- keeping sections -------------------------------------------------------------------------


def test_a_section_comes_back_with_its_command_and_every_line(results: Path) -> None:
    write_section(section("Start", ["- first", "", "| a | b |"]), results)
    body = read_sections(results)["Start"]
    assert "by `python -m bench start` on" in body
    assert body.endswith("\n\n- first\n\n| a | b |")


def test_a_section_names_the_machine_and_the_libraries(results: Path) -> None:
    write_section(section("Start", ["- first"]), results)
    body = read_sections(results)["Start"]
    assert " cores, Python 3." in body
    assert ", tensorflow 2." in body


def test_a_section_is_replaced_and_the_others_stay_to_the_letter(results: Path) -> None:
    for title in ("Start", "Memory", "Gate"):
        write_section(section(title, [f"- {title} before"]), results)
    before = read_sections(results)
    write_section(section("Memory", ["- Memory after"]), results)
    after = read_sections(results)
    assert list(after) == ["Start", "Memory", "Gate"]
    assert after["Start"] == before["Start"]
    assert after["Gate"] == before["Gate"]
    assert after["Memory"].endswith("- Memory after")
    assert "Memory before" not in after["Memory"]


def test_writing_again_leaves_one_preamble_and_one_section_of_a_title(results: Path) -> None:
    for _ in range(3):
        write_section(section("Start", ["- once"]), results)
    text = results.read_text(encoding="utf-8")
    assert text.count("# Measured results") == 1
    assert text.count("## Start") == 1
    assert text.count("- once") == 1


def test_a_smaller_heading_belongs_to_its_section(results: Path) -> None:
    write_section(section("Gate", ["### Photographs", "- none passed"]), results)
    assert list(read_sections(results)) == ["Gate"]
    assert "### Photographs\n- none passed" in read_sections(results)["Gate"]


def test_there_are_no_sections_before_the_first_is_written(results: Path) -> None:
    assert read_sections(results) == {}


def test_no_unfinished_file_is_left_behind(results: Path) -> None:
    write_section(section("Start", ["- first"]), results)
    assert list(results.parent.iterdir()) == [results]


@pytest.mark.parametrize("title", ["", "two\nlines", "ends with\n"])
def test_a_title_that_is_not_one_line_is_refused(results: Path, title: str) -> None:
    with pytest.raises(ValueError, match="a section's title is one line"):
        write_section(section(title, ["- first"]), results)
    assert not results.exists()


@pytest.mark.parametrize("line", ["## Other", "- first\n## Other"])
def test_a_line_that_would_begin_another_section_is_refused(results: Path, line: str) -> None:
    with pytest.raises(ValueError, match="begins with '## '"):
        write_section(section("Start", [line]), results)
    assert not results.exists()


# --- judging ----------------------------------------------------------------------------------


def test_a_value_at_its_upper_limit_meets_it_and_one_above_does_not() -> None:
    target = Target(4.0, "s")
    assert judge("Start", 4.0, target) == (
        "- Start: **4 s**, target at most 4 s: **met** (1.00 of the target)"
    )
    assert judge("Start", 4.4, target, "rounds 4, 4.4 s") == (
        "- Start: **4.4 s**, target at most 4 s: **NOT MET** (1.10 of the target; rounds 4, 4.4 s)"
    )


def test_a_value_below_its_lower_limit_does_not_meet_it() -> None:
    target = Target(8.0, "x", at_least=True)
    assert "**NOT MET** (0.95 of the target)" in judge("Faster", 7.6, target)
    assert "target at least 8 x: **met** (1.50 of the target)" in judge("Faster", 12.0, target)


def test_a_limit_of_none_at_all_has_no_ratio() -> None:
    target = Target(0, "files")
    assert judge("Files", 0, target) == "- Files: **0 files**, target at most 0 files: **met**"
    assert judge("Files", 2, target).endswith("**NOT MET**")


def test_a_value_just_over_its_limit_is_not_written_as_if_it_were_at_it() -> None:
    assert "**450.4 MB**" in judge("Memory", 450.4, Target(450, "MB"))


# --- what a process has loaded ----------------------------------------------------------------


def test_tensorflow_is_told_from_the_runtime_that_serves() -> None:
    packages = "/home/a/.venv/lib/python3.11/site-packages"
    tensorflow = {
        f"{packages}/tensorflow/python/_pywrap_tensorflow_internal.so",
        f"{packages}/tensorflow/libtensorflow_cc.so.2",
        "/usr/lib/libtensorflow_framework.so.2",
    }
    runtime = f"{packages}/ai_edge_litert/_pywrap_tensorflow_interpreter_wrapper.so"
    assert tensorflow_files({*tensorflow, runtime}) == sorted(tensorflow)
