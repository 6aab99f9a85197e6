"""Query parameters of a page: read into a view, written from it, changed by its widgets.

What the address leaves out has a default; a wrong value becomes the default, with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

import streamlit as st

from core.language.words import msg, tr

View = TypeVar("View")
YES = "yes"


class WrongValue(ValueError):
    """Why a parameter's text is no value, as a clause that follows "which"."""

    def __init__(self, why: str, text: str | None = None, value: object = None) -> None:
        """Keep the part of the text that is wrong, and the value of the rest if it has one."""
        super().__init__(why)
        self.why, self.text, self.value = why, text, value


def as_text(value: object) -> str:
    """Return a value as addresses write it; empty for what is left out of them."""
    if value is None or isinstance(value, bool):
        return YES if value else ""
    if isinstance(value, list | tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Param:
    """One query parameter.

    Parameters
    ----------
    parse : callable
        From the text, the values read before it and what is offered to the value.
    default
        The value, or a callable from the values read before it and what is offered.
    instead : str
        The default in a sentence; its text where empty.
    field : str
        Where the view has the value, as "wanted.size"; the name where empty.
    needs : str
        The parameter without which this one is left out of the address.
    forgets : tuple of str
        Parameters that leave the address when a widget changes this one.
    """

    name: str
    parse: Callable[..., object]
    default: Any = None
    instead: str = ""
    field: str = ""
    text: Callable[[Any], str] = as_text
    needs: str = ""
    forgets: tuple[str, ...] = ()


def one_of(name: str, options: Any, default: Any = ..., **rest: Any) -> Param:
    """Return a choice of one; the first is the default. Options may depend on what is offered."""

    def parse(text: str, *known: Any) -> object:
        listed = list(_given(options, known))
        if text not in listed:
            raise WrongValue(msg("is not offered here"))
        return listed[listed.index(text)]

    def first(*known: Any) -> object:
        return next(iter(_given(options, known)))

    return Param(name, parse, first if default is ... else default, **rest)


def some_of(name: str, options: Any, default: Any, missing: str, **rest: Any) -> Param:
    """Return a choice of several, in the order of the options; the clause is for unknown ones."""

    def parse(text: str, *known: Any) -> tuple[str, ...]:
        listed, named = _given(options, known), [one for one in text.split(",") if one]
        unknown = [one for one in named if one not in listed]
        chosen = tuple(one for one in listed if one in named)
        if unknown or not chosen:
            why = missing if unknown else msg("are none")
            raise WrongValue(why, ",".join(unknown), chosen or None)
        return chosen

    return Param(name, parse, default, **rest)


def parse_number(text: str, least: float, most: float) -> float:
    """Return a number within limits.

    Raises
    ------
    WrongValue
        If it is none, or not within them.
    """
    try:
        value = float(text)
    except ValueError:
        value = most + 1.0
    if not least <= value <= most:
        raise WrongValue(msg("is not between {least:g} and {most:g}", least=least, most=most))
    return value


def word(name: str, default: str | None = "", **rest: Any) -> Param:
    """Return a parameter of free words."""
    return Param(name, lambda text, *_: text or default, default, **rest)


def flag(name: str, **rest: Any) -> Param:
    """Return a parameter that is set or not."""
    return Param(name, lambda text, *_: text == YES, False, **rest)


def _given(stated: Any, known: tuple[Any, ...]) -> Any:
    return stated(*known) if callable(stated) and not isinstance(stated, type) else stated


def complain(name: str, text: str, why: str, instead: str) -> str:
    """Return the sentence on a wrong value."""
    return tr(
        "The address names {name} {text!r}, which {why}. Shown instead: {instead}.",
        name=name,
        text=text[:40],
        why=tr(why),
        instead=tr(instead),
    )


def put(**texts: str) -> None:
    """Change parts of the address before the page runs; empty takes a part away."""
    for name, text in texts.items():
        if text:
            st.query_params[name] = text
        else:
            st.query_params.pop(name, None)


class QueryParams(Generic[View]):
    """All query parameters of a page, in the order in which they are read."""

    def __init__(self, page: str, build: Callable[..., View], *params: Param) -> None:
        """Take the word that the keys of the page's widgets begin with, and what makes the view."""
        self._page, self._build = page, build
        self._params = {param.name: param for param in params}

    def read(self, params: Mapping[str, str], *offered: Any) -> tuple[View, list[str]]:
        """Return the view that an address asks for, and a sentence on each wrong value."""
        values, complaints = SimpleNamespace(), []
        for name, param in self._params.items():
            text, value = params.get(name), None
            try:
                if text is not None:
                    value = param.parse(text, values, *offered)
                else:
                    value = _given(param.default, (values, *offered))
            except WrongValue as wrong:
                value = wrong.value or _given(param.default, (values, *offered))
                shown_text = text if wrong.text is None else wrong.text
                shown = ", ".join(value) if isinstance(value, tuple) else as_text(value)
                instead = param.instead or shown or tr("none")
                complaints.append(complain(name, shown_text, wrong.why, instead))
            setattr(values, (param.field or name).rpartition(".")[2], value)
        return self._build(**vars(values)), complaints

    def write(self, view: View) -> dict[str, str]:
        """Return the query part of a view's address; what asks for nothing is left out."""
        texts = {
            name: param.text(attrgetter(param.field or name)(view))
            for name, param in self._params.items()
        }
        needs = {name: param.needs or name for name, param in self._params.items()}
        return {name: text for name, text in texts.items() if text and texts[needs[name]]}

    def go_to(self, view: View) -> None:
        """Put a view into the address."""
        address = self.write(view)
        if st.query_params.to_dict() != address:
            st.query_params.from_dict(address)

    def bind(self, view: View, name: str, words: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what binds a widget to a parameter; ``words`` where it knows only the labels."""
        value, key = attrgetter(self._params[name].field or name)(view), f"{self._page}-{name}"
        value = value.value if isinstance(value, Enum) else value  # else Streamlit wants the enum
        value = list(value) if isinstance(value, tuple) else value
        shown = value if words is None else words[value]
        if st.session_state.get(key, ...) != shown:  # else a click of meanwhile would be undone
            st.session_state[key] = shown
        return {"key": key, "on_change": self.take, "args": (name, words)}

    def take(self, name: str, words: Mapping[str, str] | None = None) -> None:
        """Put what a widget says into the address, before the page runs."""
        chosen, param = st.session_state[f"{self._page}-{name}"], self._params[name]
        if words is not None:
            chosen = next(one for one, label in words.items() if label == chosen)
        text = param.text(chosen)
        if text != st.query_params.get(name, ""):  # a widget that is gone speaks once more
            put(**dict.fromkeys(param.forgets, ""), **{name: text})

    def _take_listed(self, name: str, listed: Sequence[str]) -> None:
        """Take what is chosen; a label that has changed since it was shown comes as its words."""
        if st.session_state[f"{self._page}-{name}"] in (None, *listed):
            self.take(name)

    def select(
        self,
        view: View,
        label: str,
        name: str,
        options: Sequence[str] | Mapping[str, str],
        any_word: str | None = None,
        **rest: Any,
    ) -> None:
        """Draw a choice of one; ``any_word`` offers to ask for nothing."""
        words = options if isinstance(options, Mapping) else {}
        bound, listed = self.bind(view, name), list(options)
        value = st.session_state[bound["key"]]
        if value is not None and value not in listed:
            listed.append(value)  # as a tag that nobody uses any more
        bound |= {"on_change": self._take_listed, "args": (name, tuple(listed))}
        shown, memory = words.get(value, value), f"{bound['key']}-shown"
        if st.session_state.get(memory, shown) != shown:  # the browser would keep the old words
            st.session_state[bound["key"]] = value
        st.session_state[memory] = shown
        st.selectbox(
            label,
            listed,
            index=None if any_word else 0,
            placeholder=any_word,
            format_func=lambda one: words.get(one, one),
            **bound,
            **rest,
        )

    def segments(
        self, view: View, label: str, name: str, words: Mapping[str, str], **rest: Any
    ) -> None:
        """Draw a choice of one of a few, all of them in sight."""
        st.segmented_control(
            label,
            list(words),
            format_func=words.__getitem__,
            required=True,
            **self.bind(view, name),
            **rest,
        )
