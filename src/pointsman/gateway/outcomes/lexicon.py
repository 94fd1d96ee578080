"""Whether a human's message approves of the last answer or corrects it. A small word list that anybody can
read and extend; a message that fits nothing says nothing.

Only the beginning counts: people judge first and then go on. Long messages are new tasks more often than
verdicts, so of them only the first sentence is read.
"""

import re
from collections.abc import Sequence
from typing import Final

READ_CHARS: Final = 240
LONG_CHARS: Final = 600
FIRST_CHARS: Final = 100

CORRECTION: Final = "correction"
PRAISE: Final = "praise"
RETRY: Final = "try_again"
UNDO: Final = "undo"
VERDICTS: Final = frozenset({CORRECTION, PRAISE, RETRY, UNDO})

_WORDS: Final[dict[str, Sequence[str]]] = {
    UNDO: (
        r"(?:please )?(?:revert|undo|roll ?back)\b(?! (?:button|stack|function|feature|command"
        r"|migration))",
        r"(?:mach|bitte mach)\w* das rückgängig",
        r"annule (?:ça|cela|tes)",
        r"(?:deshaz|revierte)\b",
        r"annulla (?:le|la|tutto)",
        r"desfa[çz]a?\b",
        r"撤销|回滚|还原",
        r"元に戻して",
        r"откати|верни (?:как было|обратно)",
    ),
    RETRY: (
        r"(?:please )?(?:try|do it|do that) (?:it |that )?again",
        r"(?:versuch|probier)\w* (?:es|das)? ?(?:noch ?(?:ein)?mal|nochmals)",
        r"(?:ré)?essaie (?:encore|à nouveau)|réessaie",
        r"int[ée]nta(?:lo)? (?:de nuevo|otra vez)",
        r"riprova\b",
        r"tent[ea] (?:de novo|novamente)",
        r"再试|重试|重新来",
        r"もう一度(?:やって|試して)",
        r"попробуй (?:ещ[её] раз|снова)",
    ),
    CORRECTION: (
        r"(?:no|nope|nah)(?:[,.!:;-]|$| (?:that|it|this|you|i|not|don't|stop)\b)",
        r"(?:wrong|incorrect)\b",
        r"(?:that|this|it|you)(?:'s|'re| is| are| was| were)? (?:still )?(?:wrong|incorrect"
        r"|broken|not (?:right|correct|what|working)"
        r"|mistaken|failing)",
        r"(?:that|this|it) (?:still )?(?:does ?n[o']t|did ?n[o']t|do ?n[o']t|isn'?t|wasn'?t"
        r"|is not|was not) (?:work|compile|run|build|fix|help|right|correct|what)",
        r"(?:still|again) (?:not |the same |fail|broken|wrong|get|doesn)",
        r"(?:you|u) (?:forgot|missed|broke|deleted|removed|ignored|misunderstood|didn'?t"
        r"|did not|haven'?t|were supposed)",
        r"i (?:said|asked (?:you )?(?:for|to|not)|told you|didn'?t ask|did not ask|meant)\b",
        r"why did you\b",
        r"(?:stop|don'?t) (?:doing|changing|editing|touching) ",
        r"(?:nein|falsch|das (?:ist|war) (?:falsch|nicht richtig)"
        r"|(?:das )?funktioniert (?:immer noch )?nicht|stimmt nicht"
        r"|geht (?:immer noch )?nicht|du hast .{0,30}vergessen)",
        r"(?:non[,.! ]|c'est faux|ce n'est pas (?:ça|correct|bon)|ça ne (?:marche"
        r"|fonctionne) (?:toujours )?pas|tu as oublié)",
        r"(?:no[,.!]|eso (?:no|está mal)|está mal|incorrecto|no funciona|sigue sin funcionar"
        r"|te (?:olvidaste|faltó))",
        r"(?:não[,.! ]|está errado|errado|não funciona|ainda não|você esqueceu)",
        r"(?:sbagliato|non (?:funziona|è (?:giusto|corretto|quello))|hai dimenticato)",
        r"不对|错了|不是这样|还是不行|没有用|不行",
        r"違い?う|違います|間違(?:い|って)|動かない|だめ",
        r"(?:нет[,.! ]|неправильно|неверно|(?:всё|все) ещ[её] не работает|не работает|ты забыл)",
    ),
    PRAISE: (
        r"(?:thanks|thank you|thx|ty|cheers)\b",
        r"(?:perfect|great|awesome|excellent|nice|brilliant|wonderful|amazing|fantastic"
        r"|good (?:job|work)|well done|lovely)\b",
        r"(?:that|this|it)(?:'s| is)? (?:works?|worked|working|perfect|great|correct|right"
        r"|exactly|good|better)\b",
        r"(?:works|working) (?:now|great|perfectly|fine|well)",
        r"(?:lgtm|looks good|all good|exactly(?: what)?|you(?:'re| are) right|correct[.!]?$"
        r"|yes[,.!]? (?:perfect|great|exactly|that))",
        r"(?:danke|perfekt|super|sehr gut|klasse|prima|toll|passt|funktioniert(?: jetzt)?[.!]?$)",
        r"(?:merci|parfait|super|génial|excellent|ça (?:marche"
        r"|fonctionne)(?: maintenant)?[.!]?$|très bien)",
        r"(?:gracias|perfecto|genial|excelente|muy bien|(?:ya|ahora) funciona)",
        r"(?:obrigad[oa]|perfeito|ótimo|excelente|muito bem|agora funciona)",
        r"(?:grazie|perfetto|ottimo|fantastico|ora funziona|benissimo)",
        r"谢谢|太好了|完美|很好|可以了|不错",
        r"ありがとう|完璧|いいね|動きました|素晴らしい",
        r"(?:спасибо|отлично|супер|идеально|работает[.!]?$|класс)",
    ),
}
_START: Final = r"^(?:(?:hm+|oh|ok(?:ay)?|well|sorry|hey|um+|ah|ach|also|bueno|bon|ну|hi)[,.! ]+)*"
_PATTERNS: Final = {
    verdict: re.compile(f"{_START}(?:{'|'.join(words)})", re.IGNORECASE) for verdict, words in _WORDS.items()
}
_BUT: Final = re.compile(
    r"\b(?:but|however|except|although|still|aber|jedoch|mais|pero|mas|però|ma)\b|но |但是|不过|でも",
    re.IGNORECASE,
)
_TAIL_RETRY: Final = re.compile(r"\btry again\b[.!]?$", re.IGNORECASE)


def verdict_of(words: str) -> str | None:
    """What a human's message (without blocks and code) says of the answer before it: one of VERDICTS, or
    None. Praise with a "but" is no verdict.

    >>> verdict_of("No, that is wrong. Try again"), verdict_of("Thanks!"), verdict_of("Add a test for it")
    ('correction', 'praise', None)
    """
    text = words[:LONG_CHARS].strip()
    read = text[:READ_CHARS] if len(words) < LONG_CHARS else text[:FIRST_CHARS]
    read = read.replace("\u2019", "'")
    for verdict, pattern in _PATTERNS.items():
        if pattern.match(read):
            return None if verdict == PRAISE and _BUT.search(read) else verdict
    return RETRY if _TAIL_RETRY.search(read) else None
