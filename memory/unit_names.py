"""Whether two units are the same, however they are called. They are not converted into one another."""

import re

_NAMES = (
    "$ usd dollar us$ buck dólar dólare доллар долларов 美元 ドル 달러",
    "€ eur euro евро 欧元 ユーロ 유로",
    "£ gbp pound quid 英镑",
    "¥ jpy yen cny rmb yuan 円 元 圆 日元 人民币",
    "₹ inr rupee rs",
    "% percent pct percentage per-cent prozent pourcent porciento porcento procent процентов процент パーセント 퍼센트",
    "° deg degree grad degré grado grau градусов градус 度 도",
    "°c celsius degree-celsius ℃",
    "°f fahrenheit degree-fahrenheit",
    "km kilometer kilometre kilomètre kilómetro quilômetro chilometro км километров 公里 千米",
    "m meter metre mètre metro м метров 米",
    "cm centimeter centimetre zentimeter centimètre centímetro см 厘米",
    "mm millimeter millimetre millimètre мм 毫米",
    "in inch inche zoll",
    "ft foot feet",
    "mi mile",
    "kg kilogram kilo kilogramm кг 千克 公斤",
    "g gram gramm gramme грамм 克",
    "l liter litre литров 升",
    "ml milliliter millilitre 毫升",
    "h hr hour stunde heure hora ora час часов 小时 時間 시간",
    "min minute minuto minuten минут 分钟 分",
    "s sec second sekunde seconde segundo secondo секунд 秒 초",
    "d day tag tage jour día dia giorno дней 天 日 일",
    "km/h kmh kph kmph kilometer-per-hour kilometre-per-hour км/ч",
    "mph mile-per-hour mi/h",
    "m/s mps meter-per-second metre-per-second м/\u0441",
    "m² m2 sqm square-meter square-metre sq-m qm",
    "cm² cm2 square-centimeter square-centimetre sq-cm",
    "m³ m3 cubic-meter cubic-metre",
)
_KNOWN = {name: group.split()[0] for group in _NAMES for name in group.split()}
_FUNCTION_WORDS = """
    a altogether and are as at because by for i in is it left more of on or remaining since so that the this total was
    were which he she they we you den der die das ist sind est sont le la les es son el los é são o os
"""
_NO_UNITS = frozenset(_FUNCTION_WORDS.split())
"""Words with which a sentence goes on behind a number that has no unit."""
_RATES = re.compile(r"/|\b(?:per|pro|par|por|al|each|every)\b")


def same_unit(one: str, other: str) -> bool:
    """Whether two units are the same, or one of them is none. `red apples` are `apples`, but `km` is not `km/h`."""
    left, right = _words(one), _words(other)
    if not left or not right or left == right:
        return True
    if left[0] in _KNOWN.values() and right[0] in _KNOWN.values() and left[0] != right[0]:
        return False
    if bool(_RATES.search(one)) != bool(_RATES.search(other)):
        return False
    return set(left) <= set(right) or set(right) <= set(left)


def _words(unit: str) -> list[str]:
    """The unit's words by their common names, the number of things left out; none where it is no unit."""
    words = [_singular(word) for word in unit.casefold().split()]
    for count in range(min(3, len(words)), 0, -1):
        if found := _KNOWN.get("-".join(words[:count])):
            return [found, *words[count:]]
    return [] if not words or words[0] in _NO_UNITS else words


def _singular(word: str) -> str:
    word = word.strip(".'\u2019-")
    if word in _KNOWN or word in _NO_UNITS or len(word) < 4:
        return word
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
