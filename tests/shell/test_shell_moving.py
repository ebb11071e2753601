"""Situation 2 on real parts: a resident moves from one box to another, each with its robot and its store.

Two daemons, two encrypted stores, two simulated robots on pseudo-terminals, and the papers as real files
through the real command line.
"""

from __future__ import annotations

from scheduler import events as ev
from tests.support.moving_homes import MovingHome, NewHome, at_home


async def test_a_resident_moves_with_plan_and_doses_and_is_given_to_by_one_home_alone() -> None:
    async with at_home(MovingHome) as old, at_home(NewHome) as new:
        await old.prepare()
        await new.until(lambda: new.events(ev.RobotCaughtUp), "the new robot is there")
        assert (await new.ask("roll_load", manifest=new.manifest(), by="Tove"))["reason"] == "not_moved_in"
        request, bundle = str(new.folder / "request.json"), str(old.folder / "bundle.json")

        code, asked = await new.says("resident", "move-ask", "--out", request, "--by", "Tove Tekniker")
        assert (code, asked["custody"]) == (0, "not_moved_in")
        who = ["--by", "Nina Nurse", "--reason", "moves to her own flat"]
        out = ["resident", "move-out", request, "--out", bundle, *who, "--fingerprint"]
        code, wrong = await old.says(*out, "0000-0000-0000-0000-0000")
        assert (code, wrong["code"]) == (1, "other_fingerprint")
        assert old.paper("bundle.json") is None
        code, gone = await old.says(*out, asked["fingerprint"])
        assert (code, gone["custody"]) == (0, "moved_out")
        assert b"C07AB02" not in (old.paper("bundle.json") or b"")  # S6: sealed

        # The old home dies, and starts again: it gives nothing, and writes a lost bundle anew.
        await old.restart_daemon()
        old.lose("bundle.json")
        code, _ = await old.says(*out, asked["fingerprint"])
        assert code == 0
        assert len(old.events(ev.ResidentMovedOut)) == 1

        come = ["resident", "move-in", bundle, "--by", "Tove Tekniker", "--fingerprint", gone["fingerprint"]]
        code, here = await new.says(*come)
        assert (code, here["custody"], here["uncounted"]) == (0, "here", 20)
        code, twice = await new.says(*come)
        assert (code, twice["code"]) == (6, "read_before")
        await new.restart_daemon()

        # Its robot has a roll of its own; the old strip is thrown away, sachet by sachet.
        code, left = await new.says("robot", "uncounted")
        labels = [each["label"] for each in left["sachets"]]
        assert len(labels) == 20
        loaded = await new.ask("roll_load", manifest=new.manifest(), by="Tove Tekniker")
        assert loaded["accepted"], loaded
        code, left = await new.says("robot", "count", *labels, "--into", "waste", "--by", "Tove Tekniker")
        assert (code, left["sachets"]) == (0, [])
        await new.offered(within_s=30.0)  # at eight: it began five civil minutes before
        await new.take_dose()
        await new.until(lambda: new.outcomes(), "the outcome")
        assert new.outcomes() == [("morning", "retrieved")]
        assert old.orders(ev.OrderKind.RELEASE) == []
        assert old.moves == []
