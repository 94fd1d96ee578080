"""How the process that learns is told how to."""

from msgspec.structs import replace

from pointsman.app.config import Config
from pointsman.app.learner import options_of


def test_it_keeps_what_requests_taught_as_long_as_the_log_keeps_the_requests():
    config = Config()
    longer = replace(config, log=replace(config.log, retention_days=90))
    assert options_of(longer).log_days == 90
