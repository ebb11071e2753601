"""What on-call's commands say around the codes: `list`, `take`, `decide`, `close` and `roster` at a terminal.

`{}` is filled by whoever says it. `--json` and `--help` speak English, whatever the language.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.language import Said

HOME = Said("Hjem {}: {} siden {}", "Home {}: {} since {}")
REFUSES = Said(
    "VAGTEN KAN IKKE SKRIVE ({}). Nye hændelser kommer ikke frem, og intet kan tages. "
    "Ring til administratoren.",
    "ON-CALL CAN'T WRITE ({}). New incidents do not arrive, and nothing can be taken. "
    "Call the administrator.",
)
ABOUT = Said("hændelse {} i hjem {}", "incident {} of home {}")
ABOUT_OWN = Said("vagtens egen hændelse {}", "on-call's own incident {}")

# --- acts and their answers ---

WAITING = Said(
    "Venter op til {:g} s på svar fra hjem {} ...", "Waiting up to {:g} s for the answer of home {} ..."
)
ASKED = Said("Du beder om {}.", "Asked to own {}.")
OWNS = Said("Bekræftet: {} har den.", "Confirmed: {} owns it.")
"""By the home, or by on-call where the incident is its own."""
MAY_GIVE = Said("{} må give {} i hånden nu.", "{} may give {} by hand now.")
GIVE_NOTHING = Said(
    "Giv intet i hånden, før `dispenserd oncall list` siger: bekræftet: må give.",
    "Give nothing by hand before `dispenserd oncall list` says: confirmed: may give.",
)
RECORDED = Said("Registreret: {}, {}.", "Recorded: {}, {}.")
SENT = Said("Sendt: {}, {}, som den var i udgave {}.", "Sent: {}, {}, as of revision {}.")
CLOSED = Said("Lukket: {}, {}.", "Closed: {}, {}.")
SENT_CLOSE = Said("Sendt: luk {}, som den var i udgave {}.", "Sent: close {}, as of revision {}.")
LOOK_AGAIN = Said(
    "Gør nu: se `dispenserd oncall list`. Intet gælder, før hjemmet har bekræftet det.",
    "Do next: see `dispenserd oncall list`; nothing counts before the home has confirmed it.",
)
UNANSWERED: Mapping[str, Said] = {
    "waiting": Said(
        "Hjemmet har ikke svaret endnu: det gælder først, når det har.",
        "The home has not answered yet: it does not count until it has.",
    ),
    "expired": Said(
        "Hjemmet svarede ikke i tide: det gælder ikke.",
        "The home did not answer before the command expired: it does not count.",
    ),
}
FINDINGS: Mapping[str, Said] = {
    "given": Said("givet i hånden af {}", "given by hand by {}"),
    "had_it": Said("borgeren har fået den, siger {}", "the resident had it, says {}"),
    "witnessed": Said("set af {}", "seen by {}"),
    "not_given": Said("ingen har fået den, siger {}", "nobody had it, says {}"),
    "discard": Said("til det låste rum, besluttet af {}", "to the locked store, decided by {}"),
    "let_go": Said("posen er sluppet fri, siger {}", "the held sachet is let go, says {}"),
    "first_of_two": Said(
        "posen må slippes fri, siger {}. Intet er ændret, før en anden siger det samme inden 30 min",
        "the sachet may be let go, says {}. Nothing has changed before another person says so within 30 min",
    ),
}
"""What a person's word about a dose becomes in the record."""

# --- what could not be done ---

MEANS = Said("Det betyder: {}", "It means: {}")
DO_NEXT = Said("Gør nu: {}", "Do next: {}")
REFUSED = Said("Afvist: {}", "Refused: {}")
SEE = Said("Se `dispenserd {}`.", "See `dispenserd {}`.")
IT_IS_WITH = Said("Den er hos {}.", "It is with {}.")
NOTHING_ASKED = Said(
    "Intet er sendt til hjemmet, intet er ændret.", "Nothing was asked of the home, nothing was changed."
)
NO_SUCH = Said('Ingen hændelse hedder "{}".', 'No incident is named by "{}".')
NAME_IT = Said(
    "Skriv hændelsens id eller dens dosis; se `dispenserd oncall list`.",
    "Write the incident's id, or its dose; see `dispenserd oncall list`.",
)
SEVERAL = Said('"{}" passer på flere hændelser: {}.', '"{}" names more than one incident: {}.')
SEVERAL_DOSES = Said('"{}" passer på {} doser: {}.', '"{}" names {} doses: {}.')
AND_MORE = Said(" og {} til", " and {} more")
NAME_DOSE = Said(
    "Skriv dato og tid på dagen, som 2026-11-02/evening, eller hændelsens id; se `dispenserd oncall list`.",
    "Write date and slot, as 2026-11-02/evening, or the incident's id; see `dispenserd oncall list`.",
)
NAME_MORE = Said(
    "Skriv hjemmet foran, som det står her, eller mere af id'et.",
    "Write its home before it, as they stand here, or more of its id.",
)
NO_DATABASE = Said("Vagtens database kan ikke bruges: {}.", "On-call's database can't be used: {}.")
NOTHING_RECORDED = Said(
    "Intet er gemt, og intet er sendt til noget hjem.",
    "Nothing was recorded and nothing was sent to a home.",
)
CHECK_DATABASE = Said(
    "Ring til administratoren: passer [oncall] database, og kører `dispenserd oncall run`?",
    "Check [oncall] database; `dispenserd oncall run` makes it at its first start.",
)

# --- the view does not start ---

WHO = Said("Visningen skal vide, hvem du er.", "The view needs to know who you are.")
WRITE_WHO = Said("Skriv --as og dit navn, eller brug --json.", "Write --as and your name; or use --json.")
NO_TERMINAL = Said("Visningen skal have en terminal.", "The view needs a terminal.")
USE_LIST = Said(
    "Brug `dispenserd oncall list` til et kig, eller --json til et program.",
    "Use --json for a script, or `dispenserd oncall list` for a look.",
)
NOTHING_TO_SHOW = Said(
    "Der er intet at vise, og ingen kan få at vide, hvad der er åbent.",
    "There is nothing to show, and nobody can be told what is open.",
)

# --- the roster ---

ROSTER_COLUMNS = (
    Said("Navn", "Name"),
    Said("På vagt nu", "On call now"),
    Said("For", "For"),
    Said("Tider", "Hours"),
    Said("Sprog", "Language"),
    Said("Kaldes med", "Told by"),
)
YES = Said("ja", "yes")
NO = Said("nej", "no")
MANAGER = Said("leder", "manager")
NAMES_NOBODY = Said("Listen nævner ingen.", "The roster names nobody.")
IF_NOBODY_TAKES = Said(
    "Hvis ingen tager en hændelse, der kommer nu ({}):",
    "If nobody takes an incident that is raised now ({}):",
)
AT_ONCE = Said("med det samme", "at once")
AFTER = Said("efter {} min", "after {} min")
NOBODY_TOLD = Said("ingen får besked", "nobody is told")
TELLING = Said("Giver {} besked ...", "Telling {} ...")
TOLD = Said("har fået besked", "told")
NOT_TOLD = Said("IKKE NÅET ({})", "NOT TOLD ({})")
BY = Said("{} med {}: {}", "{} by {}: {}")
UNCOVERED = Said(
    "Ingen er på vagt nu for: {}. Det er en hændelse i sig selv.",
    "Nobody is on call now for: {}. That is an incident of its own.",
)
