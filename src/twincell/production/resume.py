"""Goes on from the journal of an orchestrator that was killed: nothing lost, nothing done twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from twincell.errors import ProductionError
from twincell.production.journal import Entry
from twincell.production.journal_replay import Replayed, replay
from twincell.production.judging import Judging
from twincell.production.messages import Plan, Sighted, TaskKind
from twincell.production.settling import Settled, settle
from twincell.production.state import AGAIN, BladeState
from twincell.production.steps import GripStep, Program
from twincell.production.whereabouts import FIXTURE, Place, Whereabouts, look, named

__all__ = ["Resuming"]


class Resuming(Judging):
    """A shift that can be taken up where a killed orchestrator has left it.

    What had ended is known from the journal. What was under way is not: it is settled by what
    stands where, seen while nothing moves (`Sighted`). Until then nothing is sent.
    """

    _replayed: Replayed | None = None
    _fresh = False

    def take_up(self, entries: Iterable[Entry], plans: Sequence[Plan] = ()) -> None:
        """Know what the killed one knew; to be called before the first event.

        Args:
            entries: of its journal, in order.
            plans: that it has published.

        Without entries a new shift begins, as soon as it is seen that the cell is set up for it.

        Raises:
            ProductionError: the journal is another world's.
        """
        kept = tuple(entries)
        told = self._replayed = replay(self.world, kept)
        self._fresh = not kept
        self.state = told.state
        self._inside = self.state.blades[told.inside] if told.inside is not None else None
        self._left, self._running = list(told.left), told.running
        self._disturbed, self._retried = True, set(told.retried)
        self.stops = list(told.stops)
        if self.stops and self.stops[-1]["until"] is None:
            self._stopped_since = self.stops[-1]["at"]
        self.planner.take_up(plans, told.sequence, told.seen)
        self.halted = told.halted
        self.awaits_sight = not told.halted and not told.over

    @property
    def over(self) -> bool:
        """Whether the shift that was taken up had ended."""
        return self._replayed is not None and self._replayed.over

    def _settle(self, sighted: Sighted, now: float) -> None:
        told = self._replayed
        if told is None or not self.awaits_sight:
            return
        seen = look(self.world, self.motions, self.tasks.targets, sighted)
        self._compare(seen)
        self.awaits_sight = False
        if self._fresh:
            return
        self._obey_outages(now)
        self._send_home(seen)
        blade = self._inside
        if self._running is not None and blade is not None:
            self._settle_task(blade, self._running[0], told, seen, now)
        elif told.failed is not None and blade is not None:
            self._settle_failed(blade, *told.failed, seen, now)
        else:
            self._settle_pause(seen, now)
        if not self.halted:
            self._replan(now, "work goes on after a restart")

    # -- what is where -------------------------------------------------------------------------

    def _expected(self, blade: BladeState) -> Place | None:
        """Where a blade has to be; None where it may be anywhere."""
        if blade is self._inside or blade.where == "left":
            return None
        if blade.where in ("bin", "returned") and blade.target is not None:
            return blade.target
        return self.source(blade)

    def _compare(self, seen: Whereabouts) -> None:
        """Make sure that this is the cell of the journal."""
        says = "where a shift begins" if self._fresh else "by the journal"
        wrong = []
        if self._fresh and seen.held is not None:
            wrong.append(f"the hand holds {seen.held}")
        for part, blade in self.state.blades.items():
            place = self._expected(blade)
            if place is not None and seen.blades.get(part) != place:
                wrong.append(f"{part} is {named(seen.blades.get(part))}, {says} {named(place)}")
        if wrong and self._fresh:
            raise ProductionError(
                f"a shift was begun in this cell, and its journal is missing: {'; '.join(wrong)}; "
                "nothing was moved; put the journal back, or set the cell up anew"
            )
        if wrong:
            raise ProductionError(
                f"the cell is not as its journal says: {'; '.join(wrong)}; nothing was moved; "
                "where the cell was set up anew, begin a new shift in another folder"
            )

    def _send_home(self, seen: Whereabouts) -> None:
        """Whatever was on its way home, or would have been, goes there in the background."""
        for mover in (self.world.handler, self.world.inspection.arm):
            if mover in seen.away:
                self.executor.start(self.tasks.go_home(f"resumed/{mover}~", mover))

    def _clear_hand(self, seen: Whereabouts) -> None:
        """An empty hand that is at a blade, or closed, opens, goes up and home."""
        if not seen.closed and seen.over is None:
            return
        targets, over = self.tasks.targets, seen.over
        place = None
        if over is not None:
            place = targets.fixture() if over == FIXTURE else targets.pocket(*over)
        self.executor.start(self.tasks.back_off("resumed/back_off~", "", place))

    # -- what became of the task -----------------------------------------------------------------

    def _settle_task(
        self, blade: BladeState, kind: TaskKind, told: Replayed, seen: Whereabouts, now: float
    ) -> None:
        task = self._task_id(kind)
        if kind == "inspect":
            self._settle_inspection(blade, task, told, seen, now)
            return
        source, goal = self.source(blade), FIXTURE
        program = self.tasks.load(task, blade.part, *source)
        if kind == "unload":
            assert blade.target is not None  # noqa: S101 - journalled when the unload began
            source, goal = FIXTURE, blade.target
            program = self.tasks.unload(task, blade.part, *goal)
        found = settle(blade.part, source, goal, seen)
        self._told(now, task, found)
        if found.how == "lost":
            self.halt(f"{task} was under way at the restart, and {found.text}", now)
        elif found.how == "done":
            self._clear_hand(seen)
            self._complete(blade, kind, now)
        else:
            self._go_on_with(program, found.step, seen)

    def _go_on_with(self, program: Program, step: str, seen: Whereabouts) -> None:
        """The program from a step on; fingers that are closed on nothing open first."""
        ids = [s.id for s in program.steps]
        ended = {i for i in ids[: ids.index(step)] if i != "table-home"}
        if seen.closed and seen.held is None and step in ("reach", "lower", "grip"):
            first = GripStep("open", (), self.world.handler, False)
            later = tuple(
                replace(s, needs=(*s.needs, "open")) if s.id == step else s for s in program.steps
            )
            program = Program(program.task, program.part, (first, *later), program.tail)
        self.executor.start(program, ended)

    def _settle_pause(self, seen: Whereabouts, now: float) -> None:
        """No task was under way: the hand has to be empty."""
        found = Settled("done", "", "no task was under way")
        if seen.held is not None:
            found = Settled("lost", "", f"no task was under way, and the hand holds {seen.held}")
        self._told(now, "", found)
        if found.how == "lost":
            self.halt(found.text, now)
        else:
            self._clear_hand(seen)

    def _settle_inspection(
        self, blade: BladeState, task: str, told: Replayed, seen: Whereabouts, now: float
    ) -> None:
        at = seen.blades.get(blade.part)
        text = f"{blade.part} is {named(at)}"
        if told.judged is not None:
            self._told(now, task, Settled("done", "", f"{text}, its verdict is in the journal"))
            judged = told.judged
            self._conclude(judged["decision"], judged["anomalies"], judged["longest"], now)
        elif told.critical is not None:
            self._told(now, task, Settled("done", "", f"{text}, its critical crack is known"))
            self._reject(told.critical, now)
        elif at != FIXTURE:
            self._told(now, task, Settled("lost", "", text))
            self.halt(f"{task} was under way at the restart, and {text}", now)
        elif self.state.outages.free_from(self.world, "inspect") > now:
            self._told(now, task, Settled("half done", "", f"{text}, the profiler sees nothing"))
            self._left.insert(1, "inspect")
            blade.spent += 1
            self._end_task(now, "aborted", f"{AGAIN}: it cannot go on after a restart")
        else:
            # of what was scanned nobody has the anomalies any more: it is scanned from the start
            self._told(now, task, Settled("half done", "scan", f"{text}, not judged"))
            self._clear_hand(seen)
            self.executor.start(self.tasks.inspect(task, blade.part))

    def _settle_failed(
        self, blade: BladeState, why: str, then: str, seen: Whereabouts, now: float
    ) -> None:
        """A task had failed; what was to follow on it is done now."""
        source = self.source(blade)
        if then == "put_back":
            found = settle(blade.part, None, source, seen)
        elif then == "leave":
            found = Settled("half done", "", f"{blade.part} is {named(seen.blades[blade.part])}")
        else:
            found = Settled("lost", "", why)
        task = f"{blade.part}/{then}"
        self._told(now, task, found)
        if found.how == "lost":
            self.halt(why if then == "halt" else f"{task}: {found.text}", now)
        elif then == "leave":
            self._clear_hand(seen)
            self.leave(blade, "left", why, now)
        elif found.how == "done":
            self._clear_hand(seen)
            self.put_back(blade, now)
        else:
            self._go_on_with(self.tasks.put_back(task, blade.part, *source), found.step, seen)

    def _told(self, now: float, task: str, found: Settled) -> None:
        detail = {"found": found.how, "step": found.step, "text": found.text}
        self._keep(now, "resumed", task, detail)
