"""What an incident is about, as a headline: the home's kinds and on-call's own."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.language import Said

KINDS: Mapping[str, Said] = {
    # of a home (docs/safety.md, alarm catalogue)
    "dose_due": Said("Husk borgeren på dosis", "dose due: remind"),
    "about_to_miss": Said("Dosis venter endnu", "about to miss"),
    "left_in_tray": Said("Dosis ligger i bakken", "left in the tray"),
    "dose_missed": Said("Dosis ikke taget", "dose missed"),
    "dose_refused": Said("Sagde nej tak til dosis", "dose refused"),
    "as_needed_limit": Said("Beder om mere end højst", "as-needed limit reached"),
    "as_needed_unsure": Said("Er der givet pn andre steder?", "as-needed: given elsewhere?"),
    "side_unconfirmed": Said("Ikke bekræftet", "not confirmed"),
    "help_asked": Said("Vil gerne ringes op", "asks to be called"),
    "answer_flagged": Said("Svar, der bør læses", "answer to read"),
    "not_witnessed": Said("Dosis uden vidne", "dose not witnessed"),
    "release_failed": Said("Udlevering mislykkedes", "release failed"),
    "sachet_mismatch": Said("Posen passer ikke", "sachet mismatch"),
    "sachet_unreadable": Said("Posen kan ikke læses", "sachet unreadable"),
    "order_unknown": Said("I tvivl om dosis", "dose in doubt"),
    "dose_blocked": Said("Kan ikke udleveres", "dose blocked"),
    "record_contradicts": Said("Robotten siger noget andet", "record contradicts"),
    "robot_unreachable": Said("Robotten svarer ikke", "robot unreachable"),
    "robot_refused": Said("Robotten er afvist", "robot refused"),
    "robot_fault": Said("Fejl på robotten", "robot fault"),
    "clock_untrusted": Said("Uret er usikkert", "clock untrusted"),
    "journal_behind": Said("Hjemmets journal mangler noget", "journal behind"),
    "plan_refused": Said("Medicinplan afvist", "plan refused"),
    "roll_conflict": Said("Rullen passer ikke", "roll conflict"),
    "refill_due": Said("Rullen er snart tom", "refill due"),
    "roll_empty": Said("Rullen er tom", "roll empty"),
    "sachets_uncounted": Said("Poser mangler at tælles", "sachets to be counted"),
    "mains_lost": Said("Robotten er uden strøm", "mains lost"),
    "battery_short": Said("Batteriet rækker ikke", "battery too short"),
    "store_failed": Said("Boksens lager svigtede", "store failed"),
    "command_refused": Said("Forkert besked afvist", "command refused"),
    "attempt_blocked": Said("Tryk på en andens medicin", "press for another's medicine"),
    "test_alarm": Said("Prøvealarm nåede ikke frem", "test alarm failed"),
    "plan_ends": Said("Medicinplanen slutter", "plan ends"),
    "certificate_expires": Said("Certifikat udløber", "certificate expires"),
    "chore_failed": Said("Boksens egen kontrol fejler", "chore failed"),
    "mode_review": Said("Se på tilstanden igen", "mode: review due"),
    "pause_review": Said("Se på pausen igen", "pause: review due"),
    "pause_over": Said("Pausen er forbi", "pause past its end"),
    "paused_action": Said("Tryk under pause", "pressed while paused"),
    "list_refused": Said("Medicinliste afvist", "medicine list refused"),
    # on-call's own (`dispenserd.oncall.own.Kind`)
    "home_silent": Said("Hjemmet er tavst", "home silent"),
    "nobody_on_call": Said("Ingen på vagt", "nobody on call"),
    "notice_failed": Said("Besked nåede ikke frem", "notice failed"),
    "broker_lost": Said("Vagten hører ingen hjem", "no connection to the homes"),
    "digest_disagrees": Said("Hjem og vagt er ikke enige", "home and on-call differ"),
    "test_alarm_missing": Said("Prøvealarm udeblev", "no test alarm"),
    "home_unlisted": Said("Hjem står ikke på listen", "home is not on the list"),
    "home_list_empty": Said("Ingen liste over hjem", "no list of homes"),
    "file_refused": Said("Fil på vagten er forkert", "a file of on-call is wrong"),
    "store_refuses": Said("Vagten kunne ikke skrive", "on-call could not write"),
    "other": Said("Andet", "other"),
}
