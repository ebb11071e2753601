"""Why an incident is there: the word that the home sends with it, as half a sentence.

The codes come from the dosing core, the gate, the drivers, the robot, the medicine card and the store; those
of a card, which only the fagsystem's people can mend, stand in `card_details`.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.card_details import CARD_DETAILS
from dispenserd.oncall.words.language import Said

_DOSE: Mapping[str, Said] = {
    "possible_double_dose": Said("måske dobbelt dosis", "possible double dose"),
    "in_doubt": Said("en dosis er i tvivl", "a dose is in doubt"),
    "doubt": Said("dosis er i tvivl", "the dose is in doubt"),
    "uncertain": Said("ingen kan sige, hvad der skete", "nobody can say what happened"),
    "put_off": Said("borgeren har sagt senere", "put off by the resident"),
    "no_emergency_call": Said("ikke et nødopkald", "no emergency call"),
    "limit_reached": Said("det højeste er nået", "the most is reached"),
    "given_elsewhere": Said("andre har givet den", "given by others"),
    "perhaps_elsewhere": Said("måske har andre givet den", "perhaps given by others"),
    "not_by_others": Said("andre gav den ikke alligevel", "not given by others after all"),
    "given_twice": Said("givet her og af andre", "given here and by others"),
    "elsewhere_unknown": Said("ved ikke, hvad andre har givet", "unknown what others gave"),
    "no_limit": Said("kortet siger ikke, hvor meget højst", "the card names no most"),
    "asked_too_soon": Said("for tidligt efter den sidste", "too soon after the last one"),
    "fixed_dose_soon": Said("den faste dosis kommer snart", "a fixed dose comes soon"),
    "other_strip": Said("posen hører til en anden strimmel", "the other strip is in the robot"),
    "not_in_the_strip": Said("ikke i strimlen", "not in the strip"),
    "no_help": Said("hjalp ikke", "did not help"),
    "insulin": Said("insulin", "of the insulin group"),
    "second_day": Said("nej tak også i går", "refused the day before, too"),
    "unwell": Said("borgeren er utilpas", "the resident feels unwell"),
    "by_helper": Said("en hjælper har sagt nej tak", "declined by a helper"),
    "second_day_by_helper": Said(
        "en hjælper har sagt nej tak, også i går", "declined by a helper, as the day before"
    ),
    "unwell_by_helper": Said("en hjælper har sagt nej tak: utilpas", "declined by a helper: feels unwell"),
    "two_in_a_row": Said("anden gang i træk", "two in a row"),
    "no_longer_planned": Said("dosis er taget af planen", "no longer planned"),
    "not_settled": Said("ikke afklaret efter tiden", "not settled after closing"),
    "not_offered": Said("blev aldrig tilbudt", "never offered"),
    "not_in_robot": Said("posen er ikke i robotten", "not in the robot"),
    "settled": Said("dosis er afklaret", "already settled"),
    "let_go_by_one": Said("sluppet fri af én; en til skal sige det", "let go by one; a second must say so"),
    "discarded": Said("posen er kasseret", "discarded"),
    "with_staff": Said("personalet har den", "with staff"),
    "shared_with_staff": Said(
        "personalet er ved at give samme medicin", "staff may be giving the same medicine"
    ),
    "too_soon": Said("for tæt på en anden dosis", "too soon after another dose"),
    "double_dose": Said("ville blive mere end planlagt", "would be more than planned"),
    "already_released": Said("er allerede udleveret", "already released"),
    "no_plan": Said("ingen gyldig medicinplan", "no plan in force"),
    "window_closed": Said("tiden er gået", "window closed"),
    "expired": Said("for gammel ordre", "order expired"),
    "no_longer_open": Said("ordren gælder ikke længere", "order no longer open"),
    "lifted": Said("posen er løftet ud", "lifted"),
    "dose_blocked": Said("robotten var låst", "the robot was locked"),
    "order_unknown": Said("en dosis var i tvivl", "a dose was in doubt"),
    "release_failed": Said("udleveringen mislykkedes", "the release failed"),
}

_LEAVE: Mapping[str, Said] = {
    "card_changed": Said("medicinkortet er ændret", "the card was changed"),
    "card_changed_again": Said("medicinkortet er ændret igen", "the card was changed again"),
    "not_handed_out": Said("ikke udleveret endnu", "not handed out yet"),
    "needs_a_person": Said("en pose kræver en person", "a sachet needs a person"),
    "not_planned": Said("planen rækker ikke så langt", "the plan does not reach so far"),
    "controlled": Said("kontrolleret medicin", "controlled medicine"),
    "unknown_code": Said("medicin uden for listen", "medicine on no list"),
    "no_take_along": Said("robotten giver kun en ad gangen", "the robot lets out one at a time"),
    "came_back": Said("kom tilbage fra turen", "came back from the leave"),
    "permit_over": Said("tiden til at tage den med er gået", "the time to take it along is over"),
    "not_on_card": Said("ingen dosis venter på posen", "no dose waits for this sachet"),
    "already_had": Said("dens dosis er afklaret", "its dose is settled already"),
}

_REGIME: Mapping[str, Said] = {
    "normal": Said("robotten minder selv", "the robot prompts"),
    "assisted": Said("personalet minder", "staff remind"),
    "witnessed": Said("personalet ser på", "staff see it"),
    "suspended": Said("robotten giver ikke; personalet giver", "suspended: staff give"),
    "paused": Said("sat på pause", "paused"),
    "hospital": Said("på hospital", "in hospital"),
    "away": Said("ikke hjemme", "away"),
    "personal_action": Said("kræver kort eller kode", "needs a tag or a code"),
    "card_too_old": Said("medicinkortet er for gammelt hertil", "card too old for this medicine"),
    "taken_back": Said("lå for længe, robotten hentede den ind", "lay too long, taken back in"),
    "version_not_raised": Said("versionen er ikke hævet", "its version did not rise"),
    "needs_two_persons": Said("to personer skal stå for det", "it needs two persons"),
    "unusual": Said("usædvanligt for borgeren", "unusual for this person"),
    "outage": Said("tiden begyndte under et udfald", "due inside an outage"),
    "two_in_a_row_and_unusual": Said("anden gang i træk, usædvanligt", "two in a row, unusual"),
    "two_in_a_row_and_outage": Said("anden gang i træk, under udfald", "two in a row, outage"),
    "unusual_and_outage": Said("usædvanligt, og under et udfald", "unusual, and in an outage"),
    "two_in_a_row_and_unusual_and_outage": Said(
        "anden gang i træk, usædvanligt, udfald", "two in a row, unusual, outage"
    ),
}

_SACHET: Mapping[str, Said] = {
    "no_sachet": Said("rullen har ingen pose til den", "the roll has no sachet for it"),
    "refill_partial": Said("der mangler poser på rullen", "sachets of the roll are missing"),
    "wrong_period": Said("rullen er til en anden periode", "the roll is for another period"),
    "overlapping": Said("rullen har doser, der er givet", "the roll holds doses that were had"),
    "no_manifest": Said("ingen rulle er meldt i", "no roll was put in"),
    "other_roll": Said("en anden rulle end den meldte", "another roll than the one put in"),
    "wrong_production_id": Said("en anden rulle end den meldte", "another roll than the one put in"),
    "wrong_resident": Said("en anden borgers rulle eller pose", "another resident's roll or sachet"),
    "behind_another": Said("en andens pose skal først ud", "another resident's sachet is before it"),
    "roll_empty": Said("rullen er tom", "the roll is empty"),
    "staff_lock": Said("personalet har låst robotten", "staff locked the robot"),
    "swapped": Said("robotten er skiftet ud", "the robot was swapped"),
    "moved": Said("borgeren er flyttet hertil", "the resident moved here"),
    "in_other_robot": Said(
        "samme medicin ligger i den anden robot", "the same medicine is out in the other robot"
    ),
    "as_needed": Said("medicin efter behov", "medicine as needed"),
    "left_behind": Said("posen ligger i den gamle robot", "its sachet is in the robot that was swapped"),
    "uncounted": Said("posen er ikke talt efter flytning", "its sachet was not counted"),
    "missing_sachet": Said("dens pose kan ikke findes", "its sachet can't be found"),
    "within_72_h": Said("dosis uden pose inden 72 timer", "a dose without a sachet in 72 h"),
    "within_48_h": Said("dosis uden pose inden 48 timer", "a dose without a sachet in 48 h"),
    "within_24_h": Said("dosis uden pose inden 24 timer", "a dose without a sachet in 24 h"),
    "label_unreadable": Said("mærkatet kan ikke læses", "label unreadable"),
    "label_unknown": Said("mærkatet er ukendt", "label unknown"),
    "label_mismatch": Said("det er en anden dosis' pose", "label mismatch"),
    "content_mismatch": Said("indholdet passer ikke med planen", "content differs from the plan"),
    "holding_occupied": Said("der ligger en pose indeni", "a sachet lies in the holding place"),
    "tray_occupied": Said("der ligger noget i bakken", "something lies in the tray"),
    "place_occupied": Said("pladsen er ikke tom", "the place is not empty"),
    "place_empty": Said("der er ingen pose på pladsen", "no sachet in its place"),
    "store_full": Said("det låste rum er fuldt", "the locked store is full"),
    "no_magazine": Said("magasinet mangler", "no magazine"),
}

_ROBOT: Mapping[str, Said] = {
    "motor_stall": Said("motoren sidder fast", "motor stall"),
    "double_feed": Said("måske kom to poser ud på én gang", "two sachets may have come out at once"),
    "sensor_contradiction": Said("følerne er ikke enige", "sensors contradict each other"),
    "memory_lost": Said("robotten har mistet sin hukommelse", "the robot lost its memory"),
    "log_lost": Said("robottens log er fuld", "the robot's log overflowed"),
    "fault": Said("robotten har en fejl", "the robot has a fault"),
    "faulted": Said("en fejl skal nulstilles ved robotten", "a fault must be cleared at the robot"),
    "lid_open": Said("låget er åbent", "the lid is open"),
    "not_moved": Said("posen blev, hvor den var", "the sachet did not move"),
    "unclear": Said("det er uklart, om posen kom ud", "unclear whether it moved"),
    "busy": Said("robotten var optaget", "the robot was busy"),
    "too_many": Said("for mange", "too many"),
    "old_plan": Said("robotten kender en nyere plan", "the robot knows a newer plan"),
    "log_full": Said("robottens log er fuld", "the robot's log is full"),
    "clock_refused": Said("robotten ville ikke stilles", "the robot refused the time"),
    "limit": Said("robotten afviste en værdi", "the robot refused a value"),
    "not_greeted": Said("forbindelsen var ikke klar", "the session was not open"),
    "unknown_message": Said("robotten kender ikke beskeden", "the robot does not know the message"),
    "starting": Said("boksen er lige startet", "the box has just started"),
    "other_robot": Said("det var ved en anden robot", "it was at another robot"),
    "unknown_tag": Said("brikken kendes ikke", "the tag is unknown"),
    "nothing_of_theirs": Said("der var intet til den, der trykkede", "nothing was due to who pressed"),
    "robot_not_ready": Said("robotten er ikke klar", "robot not ready"),
    "robot_unreachable": Said("robotten svarede ikke", "robot unreachable"),
}

_LINE: Mapping[str, Said] = {
    "unplugged": Said("stikket er trukket ud", "unplugged"),
    "port_missing": Said("robotten er ikke sat til", "the robot is not plugged in"),
    "port_busy": Said("et andet program bruger stikket", "another program uses the port"),
    "port_denied": Said("boksen må ikke bruge stikket", "the box may not use the port"),
    "port_unusable": Said("stikket kan ikke bruges", "the port can't be used"),
    "write_stalled": Said("linjen til robotten står stille", "the line stands still"),
    "no_answer": Said("robotten svarer ikke", "no answer"),
    "no_acknowledgement": Said("robotten kvitterer ikke", "no acknowledgement"),
    "no_reply": Said("robotten svarer ikke", "no reply"),
    "order_unanswered": Said("robotten svarede ikke på en ordre", "an order was not answered"),
    "motion_overdue": Said("robotten blev ikke færdig", "the motion did not end"),
    "reset": Said("robotten brød forbindelsen", "the robot reset the line"),
    "reconnected": Said("robotten blev sat til igen", "reconnected"),
    "robot_rebooted": Said("robotten er genstartet", "the robot restarted"),
    "malformed": Said("uforståeligt svar", "malformed answer"),
    "flooded": Said("for mange svar på en gang", "flooded with answers"),
    "out_of_sequence": Said("et svar mangler", "an answer is missing"),
    "sequence_exhausted": Said("forbindelsen skal begynde forfra", "the session must start anew"),
    "unexpected_reply": Said("uventet svar", "unexpected reply"),
    "request_refused": Said("robotten afviste et spørgsmål", "the robot refused a request"),
    "bad_value": Said("robotten sendte en umulig værdi", "the robot sent an impossible value"),
    "unsupported_version": Said("robotten taler en anden version", "another version of the protocol"),
    "wrong_protocol": Said("robotten taler en anden version", "another version of the protocol"),
    "wrong_serial": Said("det er en anden robot", "another robot's serial number"),
    "wrong_family": Said("det er en anden slags robot", "another kind of robot"),
    "missing_capability": Said("robotten mangler noget, den skal kunne", "a capability is missing"),
    "auth_class": Said("robotten kan ikke vise, hvem den er", "the robot can't prove who it is"),
}

_RECORDS: Mapping[str, Said] = {
    "formatted": Said("robottens log er slettet", "the robot's log was formatted"),
    "shorter": Said("robottens log er blevet kortere", "the robot's log is shorter than it was"),
    "gap": Said("der er hul i robottens log", "a gap in the robot's log"),
    "rewritten": Said("robottens log er ændret", "the robot's log was rewritten"),
    "log_id_changed": Said("robottens log er en anden", "the robot's log is another one"),
    "log_backwards": Said("robottens log går baglæns", "the robot's log runs backwards"),
    "log_gap": Said("der er hul i robottens log", "a gap in the robot's log"),
    "journal_behind": Said("hjemmets journal mangler noget", "the home's journal lost its end"),
    "robot_knows_newer_journal": Said("robotten ved mere end journalen", "robot knows newer journal"),
    "oncall_knows_newer_journal": Said("vagten ved mere end journalen", "oncall knows newer journal"),
    "robot_and_oncall_know_newer_journal": Said(
        "robot og vagt ved mere end journalen", "robot and oncall know newer journal"
    ),
}

_CLOCK: Mapping[str, Said] = {
    "clock": Said("uret er usikkert", "the clock can't be trusted"),
    "stepped": Said("uret sprang", "the clock stepped"),
    "not_compared": Said("uret er ikke sammenlignet endnu", "not compared yet"),
    "not_commissioned": Said("robottens ur er aldrig stillet", "the robot's clock was never set"),
    "battery_gap": Said("robottens urbatteri har svigtet", "the clock's battery failed"),
    "drift": Said("robottens ur kan være skredet", "the robot's clock may have drifted"),
    "disagrees": Said("boks og robot viser ikke samme tid", "box and robot disagree"),
    "behind_journal": Said("uret går bagud for journalen", "the clock is behind the journal"),
}

_STORE: Mapping[str, Said] = {
    "disk_full": Said("disken er fuld", "disk full"),
    "read_only": Said("disken kan ikke skrives", "the disk is read-only"),
    "io_error": Said("disken svigter", "the disk fails"),
    "damaged": Said("databasen er beskadiget", "the database is damaged"),
    "chain_broken": Said("journalens kæde er brudt", "the journal's chain is broken"),
    "unreadable": Said("kan ikke læses", "unreadable"),
}

_COMMANDS: Mapping[str, Said] = {
    "bad_signature": Said("underskriften er forkert", "bad signature"),
    "other_home": Said("beskeden var til et andet hjem", "meant for another home"),
    "other_epoch": Said("beskeden er fra før en gendannelse", "from before a restore"),
    "lives_too_long": Said("beskeden var gyldig for længe", "valid for too long"),
    "from_the_future": Said("beskeden kom fra fremtiden", "from the future"),
}

_UPKEEP: Mapping[str, Said] = {
    "not_receipted": Said("vagten kvitterede ikke i tide", "no receipt in time"),
    "ends_soon": Said("der er under 72 timer tilbage", "less than 72 hours are left"),
    "ended": Said("den sidste dag er forbi", "its last day is over"),
    "nothing_planned": Said("der er ingen medicin på planen", "no medicine is planned"),
    "ca_expires_soon": Said("brokerens udsteder", "the broker's authority"),
    "ca_expired": Said("brokerens udsteder er udløbet", "the broker's authority expired"),
    "ca_unreadable": Said("brokerens udsteder kan ikke læses", "the broker's authority can't be read"),
    "client_expires_soon": Said("boksens eget", "the box's own"),
    "client_expired": Said("boksens eget er udløbet", "the box's own expired"),
    "client_unreadable": Said("boksens eget kan ikke læses", "the box's own can't be read"),
    "test_alarm": Said("prøvealarmen", "the test alarm"),
    "integrity": Said("journal og database", "journal and database"),
    "pruning": Said("oprydningen", "pruning"),
    "certificates": Said("certifikaterne", "certificates"),
}

_HOMES: Mapping[str, Said] = {
    "no_list": Said("ingen liste siden", "no list since"),
    "heard_unlisted": Said("ikke på listen siden", "not on the list since"),
    "left_open": Said("åbne hændelser, slettet af listen", "open incidents, taken off the list"),
    "roster_refused": Said("vagtlisten kan ikke bruges siden", "the roster can't be used since"),
    "homes_refused": Said("listen over hjem kan ikke bruges siden", "the list of homes can't be used since"),
    "locked": Said("databasen er låst", "the database is locked"),
}
"""Of on-call's own incidents; the instant since when it is so follows them."""

_OTHER: Mapping[str, Said] = {"other": Said("andet", "other")}

DETAILS: Mapping[str, Said] = {
    # of on-call's own; where one says since when, the instant follows
    "unknown_since": Said("ukendt siden", "unknown since"),
    "no_home_is_heard": Said("intet hjem høres siden", "no home is heard since"),
    "last_passed": Said("nåede sidst frem", "last passed"),
    "asked_in_vain": Said("spurgt forgæves", "asked in vain"),
    "for_high": Said("ingen til høj", "nobody for high"),
    "for_medium": Said("ingen til mellem", "nobody for medium"),
    "for_low": Said("ingen til lav", "nobody for low"),
    "for_high_medium": Said("ingen til høj og mellem", "nobody for high and medium"),
    "for_high_low": Said("ingen til høj og lav", "nobody for high and low"),
    "for_medium_low": Said("ingen til mellem og lav", "nobody for medium and low"),
    "for_high_medium_low": Said("slet ingen", "nobody at all"),
    # of homes
    **CARD_DETAILS,
    **_DOSE,
    **_LEAVE,
    **_REGIME,
    **_SACHET,
    **_ROBOT,
    **_LINE,
    **_RECORDS,
    **_CLOCK,
    **_STORE,
    **_COMMANDS,
    **_UPKEEP,
    **_HOMES,
    **_OTHER,
}
