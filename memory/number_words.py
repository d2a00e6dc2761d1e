"""The words beside a number: those that make it another number, or a statement about one, in several languages."""

import re

MAGNITUDES: dict[str, int] = {
    "hundred": 100,
    **dict.fromkeys(("thousand", "tausend", "тысяч", "тысячи", "тыс"), 10**3),
    **dict.fromkeys(("million", "millions", "millionen", "millón", "millones", "milhões", "milhão", "milioni"), 10**6),
    **dict.fromkeys(("mio", "mln", "миллион", "миллиона", "миллионов", "млн"), 10**6),
    **dict.fromkeys(("milliarde", "milliarden", "milliard", "milliards", "miliardi", "миллиард", "миллиарда"), 10**9),
    **dict.fromkeys(("billion", "billions", "bn", "mrd", "миллиардов", "млрд"), 10**9),
    **dict.fromkeys(("trillion", "trillions"), 10**12),
    **dict.fromkeys(("lakh", "lakhs", "lac"), 10**5),
    **dict.fromkeys(("crore", "crores"), 10**7),
    **dict.fromkeys(("dozen",), 12),
    **dict.fromkeys(("万", "萬", "만"), 10**4),
    **dict.fromkeys(("亿", "億", "억"), 10**8),
}
"""What a word behind a number multiplies it by. `billón` and `Billion` in German are left out: they are 10^12."""

_CJK_BEFORE = (
    "不是|不等于|并非|並非|非|超过|超過|大于|大於|小于|小於|多于|少于|至少|至多|最多|不到|不足|未满|低于|高于|约等于不"
)
_BEFORE = rf"""
    \b(?:not|cannot|never|neither|nor|without|except)\b|n['\u2019]t\b
  | \b(?:more|less|fewer|greater|larger|smaller|higher|lower|bigger|other|rather|older|younger|longer|shorter)\s+than\b
  | \bat\s+(?:least|most)\b | \bup\s+to\b | \bbetween\b | \bexceed\w*
  | \b(?:over|under|above|below|beyond)\s+(?:the\s+|about\s+)?(?=\S{{0,2}}\Z)
  | \b(?:half|twice|double|triple|thrice|minus|negative)\b | \bout\s+of\b
  | \b(?:none|zero|nothing|one|two|three|four|five|six|seven|eight|nine|ten|part|third|quarter|most|some|few)\s+of\b
  | \b(?:nicht|kein\w*|weder|mindestens|höchstens|zwischen|(?:mehr|weniger|größer|kleiner)\s+als)\b
  | \b(?:ne|n['\u2019]est|pas|entre|au\s+(?:moins|plus)|(?:plus|moins)\s+(?:de|que|grand\s+que|petit\s+que)|jusqu\w*)\b
  | \bno\s+(?:es|son|hay|era)\b | \b(?:más|menos|mayor|menor)\s+(?:de|que)\b | \b(?:al\s+menos|como\s+máximo|hasta)\b
  | \b(?:não|mais|menos|maior|menor)\s+(?:é|são|de|que|do\s+que)\b | \b(?:pelo\s+menos|no\s+máximo|até)\b
  | \bnon\b | \b(?:più|meno|maggiore|minore)\s+(?:di|che)\b | \b(?:almeno|al\s+massimo|fino\s+a)\b
  | \b(?:niet|geen|minstens|hoogstens|(?:meer|minder)\s+dan)\b
  | \b(?:nie|co\s+najmniej|najwyżej|(?:więcej|mniej)\s+niż)\b
  | \b(?:не|нет|больше|меньше|более|менее|как\s+минимум|не\s+более)\b | \b(?:değil|inte|ikke)\b
  | (?:{_CJK_BEFORE})
"""
_BEHIND = r"""
    \b(?:or|and)\s+(?:more|less|fewer|above|below|over|under|higher|lower|older|younger|up|so\s+on)\b
  | \bat\s+(?:least|most)\b | ^\W*(?:is|are|was|does|do|would|can)(?:\s+not\b|n['\u2019]t\b)
  | \b(?:is|are|was)(?:\s+not|n['\u2019]t)\s+(?:the\s+)?(?:right|correct|answer|enough|possible|true)\b
  | \b(?:is|are|was)\s+(?:wrong|incorrect|false|too)\b
  | \b(?:below|under)\s+zero\b | \bunter\s+null\b | \bbajo\s+cero\b | \bsotto\s+zero\b | \bниж\u0435\s+нуля\b
  | ^\W*(?:not|wrong|incorrect|false|nope|nicht|falsch)\b
  | \b(?:oder|bzw\.?)\s+(?:mehr|weniger|höher)\b | \bou\s+(?:plus|moins|mais|menos)\b | \bo\s+(?:más|menos|più|meno)\b
  | \b(?:или|и)\s+(?:больше|меньше|более|менее)\b | \b(?:неверно|неправильно)\b
  | ^\s?[\u4e00-\u9fff\uac00-\ud7a3]{0,3}\s?(?:以上|以下|以内|未満|未满|이상|이하|미만|초과)
  | ^\s?(?:超|ではな|じゃな|でな|不对|不對|错误|錯誤|이?\s?아니|左右不)
"""
BEFORE = re.compile(_BEFORE, re.VERBOSE | re.IGNORECASE)
"""In front of a number: it is denied or compared with, or only a part of what is stated."""
BEHIND = re.compile(_BEHIND, re.VERBOSE | re.IGNORECASE)
"""The same behind it."""
EARLIER_OR_LATER = re.compile(
    r"\b(?:before|after|prior\s+to|vor|nach|avant|après|antes\s+de|después\s+de|depois\s+de|prima\s+del|dopo\s+il)\s*\Z",
    re.IGNORECASE,
)
"""In front of a number without a unit, which is a year or an hour then; `after 18 days` tells a duration."""
CHANGED = re.compile(
    r"\W*(?:(?:plus|minus|times\s+\w|over|divided|multiplied|squared|cubed|factorial|pi|sqrt|root|log|doubled|tripled|halved|less\s+(?:an?|one|two|three))\b"
    r"|(?:half|halves|thirds?|quarters?|fourths?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?)\b"
    r"|(?:hundred|thousand)ths?\b|and\s+(?:a|one|three)\s+(?:half|quarters?|thirds?)\b)",
    re.IGNORECASE,
)
"""Behind a number: what makes it another one."""
ONE_LETTER_UNITS = frozenset("mshglLAVWJNFCΩÅ°")
"""Other single letters may be unknowns, constants, or short for thousand and million."""
APART_UNITS = ONE_LETTER_UNITS | frozenset("tdK")
"""The same with a space before it: `5 t` is a weight, `5t` five times something."""
ARTICLES = frozenset(("a", "à", "y", "e", "o", "w", "z", "i", "v", "u", "é"))
"""Words of one letter, where another word follows them."""
THOUSAND = "千百兆십백천조"
"""Behind a number they are magnitudes, but they begin some units as well."""
PREFIXED = re.compile(r"千(?:克|米|瓦|卡|焦|帕|伏|赫|字节|公里)|百(?:分|科|合)|兆(?:字节|赫|瓦)")
_BELOW_TWENTY = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NAMED = {word: number for number, word in enumerate(_BELOW_TWENTY.split())}
_NAMED |= {word: 10 * number for number, word in enumerate(_TENS.split(" "), start=2)}


def spelled(text: str) -> int | None:
    """The number below 1000 that English words spell, such as `forty-two`; none where they spell none."""
    words = [word for word in re.split(r"[\s-]+", text.casefold().strip()) if word != "and"]
    if not words or any(word not in _NAMED and word != "hundred" for word in words):
        return None
    total = 0
    for word in words:
        total = total * 100 if word == "hundred" else total + _NAMED[word]
    return total
