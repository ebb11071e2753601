"""The questions that the view asks before it acts: choose one, type a line, say yes. Escape cancels each.

Each returns what the person said, or None; it acts on nothing and knows no incident. A screen must not await
its own end, so what `dismiss` returns is let go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

FRAME_LINES = 4
"""Of a text to read: its border, the keys and the blank line above them."""

CSS = """
ChooseOne, TypeLine, SayYes, ReadText { align: center middle; }
.dialog { width: 76; max-width: 96%; height: auto; max-height: 90%; border: solid $accent; padding: 0 1; }
.dialog Static { height: auto; }
.dialog OptionList { height: auto; max-height: 14; border: none; background: transparent; }
.dialog .text { height: auto; }
.dialog .about { margin-bottom: 1; }
.dialog .keys { margin-top: 1; color: $text-muted; }
"""


class ChooseOne(ModalScreen[str | None]):
    """The id of one of `options`, (id, words)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False)]

    def __init__(self, about: Text, question: str, options: Sequence[tuple[str, str]], keys: str) -> None:
        super().__init__()
        self._about, self._question, self._options, self._keys = about, question, options, keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._about, classes="about")
            yield Static(Text(self._question, style="bold"))
            yield OptionList(*(Option(Text(words), id=name) for name, words in self._options))
            yield Static(Text(self._keys), classes="keys")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        _ = self.dismiss(event.option_id)


class TypeLine(ModalScreen[str | None]):
    """One line of at most `chars_max` characters, without the blanks around it; never empty."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False)]

    def __init__(self, about: Text, question: str, chars_max: int, keys: str) -> None:
        super().__init__()
        self._about, self._question, self._chars_max, self._keys = about, question, chars_max, keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._about, classes="about")
            yield Static(Text(self._question, style="bold"))
            yield Input(max_length=self._chars_max)
            yield Static(Text(self._keys), classes="keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if line := event.value.strip():
            _ = self.dismiss(line)


class SayYes(ModalScreen[bool]):
    """True for the yes key alone: Enter, pressed once too often, must not send."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,n", "no", show=False)]

    def __init__(self, about: Text, question: str, yes_key: str, keys: str) -> None:
        super().__init__()
        self._about, self._question, self._yes_key, self._keys = about, question, yes_key, keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._question, style="bold"))
            yield Static(self._about, classes="about")
            yield Static(Text(self._keys), classes="keys")

    def on_key(self, event: object) -> None:
        if getattr(event, "character", None) == self._yes_key:
            _ = self.dismiss(True)

    def action_no(self) -> None:
        _ = self.dismiss(False)


class ReadText(ModalScreen[None]):
    """A text to read; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter,question_mark,h", "dismiss", show=False)]

    def __init__(self, lines: Sequence[Text], keys: str) -> None:
        super().__init__()
        self._lines, self._keys = lines, keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            with VerticalScroll(classes="text"):
                yield Static(Text("\n").join(self._lines))
            yield Static(Text(self._keys), classes="keys")

    def on_resize(self, event: events.Resize) -> None:
        """The line that says how to get back stays in sight, however long the text is."""
        room = event.size.height * 9 // 10 - FRAME_LINES
        self.query_one(".text").styles.max_height = max(1, room)
