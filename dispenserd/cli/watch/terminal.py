"""The live view on a terminal: draws what the pure modules say, and turns keys into acts at the desk.

Looks and acts happen in threads, so that a locked database never freezes the screen. An act names the
incident and the revision that were on the screen when its key was pressed, whatever the list does meanwhile.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual import events, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dispenserd.cli.options import REASON_CHARS_MAX
from dispenserd.cli.watch import acting, board
from dispenserd.cli.watch.acting import Outcome
from dispenserd.cli.watch.close_up import close_up
from dispenserd.cli.watch.dialogs import CSS, ChooseOne, ReadText, SayYes, TypeLine
from dispenserd.cli.watch.incident import Incident
from dispenserd.cli.watch.night import Night, Note, chose, filtered, health, looked, muted, noted
from dispenserd.cli.watch.reading import Office
from dispenserd.cli.watch.telling import Line, Role, Voice

LOOK_EVERY_S = 1.0
"""Colleagues see each other's takes within two looks."""

BESIDE_COLUMNS = 150
"""From here on the chosen incident stands beside the list instead of below it."""

INTERRUPTED = 130
CODE_CHARS_MAX = 64

STYLES = {
    Role.PLAIN: "",
    Role.DIM: "dim",
    Role.TITLE: "bold",
    Role.HIGH: "bold #ff8080",
    Role.MEDIUM: "#ffd75f",
    Role.LOW: "#5fd7ff",
    Role.LATE: "bold #ffffff on #b3001b",
    Role.FAULT: "bold #ffffff on #b3001b",
    Role.GOOD: "bold #5fd75f",
    Role.NEXT: "bold",
    Role.NEVER: "bold #d7a6ff",
}
"""Not by name: in the theme behind the names red and magenta are one colour. Each can be read on the screen's
dark grey and on the chosen row's."""


class Watch(App[int]):
    ENABLE_COMMAND_PALETTE = False
    CSS = (
        CSS
        + """
    Screen { layout: vertical; }
    #head, #alarms, #notes, #homes, #keys { height: auto; padding: 0 1; }
    #alarms { background: #b3001b; color: #ffffff; text-style: bold; }
    #list > .option-list--option-highlighted, #list:focus > .option-list--option-highlighted {
        background: #3a3a3a;
    }
    #body { height: 1fr; layout: vertical; }
    #body.beside { layout: horizontal; }
    #list, #nothing { height: 2fr; min-height: 4; border: none; padding: 0; }
    #nothing { padding: 1 1; }
    #scroll { height: 3fr; max-height: 16; border-top: solid $accent; padding: 0 1; }
    #scroll { border-title-align: right; border-title-color: $text; border-title-style: bold; }
    .beside #list { border-bottom: solid $accent; }
    #list { text-wrap: nowrap; text-overflow: ellipsis; }
    #list { border-subtitle-color: $text; border-subtitle-style: bold; }
    .beside #list, .beside #nothing { width: 3fr; height: 1fr; }
    .beside #scroll { width: 2fr; height: 1fr; max-height: 100%; }
    .beside #scroll { border-top: none; border-left: solid $accent; }
    #close_up { height: auto; }
    #homes { max-height: 4; }
    #keys { color: $text-muted; height: 1; }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", priority=True, show=False),
        Binding("q", "leave", show=False),
        Binding("t", "take", show=False),
        Binding("d", "decide", show=False),
        Binding("c", "close_incident", show=False),
        Binding("f", "filter", show=False),
        Binding("m", "mute", show=False),
        Binding("h", "homes", show=False),
        Binding("question_mark,f1", "help", show=False),
        Binding("pagedown", "scroll_text(1)", priority=True, show=False),
        Binding("pageup", "scroll_text(-1)", priority=True, show=False),
    ]

    def __init__(self, office: Office, voice: Voice) -> None:
        super().__init__()
        self._office, self._voice = office, voice
        self._night = Night()
        self._looking = False
        self._acting = False
        self._drawn: list[str] = []  # keys of the rows in the list, in its order
        self._placed: int | None = None  # the row that was chosen when it was drawn

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        yield Static(id="alarms")
        with Container(id="body"):
            yield OptionList(id="list")
            yield Static(id="nothing")
            with VerticalScroll(id="scroll", can_focus=False):
                yield Static(id="close_up")
        yield Static(id="notes")
        yield Static(id="homes")
        yield Static(id="keys")

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self.exit, INTERRUPTED)
        loop.add_signal_handler(signal.SIGTERM, self.exit, 0)
        self._list.focus()
        self._look()
        self.set_interval(LOOK_EVERY_S, self._tick)

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#body").set_class(event.size.width >= BESIDE_COLUMNS, "beside")
        self.call_after_refresh(self._draw)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_list is self._list:
            self._draw()

    def _set_pointer_shape(self, shape: str) -> None:
        """The mouse keeps its shape: asking for one ends in the byte that is the bell."""

    # --- looking ---

    def _tick(self) -> None:
        self._draw()
        if not self._looking:
            self._look()

    @work(group="look")
    async def _look(self) -> None:
        self._looking = True
        try:
            look = await asyncio.to_thread(self._office.look)
        finally:
            self._looking = False
        self._night, rings = looked(self._night, look, self._now(), self._voice)
        for _ in range(rings):
            self.bell()
        self._draw()

    # --- drawing ---

    @property
    def _list(self) -> OptionList:
        return self.screen_stack[0].query_one("#list", OptionList)

    def _static(self, name: str) -> Static:
        return self.screen_stack[0].query_one(name, Static)

    def _draw(self) -> None:
        self._follow()
        night, voice, now = self._night, self._voice, self._now()
        if night.seen is None and not night.fault:
            return  # nothing was read yet: nothing to say
        how = health(night, self._office.clock.monotonic())
        _fill(
            self._static("#head"),
            [board.head(night.incidents, how, voice, now, night.mine_only, night.bell.muted_until)],
        )
        size = self.size
        _fill(self._static("#alarms"), [*board.alarms(how, voice), *board.too_small(*size, voice)])
        listed = night.listed(voice.me)
        self._list.display = bool(listed)
        self._static("#nothing").display = not listed
        if listed:
            self._draw_list(listed)
        else:
            self._drawn, self._placed = [], None
            self._list.clear_options()
            homes = night.seen.homes if night.seen else []
            _fill(
                self._static("#nothing"),
                board.nothing(night.incidents, homes, how, night.quiet_since, voice, now),
            )
        self._draw_chosen()
        notes = [
            ((f"{voice.clock(note.at, seconds=True)} ", Role.DIM), (note.text, note.role))
            for note in night.notes
        ]
        _fill(self._static("#notes"), notes)
        homes = night.seen.homes if night.seen else []
        _fill(self._static("#homes"), board.homes_below(homes, voice, now, size.height))
        keys = (
            voice.phrases.keys if self.size.width > len(voice.phrases.keys) + 2 else voice.phrases.keys_narrow
        )
        self._static("#keys").update(Text(keys, no_wrap=True))

    def _draw_list(self, listed: list[Incident]) -> None:
        """The rows where they stand, so that neither choice nor scrolling jumps."""
        shown, now = self._list, self._now()
        width = max(20, shown.scrollable_content_region.width - 2)
        chosen, home_width = self._night.chosen, board.home_chars(listed, width)
        rows = {
            each.key: _text(board.line(each, self._voice, now, width, each.key == chosen, home_width))
            for each in listed
        }
        keys = list(rows)
        if keys == self._drawn:
            for at, row in enumerate(rows.values()):
                if shown.get_option_at_index(at).prompt != row:
                    shown.replace_option_prompt_at_index(at, row)
        else:
            scrolled = shown.scroll_y
            self._drawn = keys
            with self.prevent(OptionList.OptionHighlighted):
                shown.set_options(Option(row, id=key) for key, row in rows.items())
            shown.scroll_to(y=scrolled, animate=False)
        place = keys.index(chosen) if chosen in rows else None
        self._placed = place
        if shown.highlighted != place:
            with self.prevent(OptionList.OptionHighlighted):
                shown.highlighted = place
        self.call_after_refresh(self._count_hidden, shown)

    def _count_hidden(self, shown: OptionList) -> None:
        """Said on the line below the list: a scroll bar alone is easily overlooked."""
        if not shown.is_attached:
            return  # the view has ended meanwhile
        above, seen = round(shown.scroll_y), shown.scrollable_content_region.height
        hidden = board.more_rows(above, len(self._drawn) - above - seen, self._voice)
        shown.border_subtitle = hidden
        self.screen_stack[0].query_one("#scroll").border_title = hidden

    def _draw_chosen(self) -> None:
        chosen, say = self._night.chosen_one(), self._voice.phrases
        if chosen is not None:
            lines = close_up(chosen, self._voice, self._now())
        else:
            text = say.gone if self._night.lost else say.select_one if self._drawn else ""
            lines = [((text, Role.MEDIUM),)]
        _fill(self._static("#close_up"), lines, hide=False)

    def _say(self, text: str, role: Role = Role.PLAIN) -> None:
        self._night = noted(self._night, Note(self._now(), text, role))
        self._draw()

    def _now(self) -> datetime:
        return self._office.clock.now()

    # --- keys ---

    def action_interrupt(self) -> None:
        self.exit(INTERRUPTED)

    def action_leave(self) -> None:
        self.exit(0)

    def action_filter(self) -> None:
        self._night = filtered(self._night, self._voice.me)
        self._draw()

    def action_mute(self) -> None:
        self._night = muted(self._night, self._now(), self._voice)
        self._draw()

    def action_scroll_text(self, pages: int) -> None:
        scroll = self.screen.query(VerticalScroll).first()  # of a question or a text, where one is open
        (scroll.scroll_page_down if pages > 0 else scroll.scroll_page_up)(animate=False)

    async def action_help(self) -> None:
        say = self._voice.phrases
        await self.push_screen(ReadText([Text(line) for line in say.help], say.help_close))

    async def action_homes(self) -> None:
        homes = self._night.seen.homes if self._night.seen else []
        lines = [_text(line) for line in board.all_homes(homes, self._voice, self._now())]
        say = self._voice.phrases
        await self.push_screen(ReadText(lines or [Text(say.no_homes)], say.help_close))

    def action_take(self) -> None:
        self._do(self._take)

    def action_decide(self) -> None:
        self._do(self._decide)

    def action_close_incident(self) -> None:
        self._do(self._close)

    def _do(self, act: Callable[[Incident], Awaitable[None]]) -> None:
        """One act at a time, about the incident as it stands on the screen when its key is pressed."""
        self._follow()
        chosen, say = self._night.chosen_one(), self._voice.phrases
        if self._acting:
            self._say(say.busy, Role.MEDIUM)
        elif chosen is None:
            self._say(say.gone if self._night.lost else say.select_one, Role.MEDIUM)
        else:
            self._acting = True
            self._carry_out(act, chosen)

    def _follow(self) -> None:
        """An arrow has moved the list before it says so: a key in one piece with it, or a look in between,
        must find the row where the person is."""
        place = self._list.highlighted
        if place is not None and place != self._placed and place < len(self._drawn):
            self._night, self._placed = chose(self._night, self._drawn[place]), place

    @work(group="act")
    async def _carry_out(self, act: Callable[[Incident], Awaitable[None]], chosen: Incident) -> None:
        try:
            await act(chosen)
        finally:
            self._acting = False

    async def _take(self, seen: Incident) -> None:
        say = self._voice.phrases
        outcome = await asyncio.to_thread(self._office.take, seen, self._voice.me)
        self._told(seen, outcome, say.sent_take if seen.dose else say.sent_take_plain)

    async def _decide(self, seen: Incident) -> None:
        voice, say = self._voice, self._voice.phrases
        about = _text(acting.about(seen, voice))
        if not seen.dose:
            self._say(acting.refused("no_dose", voice), Role.FAULT)
            return
        asked = ChooseOne(about, say.choose_verdict, acting.verdicts(voice), say.dialog_keys)
        verdict = acting.verdict(await self.push_screen_wait(asked))
        reason = await self._typed(about, say.type_reason, REASON_CHARS_MAX) if verdict else None
        sure = say.confirm_decide
        if (
            verdict is None
            or reason is None
            or not await self._sure(acting.about_decision(seen, verdict, reason, voice), sure)
        ):
            self._say(say.cancelled)
            return
        outcome = await asyncio.to_thread(self._office.decide, seen, voice.me, verdict, reason)
        self._told(seen, outcome, say.sent_decide.format(acting.verdict_words(verdict, voice)))

    async def _close(self, seen: Incident) -> None:
        voice, say = self._voice, self._voice.phrases
        about = _text(acting.about(seen, voice))
        asked = ChooseOne(about, say.choose_resolution, acting.resolutions(voice), say.dialog_keys)
        code = await self.push_screen_wait(asked)
        if code == acting.TYPED:
            code = await self._typed(about, say.type_code, CODE_CHARS_MAX)
        if not code or not await self._sure(acting.about_closing(seen, code, voice), say.confirm_close):
            self._say(say.cancelled)
            return
        outcome = await asyncio.to_thread(self._office.close, seen, voice.me, code)
        self._told(seen, outcome, say.sent_close.format(acting.resolution_words(code, voice)))

    async def _typed(self, about: Text, question: str, chars_max: int) -> str | None:
        asked = TypeLine(about, question, chars_max, self._voice.phrases.type_keys)
        return await self.push_screen_wait(asked)

    async def _sure(self, about: list[Line], question: str) -> bool:
        say = self._voice.phrases
        text = Text("\n").join(_text(line) for line in about)
        asked = SayYes(text, question, say.yes_key, say.yes_no)
        return await self.push_screen_wait(asked) is True

    def _told(self, seen: Incident, outcome: Outcome, sent: str) -> None:
        text, role = acting.told(seen, outcome, sent, self._voice)
        self._say(text, role)
        if not self._looking:
            self._look()


def _text(line: Line) -> Text:
    return Text.assemble(*((text, STYLES[role]) for text, role in line))


def _fill(widget: Static, lines: Iterable[Line], hide: bool = True) -> None:
    """Without lines the widget takes no room."""
    texts = [_text(line) for line in lines]
    widget.display = bool(texts) or not hide
    widget.update(Text("\n").join(texts))
