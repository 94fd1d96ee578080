"""The loop, against models made of plain functions."""

import threading

import pytest

from pointsman.calibration.asking import NoAnswer, Refused, Said
from pointsman.calibration.items import Item
from pointsman.calibration.plan import CannotPlan, estimates_of, pairs_of, plan_of, scored
from pointsman.calibration.runner import OverBudget, Runner, Spent
from pointsman.core.ids import new_request_id
from pointsman.core.money import Price
from pointsman.core.snapshot import Model, Target

SUM = Item(prompt="1+1?", answer="2", id="sum", max_output_tokens=10)
SUMS = [Item(prompt=f"{n}+1?", answer=str(n + 1), id=f"sum-{n}", max_output_tokens=10) for n in range(20)]
ESSAY = Item(prompt="Write.", id="essay", max_output_tokens=10)


def a_target(name, usd_micros=0):
    model = Model(name=name, price=Price(input_usd_micros=usd_micros, output_usd_micros=usd_micros))
    return Target(id=f"shop/{name}", provider="shop", model=model, upstream_model=name, dialects=())


class Models:
    """Answers by model id; `asked` is what was asked of whom."""

    def __init__(self, **answers):
        self.answers = {f"shop/{name}": answer for name, answer in answers.items()} | answers
        self.asked = []
        self.cost = 5

    def ask(self, model, messages, max_tokens, labels=None):
        self.asked.append((model, messages[-1]["content"]))
        answer = self.answers[model]
        text = answer(messages[-1]["content"]) if callable(answer) else answer
        return Said(
            text=text, request_id=new_request_id(), cost_usd_micros=self.cost, latency_ms=3.0, cut=False
        )


def played(models, items, *names, done=(), limit=10**9, usd_micros=0, judge=None):
    targets = [a_target(name, usd_micros) for name in names]
    plan = plan_of(items, [], targets, {}, judge)
    kept, lock = [], threading.Lock()

    def keep(results):
        with lock:
            kept.extend(results)

    runner = Runner(plan, models, keep, Spent(limit), lambda one: None)
    try:
        runner.run(done, 4)
    finally:
        played.kept = kept
    return {(one.item, one.target): one for one in kept}


def test_each_model_is_asked_each_prompt_and_scored():
    found = played(Models(good="2", bad="3"), [SUM], "good", "bad")
    assert found["sum", "shop/good"].score == 1.0
    assert found["sum", "shop/bad"].score == 0.0
    assert found["sum", "shop/bad"].cost_usd_micros == 5


def test_what_has_its_score_is_not_asked_again():
    models = Models(good="2", bad="3")
    found = played(models, [SUM], "good", "bad", done={("sum", "shop/good")})
    assert [model for model, _ in models.asked] == ["shop/bad"]
    assert scored(found.values()) == {("sum", "shop/bad")}


def raising(error):
    def answer(_):
        raise error

    return answer


def test_a_model_that_gives_no_answer_has_no_score_and_is_soon_left_alone():
    models = Models(dead=raising(NoAnswer("status_502")))
    found = played(models, SUMS, "dead")
    assert [(one.score, one.detail) for one in found.values()] == [(None, "status_502")] * 3


def test_a_refusal_ends_it():
    with pytest.raises(Refused):
        played(Models(good=raising(Refused("no key"))), SUMS, "good")


def test_it_stops_before_the_budget_is_overspent():
    models = Models(good="2")
    models.cost = 40
    with pytest.raises(OverBudget):
        played(models, SUMS, "good", limit=100, usd_micros=1_000_000)
    assert sum(one.cost_usd_micros for one in played.kept) <= 100
    assert played.kept


def first_is_better(shown):
    first = shown.partition("SECOND ANSWER")[0]
    return '{"first": 8, "second": 2}' if "fine" in first else '{"first": 2, "second": 8}'


def test_a_judge_sees_both_orders_and_grades_become_scores():
    models = Models(good="a fine answer", bad="a poor answer", umpire=first_is_better)
    found = played(models, [ESSAY], "good", "bad", "umpire", judge="umpire", done=())
    assert found["essay", "shop/good"].score == 0.8
    assert found["essay", "shop/bad"].score < 0.8
    assert sum(1 for model, _ in models.asked if model == "umpire") == 6


def test_without_grades_there_is_no_score():
    models = Models(good="x", umpire="I cannot say.")
    found = played(models, [ESSAY], "good", "umpire", judge="umpire")
    assert {one.detail for one in found.values()} == {"no_grades"}


def test_each_answer_is_compared_with_two_others():
    names = [f"shop/{n}" for n in range(7)]
    pairs = pairs_of(ESSAY, names)
    assert len(pairs) == 7
    assert {name: sum(name in pair for pair in pairs) for name in names} == dict.fromkeys(names, 2)
    assert pairs == pairs_of(ESSAY, list(reversed(names)))
    assert len(pairs_of(ESSAY, names[:2])) == 1


def test_the_estimate_is_at_least_the_cost_of_the_longest_answers():
    plan = plan_of([SUM, ESSAY], [], [a_target("a", 1_000_000), a_target("b")], {}, "a")
    one, other, judging = estimates_of(plan)
    assert one.prompts == other.prompts == 2
    assert one.cost_usd_micros >= 20
    assert other.cost_usd_micros == 0
    assert judging.model == "judge a"
    assert judging.prompts == 2
    left = estimates_of(plan, {("sum", "shop/a")})
    assert [row.prompts for row in left] == [1, 2, 2]


@pytest.mark.parametrize(
    ("items", "wanted", "judge", "told"),
    [
        ([SUM], ["unknown"], None, "unknown"),
        ([ESSAY], [], None, "--judge"),
        ([ESSAY], ["a"], "a", "two models"),
        ([ESSAY], [], "nobody", "nobody"),
    ],
)
def test_what_cannot_be_done_is_told(items, wanted, judge, told):
    with pytest.raises(CannotPlan, match=told):
        plan_of(items, wanted, [a_target("a"), a_target("b")], {}, judge)
