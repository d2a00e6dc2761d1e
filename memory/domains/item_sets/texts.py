"""The texts of items, as they are compared with lessons and shown."""

from collections.abc import Sequence


def without_common_ending(texts: Sequence[str]) -> list[str]:
    """The texts without the last line that all of them have in common, which says how to answer."""
    endings = {text.rstrip().rpartition("\n")[2].strip() for text in texts}
    cut = [text.rstrip().rpartition("\n")[0] for text in texts]
    return cut if len(texts) > 1 and len(endings) == 1 and all(map(str.strip, cut)) else list(texts)
