"""How figures stand in tables."""

import pytest

from core.language.current import using
from ui.components.figures import dimmed


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        ("0.50 (0.09 to 0.91, n = 2)", "0.50 :gray[(0.09 to 0.91, n\u00a0=\u00a02)]"),
        ("3 s", "3 s"),
        ("needs two films of each kind", "needs two films of each kind"),
        ("none (n = 0)", "none (n = 0)"),
    ],
    ids=["rate", "time", "words", "no rate"],
)
def test_only_an_interval_is_dimmed(figure: str, shown: str) -> None:
    assert dimmed(figure) == shown
    with using("es"):
        assert dimmed(figure.replace(".", ",")) == shown.replace(".", ",")
