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

_END: Final = r"(?:\s*$|[,.!;:]|\s+[:;]-?\)|\s*[\u2600-\u27bf\U0001f300-\U0001faff])"
"""Where a judgement ends: what goes on without a stop is a sentence about something else."""
_NO_NAME: Final = r"(?! (?:handl|class|type|code|format|messag))"
_ERROR: Final = rf"(?:\w+ ){{0,3}}\w{{0,30}}(?:error|exception|failure|traceback)s?\b{_NO_NAME}"
_GO_ON_DE: Final = rf"(?:{_END}| (?:danke|gemacht|jetzt)\b)"
_WORDS: Final[dict[str, Sequence[str]]] = {
    UNDO: (
        r"(?:please )?(?:revert|undo|roll ?back)"
        rf"(?:{_END}| (?:it|that|this|these|those|your|all|everything|please"
        r"|the (?:last|previous|changes?|edits?))\b)",
        r"(?:mach|bitte mach)\w* das rückgängig",
        r"annule (?:ça|cela|tes)",
        r"(?:deshaz|revierte)\b",
        r"annulla (?:le|la|tutto)",
        r"desfa[çz]a?\b",
        r"撤销|回滚|还原",
        r"元に戻して",
        r"откати|верни (?:как было|обратно)",
        r"되돌려",
    ),
    RETRY: (
        rf"(?:please )?(?:try|do) (?:it |that )?again(?:{_END}| (?:with|but|and|please|now|using)\b)",
        rf"(?:please )?(?:retry|redo|regenerate)(?:{_END}| (?:it|that|this|please)\b)",
        r"(?:versuch|probier)\w* (?:es|das)? ?(?:noch ?(?:ein)?mal|nochmals)",
        r"(?:ré)?essaie (?:encore|à nouveau)|réessaie",
        r"int[ée]nta(?:lo)? (?:de nuevo|otra vez)",
        r"riprova\b",
        r"tent[ea] (?:de novo|novamente)",
        r"再试|重试|重新来|重新生成",
        r"もう一度(?:やって|試して)",
        r"попробуй (?:ещ[её] раз|снова)",
        r"다시 (?:해|시도)",
    ),
    CORRECTION: (
        rf"(?:no|nope|nah)(?:{_END}| - | (?:that|it|this|you|i|not|don't|stop)\b)",
        rf"(?:wrong|incorrect)(?:{_END}| (?:one|file|function|place|way|approach|answer|language|again)\b)",
        r"(?:that|this|it|you)(?:'s|'re| is| are| was| were)? (?:still |just |also )?(?:the )?(?:wrong"
        r"|incorrect|broken|mistaken|failing|not (?:quite |exactly |really |at all )?(?:right\b(?! now)"
        r"|correct|what|working|it\b|true|how|the right))",
        r"(?:that|this|it) (?:still )?(?:does ?n[o']t|did ?n[o']t|do ?n[o']t|isn'?t|wasn'?t"
        r"|is not|was not) (?:work|compile|run|build|fix|help|right|correct|what)",
        r"(?:does ?n[o']t|did ?n[o']t) (?:work|compile|run|build|fix|help)\b",
        r"not (?:quite|working|what i|exactly(?! sure)|correct|fixed|right\b(?! now))",
        r"(?:(?:that|this|it)(?: just| now| still)?|(?:and )?now (?:it|that|this)) (?:fails?|failed"
        r"|crash(?:es|ed)|breaks|broke|errors|hangs|throws)\b",
        r"it worked before",
        r"(?:(?:the|my|your|i|it|this|that) (?:\w+ ){0,3}|tests? |i'm |it's |again )?still (?:not "
        r"|the same |fail|broken|wrong|get|doesn|does not|crash|error|happen|there\b|red\b|see)",
        rf"(?:(?:and )?now )?i(?:'m| am)?(?: now| still)? (?:get|getting|got) {_ERROR}",
        rf"(?:the )?(?:exact )?same (?:error|problem|issue|exception|failure){_NO_NAME}",
        r"(?:you|u) (?:forgot|missed|broke|deleted|removed|ignored|misunderstood|didn'?t"
        r"|did not|haven'?t|were supposed|should(?:n't| not)? have)",
        r"i (?:said|asked (?:you )?(?:for|to|not)|told you|didn'?t ask|did not ask|meant|wanted(?! to))\b",
        r"why did(?:n't)? you (?:delete|remove|change|ignore|break|stop|skip|rewrite|touch|edit|rename|drop"
        r"|do (?:that|this))\b",
        r"(?:stop|don'?t) (?:doing|changing|editing|touching) ",
        rf"nein(?:{_END}| (?:das|es|so|ich|du|nicht)\b)|falsch{_END}|immer noch\b|du hast .{{0,30}}vergessen",
        r"(?:das|es|dies) (?:ist|war) (?:immer noch )?(?:falsch|nicht (?:richtig|korrekt|das|was))",
        r"(?:(?:das|es|dies) )?(?:funktioniert|geht|klappt|läuft|hilft|stimmt) (?:\w+ ){0,2}nicht",
        r"ich (?:bekomme|erhalte|kriege) .{0,30}fehler",
        rf"non(?:{_END}| (?:ce|c'|pas|ça|je|tu)\b)|c'est faux",
        r"ce n'est (?:toujours )?pas (?:ça|correct|bon|ce que)",
        r"[çc]a (?:ne )?(?:marche|fonctionne|compile) (?:toujours )?pas|tu as oublié",
        r"toujours (?:pas|la même|le même)|(?:la |le )?même (?:erreur|problème)",
        r"eso (?:no|está mal)|está mal|incorrecto|(?:eso |esto |todavía |aún )?no funciona",
        r"te (?:olvidaste|faltó)",
        r"sigue (?:sin|fallando|igual|dando)|(?:el )?mismo (?:error|problema)",
        rf"não(?:{_END}| (?:é isso|era isso|deu|funcion))|está errado|errado|você esqueceu",
        r"(?:isso |ainda )não",
        r"(?:o )?mesmo erro|continua (?:dando|com)",
        r"sbagliato|(?:ancora )?non (?:funziona|va\b|è (?:giusto|corretto|quello))|hai dimenticato"
        r"|(?:lo )?stesso errore",
        r"不对(?!称)|错了|不是这[样个]|还是(?:不行|不对|报错|有问题|没|一样)|没有?用(?!的)|不行(?!的)|报错(?![信处提日])",
        r"違い?う|違います|間違(?:い|って)|動か(?:ない|ず)(?!とき|場合)|動きません|だめ|まだ(?:エラー|動)|エラーが(?:出ます|発生し)|そうじゃな",
        rf"нет(?:{_END}| (?:это|не|я|ты|так)\b)|неправильно|неверно|не (?:то|так)\b|ты забыл",
        r"та же (?:самая )?ошибка",
        r"(?:(?:это|вс[её]|вс[её] ещ[её]|вс[её] равно|по-прежнему) )?не (?:работает|компилируется|помогло)",
        r"안 ?(?:돼|되|됩)|틀렸|아니(?:요|야|에요)|여전히|(?:에러|오류)가",
        r"(?:(?:het|dit|dat) )?werkt (?:\w+ ){0,2}niet|(?:to )?(?:(?:dalej|nadal) )?nie działa",
    ),
    PRAISE: (
        r"thanks\b(?! to\b)|(?:thank you|thx|cheers)\b|ty(?:[!,]|[.\s]*$)",
        r"(?:perfect|great|awesome|excellent|nice|brilliant|wonderful|amazing|fantastic|lovely|cool)"
        rf"(?:{_END}| (?:work|job|thanks|thank|stuff|one|now|it|that|this|catch|explanation|idea|point)\b)",
        r"good (?:job|work)\b|well done",
        r"(?:that|this|it)(?:'s| is)?(?: now)? (?:works?|worked|working|perfect|great|correct|right"
        r"|exactly what|good|better)\b(?! (?:to|before|until|only|if|when|on|for (?!me)|practice|as)\b)",
        r"(?:that|this|it) (?:fixed|solved|did) (?:it|the)\b",
        rf"works{_END}|(?:works|working) (?:now|great|perfectly|fine|well)",
        rf"(?:lgtm|looks good|all good|exactly(?:{_END}| what)|you(?:'re| are) right|correct[.!]?$"
        r"|yes[,.!]? (?:perfect|great|exactly|that))",
        r"danke\b|vielen dank|sehr gut\b|passt so\b",
        rf"(?:perfekt|super|klasse|prima|toll|passt|funktioniert(?: jetzt)?){_GO_ON_DE}",
        r"merci\b(?! de )|très bien\b",
        rf"(?:parfait|génial|ça (?:marche|fonctionne)(?: maintenant)?)(?:{_END}| merci\b)",
        rf"gracias\b|muy bien\b|(?:ya|ahora) funciona|(?:perfecto|genial|excelente){_END}",
        rf"obrigad[oa]|muito bem\b|agora funciona|(?:perfeito|ótimo|excelente){_END}",
        rf"grazie\b|ora funziona|(?:perfetto|ottimo|fantastico|benissimo){_END}",
        r"谢谢|太好了|完美|很好|可以了|不错",
        r"ありがとう|完璧|いいね|動きました|素晴らしい",
        rf"спасибо|(?:отлично|супер|идеально|работает|класс){_END}",
        r"감사|고마|좋아요|완벽",
        r"bedankt|dank je|dzięki|dziękuję",
    ),
}
_START: Final = (
    r"^(?:(?:hm+|oh|ok(?:ay)?|well|sorry|hey|um+|ah|wait|but|actually|ach|also|bueno|bon|ну|hi)[,.! ]+)*"
)
_PATTERNS: Final = {
    verdict: re.compile(f"{_START}(?:{'|'.join(words)})", re.IGNORECASE) for verdict, words in _WORDS.items()
}
_BUT: Final = re.compile(
    r"\b(?:but|however|except|although|though|still|unfortunately|aber|leider"
    r"|jedoch|mais|pero|mas|però|ma)\b|но |但是|不过|でも",
    re.IGNORECASE,
)
_NO: Final = re.compile(
    rf"{_START}(?:no|nope|nah|nein|non|não|нет|nee|nie|아니(?:요|에요|야))\b[,.!:; ]*", re.IGNORECASE
)
_NO_NEED: Final = re.compile(
    r"(?:th(?:an)?[kx]s?\b|thank you|(?:no |(?<=no ))(?:need|problem|worries|rush)\b|all good"
    r"|leave (?:it|that)|just\b|not (?:now|yet|need|necess)"
    r"|(?:that|it)(?:'s| is)? (?:all|fine|ok|okay|good|enough)\b|(?:i'm|we're) (?:good|fine|ok|done)\b"
    r"|danke|passt\b(?! (?:\w+ )?nicht)|nicht nötig|merci|gracias|hace falta|obrigad"
    r"|precisa|grazie|serve\b|спасибо|(?<=нет )проблем|не надо|не нужно|bedankt|dank|dzięk)",
    re.IGNORECASE,
)
"""What turns a no into "that will do"."""
ASKING_CHARS: Final = 200
_QUESTION: Final = re.compile(r"\?[\"'\u2019\u201d\u00bb)\]*_`]*(?:\s|\Z)")
"""A question mark that ends something; those of code and addresses (`a?.b`, `/find?name=x`) do not."""
_OTHER_MARKS: Final = ("\uff1f", "\u061f")
_TAIL_RETRY: Final = re.compile(r"\btry again\b[.!]?$", re.IGNORECASE)


def verdict_of(words: str, *, asked: bool = False) -> str | None:
    """What a human's message (without blocks and code) says of the answer before it: one of VERDICTS, or
    None. Praise with a "but" is no verdict. If that answer `asked` something, a "no" only answers it, and
    what comes after is read; a "no" that declines something is no verdict in any case.

    >>> verdict_of("No, that is wrong. Try again"), verdict_of("Thanks!"), verdict_of("Add a test for it")
    ('correction', 'praise', None)
    >>> verdict_of("No, use tabs"), verdict_of("No, use tabs", asked=True), verdict_of("No, thanks")
    ('correction', None, None)
    """
    text = words[:LONG_CHARS].strip()
    read = text[:READ_CHARS] if len(words) < LONG_CHARS else text[:FIRST_CHARS]
    read = read.replace("\u2019", "'")
    no = _NO.match(read)
    if no is not None:
        if _NO_NEED.match(read, no.end()):
            return None
        read = read[no.end() :] if asked else read
    for verdict, pattern in _PATTERNS.items():
        if pattern.match(read):
            return None if verdict == PRAISE and _BUT.search(read) else verdict
    return RETRY if _TAIL_RETRY.search(read) else None


def declines(words: str, *, asked: bool = False) -> bool:
    """Whether a message begins with a "no" that turns down an offer and not the answer before.

    >>> declines("No, thanks"), declines("No, use tabs"), declines("No, use tabs", asked=True)
    (True, False, True)
    """
    read = words[:READ_CHARS].replace("\u2019", "'")
    no = _NO.match(read)
    return no is not None and (asked or _NO_NEED.match(read, no.end()) is not None)


def asks(answer: str) -> bool:
    """Whether an answer ends with a question to the human, or nearly so.

    >>> asks("Done. Shall I run the tests?"), asks("Done."), asks("Done: name = user?.name")
    (True, False, False)
    """
    end = answer[-ASKING_CHARS:]
    return ("?" in end and _QUESTION.search(end) is not None) or any(mark in end for mark in _OTHER_MARKS)
