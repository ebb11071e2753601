"""What the page says whatever the runs came to: promises, their witnesses, words for faults, what is missing.

Kept by hand. A test holds every file and name here against the code.
"""

from __future__ import annotations

from dataclasses import dataclass

BOTTLE, LIVENESS, PEACE = "tests/bottle/witnesses.py", "tests/bottle/liveness.py", "tests/bottle/peace.py"
VOICES, REGIMES = "tests/bottle/voices.py", "tests/bottle/regime_witness.py"
LEAVES, PERMITS, CARDS = "tests/bottle/leaves.py", "tests/bottle/permits.py", "tests/bottle/cards_witness.py"
KEYS, SWAPS, MAINS, STRIPS = (f"tests/bottle/{name}.py" for name in ("keys", "swaps", "mains", "strips"))
COMPANY, BESIDE = "tests/bottle/company_witness.py", "tests/bottle/company_looks.py"
AS_NEEDED, OTHERS = "tests/bottle/as_needed_witness.py", "tests/bottle/others_witness.py"
HANDS = "tests/bottle/hands.py"
ADDITIONS = "tests/bottle/additions_witness.py"
JOURNAL, CRASH = "tests/support/witness.py", "tests/crash/witness.py"
FEEDS, FEEDS_AS_NEEDED = "tests/bottle/feeds.py", "tests/bottle/feeds_as_needed.py"
POWER = "tests/storage/power_loss.py"


@dataclass(frozen=True)
class Promise:
    """`watched`: file and the functions in it that would speak."""

    number: str
    means: str
    watched: tuple[tuple[str, tuple[str, ...]], ...]


PROMISES = (
    Promise(
        "S1",
        "no dose twice: not from the robot, not by hand, not one of each",
        (
            (BOTTLE, ("moved", "gave_by_hand", "_towards_resident")),
            (PEACE, ("_doses", "_matter")),
            (OTHERS, ("moves", "gave_by_hand", "_look_tray")),
            (CRASH, ("no_dose_leaves_twice",)),
        ),
    ),
    Promise(
        "S2",
        "nothing outside its window but what a person has let out before, early, late or for a leave, and "
        "within its bounds; nothing too close to the dose before, no sachet left in the tray",
        (
            (BOTTLE, ("_towards_resident", "_apart")),
            (LEAVES, ("allows", "_taken")),
            (PERMITS, ("_answered", "committed", "allows")),
            (LIVENESS, ("_look",)),
            (CRASH, ("nothing_moves_outside_its_window",)),
        ),
    ),
    Promise(
        "S3",
        "the sachet that moves is the dose's own and its owner's, and a card in force asks for just that, "
        "or two people have let it go",
        (
            (BOTTLE, ("_towards_resident", "_asked")),
            (CARDS, ("fits", "_is_let_go")),
            (COMPANY, ("_towards_resident", "_issued", "_planned")),
        ),
    ),
    Promise(
        "S4",
        "each dose has one outcome that matter does not contradict; where nobody had it, on-call was told, "
        "or the robot says that on-call could not be, or on-call shows the home as unknown",
        (
            (LIVENESS, ("_look", "_look_cut_off", "_look_silent")),
            (PEACE, ("_doses",)),
            (JOURNAL, ("_outcome", "_cleared")),
            (CRASH, ("every_dose_has_one_outcome", "nobody_is_missed_in_silence")),
        ),
    ),
    Promise(
        "S5",
        "motor, robot log, journal, on-call and fagsystem tell one story; each row arrived, once",
        (
            (PEACE, ("_outboxes", "_oncall", "_robot_log", "_administrations", "_replay")),
            (
                CRASH,
                (
                    "trace_and_robot_log_agree",
                    "the_journal_has_the_whole_robot_log",
                    "oncall_has_what_left_the_home",
                    "one_administration_each",
                    "the_chain_holds",
                ),
            ),
            (POWER, ("opened",)),
        ),
    ),
    Promise("S6", "a forged or replayed command decides nothing", ((BOTTLE, ("committed",)),)),
    Promise(
        "S7",
        "a no is told as a no and never as a miss, what is not wanted leaves the tray, help reaches on-call",
        ((VOICES, ("_settled", "sending", "_look_back", "_look_heard", "_look_told")),),
    ),
    Promise(
        "S8",
        "in calm times a press brings the sachet, also beside another robot's trouble and another's "
        "changed card; what is locked is told, and so is a strip that ends or a battery that will not last",
        (
            (LIVENESS, ("_look_offered", "_look")),
            (JOURNAL, ("_cleared",)),
            (BESIDE, ("_look_offered", "_look_due")),
            (CARDS, ("_is_held", "_look_passed")),
            (MAINS, ("_look",)),
            (STRIPS, ("_look_short", "_look_old")),
        ),
    ),
    Promise(
        "S9",
        "a home without a network dispenses, says so, and catches up",
        ((LIVENESS, ("_look_offered", "_look_cut_off")), (PEACE, ("_outboxes", "_oncall"))),
    ),
    Promise(
        "rule 1",
        "what a card adds after packing is a part of its own that staff hear of, and holds no sachet back",
        ((ADDITIONS, ("_is_held", "_has", "_opens", "_look_told")),),
    ),
    Promise(
        "rule 2",
        "a release answers a fresh press, and the record says whose: the resident's or a named helper's",
        (
            (BOTTLE, ("_issued",)),
            (COMPANY, ("_press_of",)),
            (HANDS, ("_pressed", "_acts", "_outcome")),
            (JOURNAL, ("_event",)),
        ),
    ),
    Promise(
        "rule 3",
        "missed only where the sachet lies in store or magazine; a held one is let go by two people",
        ((JOURNAL, ("_outcome",)), (CARDS, ("_is_let_go",))),
    ),
    Promise(
        "rule 5",
        "one token: robot or person; behind a key nothing moves, and it ends with its holder's last word",
        (
            (BOTTLE, ("_towards_resident", "sending")),
            (JOURNAL, ("_token",)),
            (KEYS, ("committed", "sending", "moves", "_look_locked")),
        ),
    ),
    Promise(
        "rule 6", "had here and from others is high, a possible double dose", ((OTHERS, ("_look_both",)),)
    ),
    Promise(
        "rule 7",
        "two sachets that left the strip at once are told at once, and nothing more leaves before somebody "
        "has looked; the dose of the second one is in doubt, and as needed it counts as had",
        (
            (FEEDS, ("committed", "_look_told")),
            (FEEDS_AS_NEEDED, ("committed", "leaves", "_look_told")),
        ),
    ),
    Promise(
        "rule 8",
        "medicine as needed: its times, the gap, the most in any 24 h, also of what was had elsewhere or at "
        "another robot, and never on old knowledge of that; planned medicine keeps its gap to it",
        ((AS_NEEDED, ("leaves", "committed", "keeps_gap", "fixed_had")), (COMPANY, ("_outcome",))),
    ),
    Promise(
        "rule 9",
        "critical medicine that was missed is high; two persons change the hours of the day together",
        ((BESIDE, ("_look_urgent",)), ("tests/bottle/hours.py", ("_adopted", "_look_told"))),
    ),
    Promise(
        "rule 10",
        "P1: committed before it is sent. P3: nothing is ordered beside a doubt. P5: an order id once",
        (
            (BOTTLE, ("committed", "_issued", "_towards_resident")),
            (CRASH, ("every_motion_was_ordered_first",)),
        ),
    ),
    Promise("rule 11", "the last look before an order is sent", ((BOTTLE, ("sending", "_diverted")),)),
    Promise("rule 12", "the robot's log is read to its head", ((PEACE, ("_robot_log",)),)),
    Promise(
        "rule 18",
        "nothing irreversible on an untrusted clock",
        ((BOTTLE, ("_issued", "sending")),),
    ),
    Promise("rule 19", "no older card", ((BOTTLE, ("committed",)),)),
    Promise(
        "rule 22",
        "who is away or suspended gets nothing, and nothing restrictive ends but by a person's word; staff "
        "hear of a press by who is away, of what nobody saw, and of changed medicine in a resident's hands",
        (
            (
                REGIMES,
                ("committed", "sending", "_answered", "_missed", "_look_back", "_look_told", "_look_seen"),
            ),
            (REGIMES, ("at_peace",)),
            (CARDS, ("_look_called",)),
        ),
    ),
    Promise(
        "rule 24",
        "what left with a magazine and was not counted goes to nobody, and staff hear of it",
        ((SWAPS, ("moves", "gave_by_hand", "_answered", "_look_told")),),
    ),
    Promise("rule 26", "an open incident loses no priority and comes to rest", ((JOURNAL, ("_changed",)),)),
    Promise(
        "fail-stop",
        "the product itself asks once more before each commit (S1-S5), and ends where a rule of its is wrong",
        (("scheduler/invariants.py", ("broken",)),),
    ),
    Promise(
        "matter",
        "loaded = had + in store + in tray + in holding place + in magazine",
        (
            ("simulator/mechanics.py", ("conserved",)),
            (BOTTLE, ("moved",)),
            (CRASH, ("sachets_are_conserved",)),
        ),
    ),
)

TROUBLES = {
    "box_dies": "the box dies and starts again",
    "box_long_down": "the box is down for minutes or hours",
    "light_fuse": "the box dies n points later, at a commit, a byte, a message or a file",
    "robot_power": "the robot loses power",
    "cut_motion": "the robot loses power while a motor turns",
    "cut_next": "the robot loses power at the next motion, before or after the sachet landed",
    "light_flash": "the robot loses power at the n-th write of its memory, which is kept or not",
    "log_lost": "the robot's log is gone",
    "cable": "the serial line is pulled",
    "bad_line": "loss, doubles, bit errors and delay on the serial line",
    "network_out": "no network, sometimes with the broker's state lost",
    "oncall_out": "on-call is down",
    "messages_wild": "late, repeated and reordered messages and receipts",
    "forgery": "a forged or replayed command",
    "replay": "what was asked comes again, also to a process that knows it from its journal alone",
    "broker_forgets": "the broker took what on-call was not there to hear, and lost it",
    "foreign_label": "a sachet of nobody's lies at the mouth",
    "session_in_a_commit": "the robot comes back in a new session while an order is being committed",
    "step_in_a_commit": "the clock steps while something is being committed",
    "card": "a newer card moves, stops or resumes a dose; sometimes an older one is offered",
    "clock_step": "the box's clock steps, by seconds up to months",
    "clock_drift": "the box's clock goes wrong by and by",
    "battery_clock": "the robot's clock loses its battery",
    "lid": "the lid is opened",
    "stall": "a motor stalls",
    "slow_motor": "a motor is slow, or too slow",
    "stray_press": "somebody presses at any time",
    "unreadable": "a label can not be read",
    "new_roll": "a technician puts in another roll, also while a dose is under way",
    "slow_disk": "commits take up to seconds",
}

STORAGE_TESTS = (
    ("a full disk, under the store and under the whole home", "tests/storage/test_store_on_a_full_disk.py"),
    ("the home on a disk that fills while a resident presses", "tests/storage/test_home_on_a_full_disk.py"),
    (
        "EIO, ENOSPC, read-only, short writes and a failing fsync at the n-th call",
        "tests/storage/test_store_under_disk_faults.py",
    ),
    (
        "flipped bytes in database, WAL, key file and robot memory; a deleted or cut WAL",
        "tests/storage/test_rotten_files.py",
    ),
)

NOT_COVERED = (
    "Hardware. The robot is simulated firmware; its sensors are right or silent, they never lie: a double "
    "feed (rule 7) is suspected where there is one, in the release or the present. A carousel (rule 15) does "
    "not exist in it.",
    "In the bottle, store, broker, on-call, sockets and serial port are models: a commit happens "
    "whole or not at all. The real ones are met in `make crash` and the storage tests, in far smaller"
    " numbers.",
    "In the bottle the absence of a heartbeat is judged and its presence is not: a home at rest is left "
    "alone there. That a home which lives is shown so is a matter of `tests/oncall/`.",
    "One home, at most three residents and two robots, a box that never moves. One sachet a slot, windows "
    "of two hours; only the noon dose moves or stops, and a card changes a strength or adds one medicine.",
    "A history is a month. What takes longer to go wrong (drift beyond its bound, a full journal,"
    " wear) is not tried.",
    "People say what is true, or what the home can know to be wrong: staff give by hand only after the "
    "home's confirmation, and a finding is what they saw. Others who give what the robot gave, too, say so "
    "to the fagsystem within hours.",
    "Keys that leaked, an attacker on the serial line, a broker that lies for long. Forged and "
    "replayed commands are tried.",
    "A journal that lost its end (rule 23) is tried by its own tests only, not by a campaign.",
    "Disks that lie about having written. The power cut keeps and drops 512-byte sectors as POSIX allows.",
    "The witnesses read the product's event types and, to know which dose is planned, its replay. "
    "What they judge by is matter, people and papers.",
    "The seeded bugs are a list made by people. Bugs of a kind that nobody thought of are not on it.",
    "Figures are of the machine named here, which is no Raspberry Pi.",
    "Whatever [safety.md](safety.md#what-is-in-force-today) calls *in part* or *not yet*.",
)
