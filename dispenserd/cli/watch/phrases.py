"""The view's own texts, in both languages: what stands around the codes that `oncall.words` puts in words.

A field without a text in one of them does not type-check. `{}` is filled by whoever says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dispenserd.oncall.words.commands import REFUSES
from dispenserd.oncall.words.language import Language


@dataclass(frozen=True, slots=True)
class Phrases:
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    part: str
    in_time: str  # "in 9 min"
    late: str  # "LATE 9 min"
    days: str
    hours: str
    short_hours: str
    last_heard: str
    nobody: str
    me: str
    own: str  # mark of on-call's own incidents
    undelivered: str
    # the head
    title: str
    open_count: str
    late_count: str
    unowned_count: str
    mine_only: str
    muted: str
    more_rows: str
    too_small: str
    read_at: str
    # what may be wrong
    blind: str
    slow: str
    not_running: str
    never_ran: str
    no_broker: str
    refuses: str
    reads_again: str
    # nothing to show
    quiet: str
    heard: str
    not_all_heard: str
    no_homes: str
    none_mine: str
    can_not_know: str
    # homes
    homes: str
    since: str
    next_window: str
    window_open: str
    last_test: str
    all_alive: str
    more_troubled: str
    forgotten: str
    called: str
    from_home: str
    # one incident
    why: str
    owner: str
    by_hand: str
    due: str
    outcome_due: str
    age: str
    next: str
    history: str
    last_said: str
    select_one: str
    gone: str
    # what changed
    new: str
    rose: str
    became_late: str
    closed: str
    taken_by: str
    let_go: str
    you_may_give: str
    accepted: str
    refused: str
    unanswered: str
    now_is: str
    was: str
    # next steps
    step_take: str
    step_asked: str
    step_confirmed_me: str
    step_confirmed_other: str
    step_mine_dose: str
    step_mine: str
    step_other: str
    step_handled: str
    # acting
    sent_take: str
    sent_take_plain: str
    sent_close: str
    sent_decide: str
    cancelled: str
    nothing_sent: str
    not_stored: str
    choose_verdict: str
    choose_resolution: str
    other_code: str
    type_code: str
    type_reason: str
    only_confirmed: str
    confirm_decide: str
    confirm_close: str
    yes_no: str
    yes_key: str
    yes: str
    no: str
    you_say: str
    because: str
    busy: str
    mute_on: str
    mute_off: str
    # keys
    keys: str
    keys_narrow: str
    help: tuple[str, ...]
    help_close: str
    dialog_keys: str
    type_keys: str


DANISH = Phrases(
    weekdays=("man.", "tirs.", "ons.", "tors.", "fre.", "lør.", "søn."),
    months=("jan.", "feb.", "mar.", "apr.", "maj", "jun.", "jul.", "aug.", "sep.", "okt.", "nov.", "dec."),
    part="del",
    in_time="om {}",
    late="FOR SENT {}",
    days="{} dage",
    hours="{} t {:02d} min",
    short_hours="{}t{:02d}",
    last_heard="sidst: {}",
    nobody="ingen",
    me="DIG",
    own="vagten",
    undelivered="ikke leveret",
    title="Vagt",
    open_count="{} åbne",
    late_count="{} FOR SENT",
    unowned_count="{} uden ejer",
    mine_only="kun mine og nye høje",
    muted="lyd fra til {}",
    more_rows="flere: {} over, {} under",
    too_small="VINDUET ER FOR LILLE ({} x {}): noget vises ikke. Gør det mindst 80 x 24.",
    read_at="læst {}",
    blind="KAN IKKE LÆSE VAGTENS DATABASE. Listen er fra {} og kan være forkert. Ring til administratoren.",
    slow="Databasen svarer ikke endnu. Listen er fra {}.",
    not_running="VAGTPROCESSEN KØRER IKKE (intet livstegn i {}). Nye hændelser kommer ikke frem. "
    "Ring til administratoren.",
    never_ran="VAGTPROCESSEN KØRER IKKE. Nye hændelser kommer ikke frem. Start 'dispenserd oncall run'.",
    no_broker="VAGTEN HAR INGEN FORBINDELSE TIL HJEMMENE. Nye hændelser kommer ikke frem. "
    "Ring til administratoren, hvis det varer ved.",
    refuses=REFUSES.da,
    reads_again="Databasen kan læses igen.",
    quiet="Ingen åbne hændelser siden {}, så længe der er set efter.",
    heard="{} af {} hjem høres.",
    not_all_heard="{} af {} hjem høres IKKE. Stilhed betyder ikke, at alt er godt.",
    no_homes="Intet hjem har meldt sig endnu. Stilhed betyder ikke, at alt er godt.",
    none_mine="Ingen er dine. {} andre er åbne: tryk f for at se alle.",
    can_not_know="Listen er tom, men nye hændelser ville ikke stå her. Ring til hjemmene.",
    homes="Hjem",
    since="siden",
    next_window="næste {}",
    window_open="dosis nu",
    last_test="prøve {}",
    all_alive="{} hjem i live",
    more_troubled="{} flere skal ses til: tryk h",
    forgotten="UAFSLUTTET",
    called="Kaldt",
    from_home="hjemmet: {}",
    why="Hvorfor",
    owner="Ejer",
    by_hand="Ret til at give",
    due="Frist",
    outcome_due="Skal være afsluttet",
    age="{} gammel",
    next="NU",
    history="Forløb",
    last_said="Sidst",
    select_one="Vælg en hændelse med piletasterne.",
    gone="Den, du så på, er ikke åben mere. Vælg en anden med piletasterne.",
    new="NY",
    rose="STEGET TIL {}",
    became_late="FOR SENT",
    closed="Lukket",
    taken_by="{} har taget den",
    let_go="{} har den ikke mere",
    you_may_give="Bekræftet af hjemmet: du må give dosis i hånden",
    accepted="Hjemmet har bekræftet",
    refused="AFVIST",
    unanswered="HJEMMET SVAREDE IKKE, det gælder ikke",
    now_is="Nu",
    was="før",
    step_take="Tryk t, hvis du tager den.",
    step_asked="Vent. Hjemmet har ikke bekræftet endnu. Giv intet i hånden.",
    step_confirmed_me="Du må give dosis i hånden. Bagefter: tryk d og sig, hvad der skete.",
    step_confirmed_other="{} må give dosis i hånden. Giv intet uden at tale sammen.",
    step_mine_dose="Den er din. Giv intet i hånden: hjemmet har ikke givet dig retten til det.",
    step_mine="Den er din. Gør det, der skal til, og luk den med c.",
    step_other="{} har den. Ring, før du gør noget.",
    step_handled="Den er behandlet og venter på at blive lukket.",
    sent_take="Sendt: du tager den. Giv intet i hånden, før hjemmet har bekræftet.",
    sent_take_plain="Sendt: du tager den.",
    sent_close="Sendt: luk, {}. Gælder, når hjemmet har bekræftet.",
    sent_decide="Sendt: {}. Gælder, når hjemmet har bekræftet.",
    cancelled="Fortrudt. Intet er sendt.",
    nothing_sent="Intet er sendt.",
    not_stored="IKKE GEMT, intet er sendt: {}. Prøv igen.",
    choose_verdict="Hvad er der sket med dosis?",
    choose_resolution="Hvordan blev den løst?",
    other_code="anden kode ...",
    type_code="Kode (små bogstaver, tal og _):",
    type_reason="Begrundelse (kort, uden navn på borgeren):",
    only_confirmed="kun når hjemmet har bekræftet, at du må",
    confirm_decide="Er det rigtigt?",
    confirm_close="Luk hændelsen?",
    yes_no="j = ja, send    n eller Esc = nej, fortryd",
    yes_key="j",
    yes="ja, send",
    no="nej, fortryd",
    you_say="Du siger",
    because="Fordi",
    busy="Vent: det, du bad om før, er ikke færdigt.",
    mute_on="Lyden er slået fra til {}. Farverne bliver.",
    mute_off="Lyden er slået til.",
    keys="t tag   d afgør dosis   c luk   f mine/alle   m lyd fra   h hjem   ? hjælp   q afslut",
    keys_narrow="t tag  d dosis  c luk  f mine  m lyd  h hjem  ? hjælp  q afslut",
    help=(
        "pil op/ned   vælg hændelse          PgUp/PgDn   rul i teksten nedenfor",
        "t   tag hændelsen: den er din med det samme",
        "    retten til at give i hånden kommer først, når hjemmet har bekræftet",
        "d   afgør om dosis: givet, har fået den, ikke givet, kasseres",
        "c   luk hændelsen med en løsning",
        "f   vis kun mine (og nye høje) / vis alle",
        "m   lyden fra i 10 minutter, eller til igen",
        "h   alle hjem: i live eller ukendt siden hvornår",
        "q   afslut     Ctrl-C   afbryd",
        "",
        "Klokken lyder ved en ny HØJ, når en stiger til HØJ, når en bliver for sent,",
        "og når listen ikke længere kan læses.",
        "I tvivl: giv intet i hånden, før posen er fundet, og hjemmet har bekræftet.",
    ),
    help_close="Esc = tilbage",
    dialog_keys="pil op/ned og Enter = vælg    Esc = fortryd",
    type_keys="Enter = videre    Esc = fortryd",
)

ENGLISH = Phrases(
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    part="part",
    in_time="in {}",
    late="LATE {}",
    days="{} days",
    hours="{} h {:02d} min",
    short_hours="{}h{:02d}",
    last_heard="last: {}",
    nobody="nobody",
    me="YOU",
    own="on-call",
    undelivered="undelivered",
    title="On call",
    open_count="{} open",
    late_count="{} LATE",
    unowned_count="{} unowned",
    mine_only="mine and new high ones only",
    muted="bell off until {}",
    more_rows="more: {} above, {} below",
    too_small="THE WINDOW IS TOO SMALL ({} x {}): something is not shown. Make it at least 80 x 24.",
    read_at="read {}",
    blind="CAN'T READ ON-CALL'S DATABASE. The list is of {} and may be wrong. Call the administrator.",
    slow="The database does not answer yet. The list is of {}.",
    not_running="THE ON-CALL PROCESS DOES NOT RUN (no sign of life for {}). New incidents do not arrive. "
    "Call the administrator.",
    never_ran="THE ON-CALL PROCESS DOES NOT RUN. New incidents do not arrive. Start 'dispenserd oncall run'.",
    no_broker="ON-CALL HAS NO CONNECTION TO THE HOMES. New incidents do not arrive. "
    "Call the administrator if it lasts.",
    refuses=REFUSES.en,
    reads_again="The database can be read again.",
    quiet="No open incidents since {}, as long as this view has looked.",
    heard="{} of {} homes are heard.",
    not_all_heard="{} of {} homes are NOT heard. Silence does not mean that all is well.",
    no_homes="No home has been heard yet. Silence does not mean that all is well.",
    none_mine="None is yours. {} others are open: press f to see all.",
    can_not_know="The list is empty, but new incidents would not stand here. Call the homes.",
    homes="Homes",
    since="since",
    next_window="next {}",
    window_open="dose now",
    last_test="test {}",
    all_alive="{} homes alive",
    more_troubled="{} more need a look: press h",
    forgotten="NO OUTCOME",
    called="Called",
    from_home="the home: {}",
    why="Why",
    owner="Owner",
    by_hand="Right to give",
    due="Due",
    outcome_due="Outcome due",
    age="{} old",
    next="NOW",
    history="History",
    last_said="Last",
    select_one="Choose an incident with the arrow keys.",
    gone="The one you looked at is open no more. Choose another with the arrow keys.",
    new="NEW",
    rose="ROSE TO {}",
    became_late="LATE",
    closed="Closed",
    taken_by="{} has taken it",
    let_go="{} has it no more",
    you_may_give="Confirmed by the home: you may give the dose by hand",
    accepted="The home has confirmed",
    refused="REFUSED",
    unanswered="THE HOME DID NOT ANSWER, it does not count",
    now_is="Now",
    was="was",
    step_take="Press t if you take it.",
    step_asked="Wait. The home has not confirmed yet. Give nothing by hand.",
    step_confirmed_me="You may give the dose by hand. Afterwards press d and say what happened.",
    step_confirmed_other="{} may give the dose by hand. Give nothing without talking to them.",
    step_mine_dose="It is yours. Give nothing by hand: the home has not given you the right to.",
    step_mine="It is yours. Do what it needs and close it with c.",
    step_other="{} has it. Call them before you do anything.",
    step_handled="It has been dealt with and waits to be closed.",
    sent_take="Sent: you take it. Give nothing by hand before the home has confirmed.",
    sent_take_plain="Sent: you take it.",
    sent_close="Sent: close, {}. It counts once the home has confirmed.",
    sent_decide="Sent: {}. It counts once the home has confirmed.",
    cancelled="Cancelled. Nothing was sent.",
    nothing_sent="Nothing was sent.",
    not_stored="NOT STORED, nothing was sent: {}. Try again.",
    choose_verdict="What happened to the dose?",
    choose_resolution="How was it resolved?",
    other_code="another code ...",
    type_code="Code (lower case, digits and _):",
    type_reason="Reason (short, without the resident's name):",
    only_confirmed="only if the home has confirmed that you may",
    confirm_decide="Is this right?",
    confirm_close="Close the incident?",
    yes_no="y = yes, send    n or Esc = no, cancel",
    yes_key="y",
    yes="yes, send",
    no="no, cancel",
    you_say="You say",
    because="Because",
    busy="Wait: what you asked for before is not done yet.",
    mute_on="The bell is off until {}. The colours stay.",
    mute_off="The bell is on.",
    keys="t take   d decide dose   c close   f mine/all   m mute   h homes   ? help   q quit",
    keys_narrow="t take  d dose  c close  f mine  m mute  h homes  ? help  q quit",
    help=(
        "arrows   choose an incident          PgUp/PgDn   scroll the text below",
        "t   take the incident: it is yours at once",
        "    the right to give by hand comes only when the home has confirmed it",
        "d   decide about the dose: given, had it, seen, not given, discard",
        "c   close the incident with a resolution",
        "f   show mine (and new high ones) only / show all",
        "m   bell off for 10 minutes, or on again",
        "h   all homes: alive, or unknown since when",
        "q   quit     Ctrl-C   interrupt",
        "",
        "The bell rings for a new HIGH, when one rises to HIGH, when one becomes late,",
        "and when the list can no longer be read.",
        "In doubt: give nothing by hand before the sachet is found and the home has confirmed.",
    ),
    help_close="Esc = back",
    dialog_keys="arrows and Enter = choose    Esc = cancel",
    type_keys="Enter = go on    Esc = cancel",
)

PHRASES: Mapping[Language, Phrases] = {"da": DANISH, "en": ENGLISH}
