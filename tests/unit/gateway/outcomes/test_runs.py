"""Test runs and builds are known by their output."""

import pytest

from pointsman.gateway.outcomes.runs import END_CHARS, FAMILIES, Run, run_in

OUTPUTS = [
    ("pytest", "==== 2 failed, 3 passed, 1 warning in 1.20s ====", False),
    ("pytest", "FAILED tests/test_a.py::test_b - assert 1 == 2", False),
    ("pytest", "==== 5 passed, 1 skipped in 0.31s ====", True),
    ("pytest", "5 passed in 0.31s", True),
    ("unittest", "Ran 3 tests in 0.01s\n\nFAILED (failures=1)", False),
    ("unittest", "Ran 3 tests in 0.010s\n\nOK", True),
    ("cargo", "error[E0382]: borrow of moved value", False),
    ("cargo", "test result: ok. 4 passed; 0 failed; 0 ignored", True),
    ("go", "--- FAIL: TestA (0.00s)\nFAIL\texample.com/a\t0.01s", False),
    ("go", "ok  \texample.com/a\t0.012s", True),
    ("js", "Tests:       1 failed, 4 passed, 5 total", False),
    ("js", "Tests:       5 passed, 5 total", True),
    ("js", " Test Files  1 failed | 2 passed (3)", False),
    ("js", "  3 passing (12ms)", True),
    ("tsc", "src/a.ts(3,5): error TS2322: Type 'x' is not assignable", False),
    ("js", " 2 pass\n 1 fail\nRan 3 tests", False),
    ("js", " 3 pass\n 0 fail\nRan 3 tests", True),
    ("js", "ℹ tests 3\nℹ pass 2\nℹ fail 1", False),
    ("js", "  1 failed\n    [chromium] › a.spec.ts\n  3 passed (5.0s)", False),
    ("js", "Running 3 tests using 1 worker\n  3 passed (5.0s)", True),
    ("js", "✖ 3 problems (2 errors, 1 warning)", False),
    ("js", "ok | 3 passed | 0 failed (10ms)", True),
    ("cargo", "     Summary [   0.5s] 3 tests run: 2 passed, 1 failed, 0 skipped", False),
    ("pytest", "\x1b[31m==== \x1b[1m1 failed\x1b[0m, \x1b[32m2 passed\x1b[0m in 0.05s ====\x1b[0m", False),
    ("npm", "npm ERR! code ELIFECYCLE", False),
    ("jvm", "BUILD SUCCESSFUL in 2s", True),
    ("jvm", "[INFO] BUILD FAILURE", False),
    ("dotnet", "Build succeeded.\n    0 Warning(s)", True),
    ("c", "a.c:3:5: error: expected ';'", False),
    ("c", "make: *** [Makefile:3: all] Error 1", False),
    ("python", "Traceback (most recent call last):\n  File 'a.py'", False),
    ("python", "Success: no issues found in 3 source files", True),
    ("phpunit", "OK (3 tests, 5 assertions)", True),
    ("ruby", "3 examples, 0 failures", True),
]


@pytest.mark.parametrize(("family", "text", "green"), OUTPUTS)
def test_a_run_is_known_with_its_colour(family: str, text: str, green: bool) -> None:
    found = run_in(f"some\noutput\n{text}\n")
    assert found is not None
    assert (found.family, found.green) == (family, green)


@pytest.mark.parametrize("text", ["", "hello", "the tests failed, he said", "0 failed", "def passed(): pass"])
def test_other_output_is_no_run(text: str) -> None:
    assert run_in(text) is None


def test_a_failure_beside_successes_is_red() -> None:
    assert run_in("ok  \ta\t0.1s\nFAIL\tb\t0.1s") == Run("go", False, 1)


def test_a_traceback_that_a_green_run_prints_is_no_failure() -> None:
    assert run_in("Traceback (most recent call last):\n caught\n== 3 passed in 0.1s ==") == Run(
        "pytest", True
    )


def test_the_end_of_a_long_output_is_read() -> None:
    assert run_in("x\n" * END_CHARS + "== 3 passed in 0.1s ==") == Run("pytest", True)


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("==== 2 failed, 300 passed, 1 error in 1.20s ====", 2),
        ("Ran 30 tests in 0.01s\n\nFAILED (failures=3, errors=1)", 3),
        ("Test Suites: 1 failed, 2 total\nTests:       4 failed, 4 passed, 8 total", 4),
        ("error: could not compile `x` (lib) due to 7 previous errors", 7),
        ("--- FAIL: TestA (0.00s)\n--- FAIL: TestB (0.00s)", 2),
        ("E  HTTP: 500 error\nFAILED a.py::b - 500 errors\n==== 2 failed in 1.20s ====", 2),
    ],
)
def test_how_much_failed_is_told(text: str, failed: int) -> None:
    found = run_in(text)
    assert found is not None
    assert found.failed == failed


def test_every_family_has_a_sample() -> None:
    assert {family for family, _, _ in OUTPUTS} == FAMILIES


def test_the_report_is_found_behind_many_lines_that_look_like_one() -> None:
    assert run_in("checking: failed lookup\n" * 900 + "==== 3 passed in 0.1s ====") == Run("pytest", True)
