"""Components are opened once, whatever order the page's calls and cleanups come in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from core.settings import PROJECT_ROOT

SHARED = tuple(PROJECT_ROOT / "ui" / "components" / n for n in ("language.js", "mounting.js"))
WORKLIST = PROJECT_ROOT / "ui" / "components" / "worklist"
ROWS = [
    {
        "key": name,
        "name": f"{name}.png",
        "side": "none",
        "probability": None,
        "quality": "waiting",
        "note": "",
        "status": "waiting",
        "signed": False,
        "synthetic": False,
    }
    for name in ("a", "b", "c")
]
MESSAGE = {
    "key": "list",
    "height": 300,
    "operatingPoint": 0.5,
    "heard": 0,
    "selected": None,
    "rows": ROWS,
}

# What the page does to a component, over a module that is loaded as the page loads it.
STAGE = """async ([module, html]) => {
  const blob = new Blob([module], { type: "text/javascript" });
  const call = (await import(URL.createObjectURL(blob))).default;
  const host = document.createElement("div");
  document.body.append(host);
  const parentElement = host.attachShadow({ mode: "open" });
  parentElement.innerHTML = html;
  const said = [];
  const setStateValue = (name, value) => said.push(value);
  globalThis.stage = {
    host, said, parentElement,
    call: data => call({ key: "list", data, parentElement, setStateValue }),
  };
}"""
NAMES = """() => [...stage.parentElement.querySelectorAll("[role=option] .name")]
  .map(node => node.textContent)"""
LONGER_THAN_OVERTAKEN = 1300


def script(folder: Path, *names: str) -> str:
    return "\n".join(path.read_text("utf-8") for path in (*SHARED, *(folder / n for n in names)))


@pytest.fixture
def worklist(page: Page) -> Page:
    html = (WORKLIST / "worklist.html").read_text("utf-8")
    page.evaluate(STAGE, [script(WORKLIST, "words.js", "worklist.js"), html])
    return page


def play(page: Page, steps: str) -> None:
    page.evaluate(f"message => {{ {steps} }}", MESSAGE)


@pytest.mark.parametrize(
    "steps",
    [
        "const first = stage.call(message); stage.call(message); first();",
        "const first = stage.call(message); first(); stage.call(message);",
        "stage.call(message); const second = stage.call(message); second(); stage.call(message);",
    ],
    ids=["cleaned up after the newer call", "before the newer call", "in the middle"],
)
def test_a_cleanup_of_an_overtaken_call_neither_closes_nor_doubles(
    worklist: Page, steps: str
) -> None:
    play(worklist, steps)
    worklist.wait_for_timeout(LONGER_THAN_OVERTAKEN)
    play(worklist, "stage.call(message);")
    assert worklist.evaluate(NAMES) == ["a.png", "b.png", "c.png"]
    worklist.keyboard.press("j")
    worklist.wait_for_function("() => stage.said.length > 0")
    worklist.wait_for_timeout(300)
    assert worklist.evaluate("() => stage.said") == [{"film": "a", "number": 1}]


def test_a_component_that_left_the_page_is_closed_at_once_and_opens_again(worklist: Page) -> None:
    play(worklist, "const last = stage.call(message); stage.host.remove(); last();")
    worklist.keyboard.press("j")
    worklist.wait_for_timeout(300)
    assert worklist.evaluate("() => stage.said") == []
    play(worklist, "document.body.append(stage.host); stage.call(message);")
    assert worklist.evaluate(NAMES) == ["a.png", "b.png", "c.png"]
    worklist.keyboard.press("j")
    worklist.wait_for_function("() => stage.said.length === 1")


def test_a_component_that_is_not_called_again_closes_although_its_place_stays(
    worklist: Page,
) -> None:
    play(worklist, "stage.call(message)();")
    worklist.wait_for_timeout(LONGER_THAN_OVERTAKEN)
    assert worklist.evaluate(NAMES) == []
    worklist.keyboard.press("j")
    worklist.wait_for_timeout(300)
    assert worklist.evaluate("() => stage.said") == []


def test_another_language_opens_a_component_with_its_markup_in_that_language(
    worklist: Page,
) -> None:
    names = """() => [".worklist [data-step='1']", "template"].map(place => {
      const node = stage.parentElement.querySelector(place);
      return node.ariaLabel ?? node.content.querySelector(".drawn").textContent;
    })"""
    spanish = {"Next film": ["Radiografía siguiente"], "synthetic": ["sintética"]}
    speak = f"{{ ...message, language: 'es', translations: {json.dumps(spanish)} }}"
    english = "{ ...message, language: 'en', translations: {} }"
    said = []
    for data in (english, speak, english):
        play(worklist, f"stage.call({data});")
        said.append(worklist.evaluate(names))
        assert worklist.evaluate(NAMES) == ["a.png", "b.png", "c.png"]
    assert said == [
        ["Next film", "synthetic"],
        ["Radiografía siguiente", "sintética"],
        ["Next film", "synthetic"],
    ]


def test_an_overtaken_carrier_keeps_the_thumbnails_on_the_shelf(page: Page) -> None:
    page.evaluate(STAGE, [script(WORKLIST, "thumbnails.js"), ""])
    header = json.dumps({"list": "list", "thumbnails": [["a", 7, 3]]}).encode()
    message = [*len(header).to_bytes(4, "little"), *header, 1, 2, 3]
    kept = page.evaluate(
        """async ([bytes, wait]) => {
          const message = new Uint8Array(bytes);
          const first = stage.call(message);
          stage.call(message);
          first();
          await new Promise(done => setTimeout(done, wait));
          const { lists } = globalThis[Symbol.for("first-read.thumbnails")];
          return [...lists.get("list").keys()];
        }""",
        [message, LONGER_THAN_OVERTAKEN],
    )
    assert kept == ["a"]
