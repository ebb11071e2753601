"""How an incident was resolved, as codes that can be counted; the order in which a list offers them.

Anybody may type another code; it is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.language import Said

RESOLUTIONS: Mapping[str, Said] = {
    "given_by_hand": Said("givet i hånden", "given by hand"),
    "visited": Said("besøgt, alt i orden", "visited, all in order"),
    "called": Said("ringet, alt i orden", "called, all in order"),
    "nothing_elsewhere": Said("intet givet andre steder", "nothing given elsewhere"),
    "not_given": Said("ikke givet, aftalt", "not given, agreed"),
    "left_out_on_advice": Said("udeladt efter råd", "left out on advice"),
    "robot_repaired": Said("robotten er i orden igen", "robot repaired"),
    "roll_changed": Said("rullen er skiftet", "roll changed"),
    "network_repaired": Said("forbindelsen er i orden igen", "network repaired"),
    "looked_into": Said("undersøgt", "looked into"),
    "false_alarm": Said("falsk alarm", "false alarm"),
}
