"""What `learner` tells a `learner_child`."""

from msgspec import Struct

from pointsman.learning.work import Options


class LearnerSettings(Struct, frozen=True, kw_only=True):
    """The database to learn in, and how. The settings come over the child's input, since the address may
    hold a password."""

    parent_pid: int
    dsn: str
    options: Options
