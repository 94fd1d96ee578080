"""The loop of a calibration: asks each model in a lane of its own, scores, and hands each result on at once,
so that little is lost when it is killed."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from pointsman.calibration.asking import NoAnswer, Refused, Said
from pointsman.calibration.graders import grade
from pointsman.calibration.items import Item
from pointsman.calibration.plan import Done, Plan, judging_cost, output_tokens, pairs_of, tokens_of
from pointsman.core.calibration import CalibrationResult, Grader
from pointsman.core.chat import Usage
from pointsman.core.snapshot import Target
from pointsman.gateway.shadow import judge

SAME_FAULTS: Final = 3
"""After so many questions in a row without an answer a model is left alone."""


class Asks(Protocol):
    """Asks a model; raises `NoAnswer` and `Refused`."""

    def ask(
        self,
        model: str,
        messages: list[dict[str, str]],
        max_tokens: int,
        labels: dict[str, str] | None = None,
    ) -> Said: ...


class Spent(Struct):
    """What was spent of what may be, in micro-USD."""

    limit_usd_micros: int
    usd_micros: int = 0


class OverBudget(Exception):
    """The next question could cost more than is left."""


class Runner:
    """One run. `keep` takes results that belong together, from any thread; `step` hears of each that is done.
    `stop` ends it after the questions that are being asked."""

    def __init__(
        self,
        plan: Plan,
        asker: Asks,
        keep: Callable[[Sequence[CalibrationResult]], None],
        spent: Spent,
        step: Callable[[CalibrationResult], None],
    ) -> None:
        self.stopped = threading.Event()
        self._plan = plan
        self._asker = asker
        self._keep_all = keep
        self._spent = spent
        self._step = step
        self._lock = threading.Lock()

    def run(self, done: Done, parallel: int) -> None:
        """Asks all that has no score yet, `parallel` models at a time. Raises `OverBudget`, `Refused` and
        what `keep` raises, when no more is being asked."""
        with ThreadPoolExecutor(max_workers=parallel) as lanes:
            try:
                self._wait([lanes.submit(self._lane, target, done) for target in self._plan.targets])
                for item in self._plan.judged:
                    if self.stopped.is_set():
                        return
                    if not all((item.name, target.id) in done for target in self._plan.targets):
                        self._judge(item, lanes)
            except BaseException:
                self.stopped.set()
                raise

    def _wait(self, lanes: Sequence["Future[None]"]) -> None:
        failed = None
        for lane in lanes:
            try:
                lane.result()
            except (OverBudget, Refused) as error:
                self.stopped.set()
                failed = failed or error
        if failed is not None:
            raise failed

    def _lane(self, target: Target, done: Done) -> None:
        faults = 0
        try:
            for item in self._plan.graded:
                if self.stopped.is_set() or faults >= SAME_FAULTS:
                    return
                if (item.name, target.id) not in done:
                    result = self._graded(item, target)
                    self._keep([result])
                    faults = faults + 1 if result.score is None else 0
        except BaseException:
            self.stopped.set()
            raise

    def _graded(self, item: Item, target: Target) -> CalibrationResult:
        try:
            said = self._ask(item, target)
        except NoAnswer as error:
            return CalibrationResult(item=item.name, target=target.id, grader=item.grader, detail=str(error))
        found = grade(item, said.text)
        detail = "cut_short" if said.cut and found.score < 1.0 else found.detail
        return _result(item, target, said, found.score, detail)

    # Judging

    def _judge(self, item: Item, lanes: ThreadPoolExecutor) -> None:
        """Has all targets answer, and then compared."""
        asked = [(target, lanes.submit(self._answered, item, target)) for target in self._plan.targets]
        answers, results = {}, []
        for target, lane in asked:
            said = lane.result()
            if isinstance(said, NoAnswer):
                results.append(
                    CalibrationResult(item=item.name, target=target.id, grader=item.grader, detail=str(said))
                )
            else:
                answers[target.id] = said
        grades, cost = self._compared(item, answers)
        share = -(-cost // max(len(answers), 1))
        for target in self._plan.targets:
            if target.id in answers:
                said = answers[target.id]
                given = grades.get(target.id, [])
                score = sum(given) / len(given) / judge.BEST_GRADE if given else None
                paid = replace(said, cost_usd_micros=said.cost_usd_micros + share)
                results.append(_result(item, target, paid, score, "judged" if given else "no_grades"))
        self._keep(results)

    def _answered(self, item: Item, target: Target) -> Said | NoAnswer:
        try:
            return self._ask(item, target)
        except NoAnswer as error:
            return error

    def _compared(self, item: Item, answers: dict[str, Said]) -> tuple[dict[str, list[float]], int]:
        """Each answer's grades, and what judging cost."""
        grades: dict[str, list[float]] = {}
        cost = 0
        for one, other in pairs_of(item, list(answers)):
            for first, second in ((one, other), (other, one)):
                shown = judge.question(item.prompt, answers[first].text, answers[second].text)
                found, paid = self._verdict(shown)
                cost += paid
                if found is not None:
                    grades.setdefault(first, []).append(found.first)
                    grades.setdefault(second, []).append(found.second)
        return grades, cost

    def _verdict(self, shown: list[dict[str, str]]) -> tuple[judge.Grades | None, int]:
        most = judging_cost(self._plan, shown)
        try:
            said = self._paid(self._plan.judge or "", shown, judge.MAX_OUTPUT_TOKENS, None, most)
        except NoAnswer:
            return None, 0
        return judge.grades_in(said.text), said.cost_usd_micros

    # Asking

    def _ask(self, item: Item, target: Target) -> Said:
        tokens = output_tokens(item, target.model)
        usage = Usage(input_tokens=tokens_of(len(item.prompt) + len(item.system)), output_tokens=tokens)
        labels = {"domain": item.domain, "complexity": item.complexity}
        most = target.model.price.cost_usd_micros(usage)
        return self._paid(target.id, item.messages, tokens, labels, most)

    def _paid(
        self,
        model: str,
        messages: list[dict[str, str]],
        tokens: int,
        labels: dict[str, str] | None,
        most_usd_micros: int,
    ) -> Said:
        """Asks, if the most that it can cost is left, which is held back meanwhile."""
        spent = self._spent
        with self._lock:
            if spent.usd_micros + most_usd_micros > spent.limit_usd_micros:
                raise OverBudget
            spent.usd_micros += most_usd_micros
        cost = 0
        try:
            said = self._asker.ask(model, messages, tokens, labels)
            cost = said.cost_usd_micros
        finally:
            with self._lock:
                spent.usd_micros += cost - most_usd_micros
        return said

    def _keep(self, results: Sequence[CalibrationResult]) -> None:
        self._keep_all(results)
        with self._lock:
            for one in results:
                self._step(one)


def _result(item: Item, target: Target, said: Said, score: float | None, detail: str) -> CalibrationResult:
    grader: Grader = item.grader
    return CalibrationResult(
        item=item.name,
        target=target.id,
        grader=grader,
        score=score,
        detail=detail,
        request_id=said.request_id,
        cost_usd_micros=said.cost_usd_micros,
        latency_ms=min(round(said.latency_ms, 1), 86_400_000.0),
    )
