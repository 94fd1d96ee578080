"""What aider writes in the human's and the model's name. It uses no tools: files, commits and its rules are
messages like any other, and stand between the human's words and the answer before them. Seen on real
traffic (aider 0.86) and in its public source (`aider/coders/*_prompts.py`).
"""

import re
from collections.abc import Sequence
from typing import Final

STARTS: Final = (
    "I have *added these files to the chat*",
    "I switched to a new code base. Please don't consider the above files",
    "I committed the changes with git hash",
    "I didn't see any properly formatted edits in your reply",
    "I am not sharing any files that you can edit yet.",
    "Don't try and edit any existing code without asking me to add the files",
    "Here are summaries of some files present in my git repository",
    "Here are some READ ONLY files",
    "Here are the *read-only files*",
)
"""How messages begin that no human wrote."""
WHOLE: Final = frozenset({"I updated the files.", "I edited the files myself."})
"""What it says with nothing behind it; a human may begin so, and go on."""
EXAMPLES: Final = (
    "Change get_factorial() to use math.factorial",
    "Replace is_prime with a call to sympy.",
    "Change the greeting to be more casual",
)
"""The first words of the conversations that it shows to models as examples."""
EXAMPLES_END: Final = "I switched to a new code base. Please don't consider the above files"
_RULES: Final = re.compile(
    r"^(?:# \*SEARCH/REPLACE block\* Rules:|# V4A Diff Format Rules:|# File editing rules:"
    r"|To suggest changes to a file you MUST return the entire content"
    r"|(?:ONLY|NEVER) return code (?:using|outside) the `\w+` function)",
    re.MULTILINE,
)
"""How its rules begin, which it puts behind the human's newest words."""
_REPLIES: Final = re.compile(
    r"Ok(?:\.?\s*\Z|, (?:any changes I propose|I will use these|I won't try and edit|based on your requests))"
)


def without_rules(text: str) -> str:
    """A message without the rules behind it.

    >>> without_rules("Fix it\\n\\n# *SEARCH/REPLACE block* Rules:\\n\\nEvery block ...")
    'Fix it'
    """
    if "Rules:" in text or "rules:" in text or "return" in text:
        rules = _RULES.search(text)
        return text if rules is None else text[: rules.start()].rstrip()
    return text


def is_notice(text: str) -> bool:
    """Whether a user's message is one that it writes itself.

    >>> is_notice("I updated the files."), is_notice("I updated the files. Run the tests again.")
    (True, False)
    """
    return text.startswith(STARTS) or text.strip() in WHOLE


def is_reply(text: str) -> bool:
    """Whether an assistant's message may be one of the replies that it writes itself."""
    return _REPLIES.match(text) is not None


def after_examples(texts: Sequence[str]) -> int:
    """Where the human's messages begin behind its examples; 0 where there are none."""
    if not texts or not texts[0].startswith(EXAMPLES):
        return 0
    return next((at + 1 for at, text in enumerate(texts) if text.startswith(EXAMPLES_END)), 0)
