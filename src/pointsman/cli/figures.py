"""Writes figures for people: money, tokens, times."""

from datetime import datetime

NONE = "-"
_SPANS = ((86_400, "d"), (3600, "h"), (60, "min"))


def usd(micros: int | None) -> str:
    """Micro-dollars as dollars: five decimals below one dollar, else two.

    >>> usd(1230), usd(0), usd(1_234_567_890), usd(None)
    ('$0.00123', '$0', '$1,234.57', '-')
    """
    if micros is None:
        return NONE
    if micros == 0:
        return "$0"
    dollars = micros / 1_000_000
    return f"${dollars:.5f}" if abs(dollars) < 1 else f"${dollars:,.2f}"


def per_million(micros: int | None) -> str:
    """A price in dollars per million tokens, with no more decimals than it has.

    >>> per_million(3_000_000), per_million(75_000), per_million(0)
    ('$3', '$0.075', '$0')
    """
    return NONE if micros is None else f"${micros / 1_000_000:.6f}".rstrip("0").rstrip(".")


def count(number: int | None) -> str:
    """A whole number with thousands separators.

    >>> count(1234567)
    '1,234,567'
    """
    return NONE if number is None else f"{number:,}"


def share(value: float | None) -> str:
    """A number from 0 to 1 with two decimals."""
    return NONE if value is None else f"{value:.2f}"


def span(milliseconds: float | None) -> str:
    """How long something took.

    >>> span(12.3), span(4560), span(125_000), span(None)
    ('12 ms', '4.6 s', '2 min 5 s', '-')
    """
    if milliseconds is None:
        return NONE
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(int(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


def ago(at_s: float | None, now_s: float) -> str:
    """How long ago something was.

    >>> ago(100, 130), ago(100, 3800), ago(None, 0), ago(100, 90)
    ('30 s ago', '1 h ago', 'never', 'now')
    """
    if at_s is None:
        return "never"
    passed_s = int(now_s - at_s)
    if passed_s < 1:
        return "now"
    for length_s, unit in _SPANS:
        if passed_s >= length_s:
            return f"{passed_s // length_s} {unit} ago"
    return f"{passed_s} s ago"


def clock(at_s: float, now_s: float) -> str:
    """A local time; with its date when that is not today's."""
    at, now = datetime.fromtimestamp(at_s), datetime.fromtimestamp(now_s)
    return at.strftime("%H:%M:%S" if at.date() == now.date() else "%Y-%m-%d %H:%M:%S")


def when(at_s: float | None, now_s: float) -> str:
    """A local time, and how long ago that was."""
    return NONE if at_s is None else f"{clock(at_s, now_s)} ({ago(at_s, now_s)})"


def cut(text: str, width: int) -> str:
    """The text, at most `width` characters of it.

    >>> cut("abcdef", 4), cut("abcd", 4)
    ('abc…', 'abcd')
    """
    return text if len(text) <= width else text[: width - 1] + "…"


def printable(text: str) -> str:
    """The text without control characters, which names sent by clients may have and terminals obey.

    >>> printable("gpt\\x1b[2J\\u202e")
    'gpt?[2J?'
    """
    return text if text.isprintable() else "".join([c if c.isprintable() else "?" for c in text])
