"""Real processes run these."""

import pytest

from pointsman.calibration import sandbox
from pointsman.calibration.sandbox import TestResult


def test_tests_that_pass_are_counted():
    result = sandbox.run(
        "def double(n):\n    return 2 * n\n", ["assert double(2) == 4", "assert double(2) == 5"]
    )
    assert result == TestResult(1, "partly")


@pytest.mark.parametrize(
    "code",
    [
        "import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=1)",
        "import socket\nsocket.getaddrinfo('localhost', 80)",
        "import subprocess\nsubprocess.run(['true'])",
        "import os\nos.system('true')",
        "import os\nos.fork()",
        "open('/tmp/pointsman-was-here', 'w')",
        "import os\nos.remove('child.py')",
        "x = bytearray(2 * 1024 ** 3)",
        "raise SystemExit",
        "def broken(:",
    ],
)
def test_what_answers_must_not_do_fails_their_tests(code):
    assert sandbox.run(code, ["pass"]) == TestResult(0, "wrong")


def test_the_working_folder_may_be_used():
    code = "open('note.txt', 'w').write('x')\nsaid = open('note.txt').read()"
    assert sandbox.run(code, ["assert said == 'x'"]) == TestResult(1, "right")


def test_code_that_ends_its_process_gives_no_result():
    assert sandbox.run("import os\nos._exit(0)", ["pass"]) == TestResult(0, "crashed")


def test_code_cannot_claim_what_it_did_not_do():
    assert sandbox.run("import os\nos.write(1, b'0 5\\n')\nos._exit(0)", ["pass"]).passed == 0


def test_code_that_never_ends_is_stopped(monkeypatch):
    monkeypatch.setattr(sandbox, "PATIENCE_S", 0.5)
    assert sandbox.run("while True: pass", ["pass"]) == TestResult(0, "timed_out")
