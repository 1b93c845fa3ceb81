"""Leads one arm to points by a trained policy, on request, at a steady rate."""

import time

import numpy as np
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.task import Future
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory
from twincell_msgs.action import Reach
from twincell_msgs.msg import TargetReport

from twincell.cell.assembly import generator
from twincell.envs.randomise import Ranges
from twincell.errors import GoalError, TwincellError
from twincell.geometry.catalogue import nominal
from twincell.geometry.description import describe
from twincell.physics.collision import CollisionChecker
from twincell.training.disturbance import Disturbance
from twincell.training.pilot import pilot_of
from twincell.training.reaching import Reaching
from twincell_nodes import qos
from twincell_nodes.conversions import header, seconds
from twincell_nodes.messages import target
from twincell_nodes.running import URGENT, CellNode, run

__all__ = ["PolicyNode", "main"]

SILENCE = 5.0
"""Without a joint state for so long nobody can be led: longer than time stands for a sensor that
has died [s of wall time]."""
FEEDBACK = 10
"""Steps from one feedback to the next."""


class PolicyNode(CellNode):
    """Answers `<arm>/policy/reach`; one motion at a time.

    Refuses to start with a policy for another arm, action or observation.

    Parameters: `arm`, one of the world file that has a `policy`; `rate`, steps a second of wall
    time: more often than in training is a fresher answer, not another one; `noise` [rad, rad/s] and
    `latency` [periods of the training], at most, drawn for each motion.
    """

    def __init__(self) -> None:
        super().__init__("policy", arm="", rate=100.0, noise=0.0, latency=0)
        self._arm, self._rate = self.parameter("arm"), float(self.parameter("rate"))
        if not self._rate > 0.0:
            raise TwincellError(f"rate {self._rate}; valid: above 0 [Hz]")
        self.pilot = pilot_of(self.path, self._arm)
        self._ranges = Ranges.of({name: (0, self.parameter(name)) for name in ("noise", "latency")})
        self._rng = generator(self.seed, f"policy/{self._arm}")
        base = self.path.parent
        arms = {name: describe(name, arm, base) for name, arm in self.world.arms.items()}
        self._checker = CollisionChecker(self.world, arms, nominal(self.world.part, base))
        self._order = {n: d.joints for n, d in arms.items()}
        self._states: dict[str, JointState] = {}
        self._taken = False
        self._motion: Reaching | None = None
        self._disturbance = Disturbance(self._ranges, self.pilot.period, self._rng)
        self._handle = None
        self._ended: Future | None = None
        self._intervals: list[float] = []
        self._inferences: list[float] = []
        self._latencies: list[float] = []
        self._last = self._heard = 0.0
        self._steps = 0
        self._followed: list[float] = []
        self._connect()
        name = self.pilot.policy.name
        self.get_logger().info(f"{name} leads {self._arm} at {self._rate:g} Hz")

    def _connect(self) -> None:
        self._boxes = {
            n: self.mailbox(JointState, f"{n}/joint_states", qos.NEWEST) for n in self.world.arms
        }
        base = f"{self._arm}/arm_controller/joint_target"
        self._targets = self.create_publisher(JointTrajectory, base, qos.NEWEST)
        self.create_subscription(TargetReport, f"{base}_report", self._told, qos.RELIABLE)
        self._timer = self.wall_timer(1.0 / self._rate, self._step)
        self._timer.cancel()
        self._server = ActionServer(
            self,
            Reach,
            f"{self._arm}/policy/reach",
            goal_callback=self._asked,
            execute_callback=self._reach,
            cancel_callback=self._cancel,
        )

    # ---------------------------------------------------------------- one motion

    def _asked(self, _goal: Reach.Goal) -> GoalResponse:
        # from here on, not from when its motion begins: another goal may come in between
        if self._taken:
            return GoalResponse.REJECT
        self._taken = True
        return GoalResponse.ACCEPT

    def _cancel(self, _handle) -> CancelResponse:
        if self._motion is not None:
            self._motion.end("called off")
        return CancelResponse.ACCEPT

    async def _reach(self, handle) -> Reach.Result:
        try:
            return await self._lead(handle)
        finally:
            self._taken = False

    async def _lead(self, handle) -> Reach.Result:
        asked = handle.request
        point = np.array([asked.goal.x, asked.goal.y, asked.goal.z])
        try:
            motion = Reaching(
                self.pilot, point, asked.tolerance or None, asked.patience or None, self._obstacle
            )
        except TwincellError as error:
            self.get_logger().warning(f"goal refused: {error}")
            handle.abort()
            return Reach.Result(reached=False, distance=float("nan"), text=str(error))
        self._intervals, self._inferences, self._latencies = [], [], []
        self._disturbance = Disturbance(self._ranges, self.pilot.period, self._rng)
        self._motion, self._handle, self._ended = motion, handle, Future()
        self._steps, self._last, self._heard = 0, 0.0, time.monotonic()
        self._timer.reset()
        why = await self._ended
        self._timer.cancel()
        self._motion = self._handle = None
        done = motion.result
        result = Reach.Result(
            reached=done is not None and done.reached,
            distance=float(motion.distance),
            tolerance=float("nan") if done is None else done.tolerance,
            duration=float("nan") if done is None else done.duration,
            text=why or done.text,
            intervals=self._intervals,
            inferences=self._inferences,
            latencies=self._latencies,
        )
        if result.reached:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return result

    # ---------------------------------------------------------------- one step

    def _step(self) -> None:
        """Hear the joints, ask the policy, send what it says."""
        motion = self._motion
        if motion is None or self._ended.done():
            return
        begun = time.monotonic()
        if self._last:
            self._intervals.append(begun - self._last)
        self._last = begun
        self._look(begun)
        state = self._states.get(self._arm)
        if state is None or begun - self._heard > SILENCE:
            if begun - self._heard > SILENCE:
                self._ended.set_result(f"no joint state of {self._arm} for {SILENCE:g} s")
            return
        now = seconds(state.header.stamp)
        try:
            answer = motion.update(now, *self._disturbance.heard(*self._joints(self._arm)))
        except TwincellError as error:
            # the next step would find the same; the newest target runs out by itself
            self._ended.set_result(str(error))
            return
        answer = self._disturbance.given(answer, now)
        if answer is not None:
            self._targets.publish(target(answer))
            self._inferences.append(time.monotonic() - begun)
            self._steps += 1
            if self._steps % FEEDBACK == 0:
                self._feed_back(state, answer)
        if motion.result is not None:
            self._ended.set_result("")

    def _look(self, now: float) -> None:
        for name, box in self._boxes.items():
            for message in self.waiting(box):
                self._states[name] = message
                if name == self._arm:
                    self._heard = now

    def _joints(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Positions and speeds of a mover, in the order of its description.

        Raises:
            TwincellError: the joint state lacks some.
        """
        state = self._states[name]
        at = {joint: i for i, joint in enumerate(state.name)}
        try:
            rows = [at[joint] for joint in self._order[name]]
            return np.array(state.position)[rows], np.array(state.velocity)[rows]
        except (KeyError, IndexError):
            raise TwincellError(
                f"joint state of {name} with {len(state.position)} positions and "
                f"{len(state.velocity)} speeds of {', '.join(state.name) or '(no joint)'}; valid: "
                f"both of each of {', '.join(self._order[name])}"
            ) from None

    def _obstacle(self, q: np.ndarray) -> str | None:
        """What the arm would touch at `q`, the others where they are."""
        others = {n: self._joints(n)[0] for n in self._states if n != self._arm}
        return self._checker.obstacle(self._arm, q, others)

    def _told(self, report: TargetReport) -> None:
        """What the drives made of a target."""
        if self._motion is None:
            return
        if report.followed:
            self._latencies.append(seconds(report.header.stamp) - seconds(report.asked))
            self._followed = list(report.positions)
        elif report.error_code != GoalError.OLD_HEADER_TIMESTAMP:
            # one that came too late moved nothing, and the next one is on its way
            self._motion.end(report.text)

    def _feed_back(self, state: JointState, answer) -> None:
        self._handle.publish_feedback(
            Reach.Feedback(
                header=header(seconds(state.header.stamp), "world"),
                distance=float(self._motion.distance),
                joint_names=list(answer.joints),
                followed=self._followed,
            )
        )


def main(args=None) -> None:
    """Entry point."""
    run(PolicyNode, args, urgent=URGENT)
