"""The table of signals. A new one is a file here and a line below."""

from pointsman.gateway.outcomes.base import Signal
from pointsman.gateway.outcomes.signals import (
    abandoned,
    asked_anew,
    bad_tool_call,
    continued,
    cut_short,
    edit_kept,
    empty_answer,
    ended,
    fell_back,
    provider_fault,
    refusal,
    rejected,
    repeated_call,
    retried,
    schema_violation,
    tests_turned,
    tool_result,
    verdict,
)

SIGNALS: tuple[Signal, ...] = (
    schema_violation.SIGNAL,
    bad_tool_call.SIGNAL,
    empty_answer.SIGNAL,
    cut_short.SIGNAL,
    refusal.SIGNAL,
    provider_fault.SIGNAL,
    fell_back.SIGNAL,
    abandoned.SIGNAL,
    repeated_call.SIGNAL,
    tool_result.SIGNAL,
    tests_turned.SIGNAL,
    rejected.SIGNAL,
    verdict.SIGNAL,
    continued.SIGNAL,
    asked_anew.SIGNAL,
    retried.SIGNAL,
    edit_kept.SIGNAL,
    ended.SIGNAL,
)
"""Every signal, in the order in which they look."""
