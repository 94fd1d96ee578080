"""A small client that tells a Pointsman gateway what became of requests and tasks. It needs nothing but
the standard library, and what it reports never breaks the work it reports on.

    client = Pointsman(agent="ci")
    with client.task(task_title="Fix the parser", domain="code") as task:
        answer = task.saw(ask_a_model())
"""

from pointsman.client.answers import Answer, NotReported
from pointsman.client.asynchronous import AsyncPointsman, AsyncTask
from pointsman.client.responses import request_id_of
from pointsman.client.synchronous import Pointsman, Task

__all__ = [
    "Answer",
    "AsyncPointsman",
    "AsyncTask",
    "NotReported",
    "Pointsman",
    "Task",
    "request_id_of",
]
