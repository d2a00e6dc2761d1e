"""Looking a new text up among a run's accepted lessons, which Chroma holds.

Asking Chroma for the nearest few alone would lose duplicates: they can all be the same sentence with other numbers,
while the true duplicate is farther away. So it is asked for the lessons of equal text and for those that state the
same facts, by their digests in the metadata, which is exact. Where a crowd states the same facts, as questions without
numbers and names do, a batched query for the nearest lessons says which of the crowd are worth comparing.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.duplicates import Hit, Method
from ioa.memory.index import LessonIndex, Neighbour
from ioa.memory.near_verbatim import jaccard, shingles
from ioa.memory.similarity import Features, facts_digest, features, text_digest

_CROWD = 64
"""Lessons with the same facts from which on the nearest ones are asked for. The vectors of so many are fetched in 5 ms;
a query that is confined to so few of 100,000 lessons takes 60 ms, since it walks through nearly all of the others."""
_NEAREST = 100
"""Neighbours asked for, whatever they state. With 5,000 questions without facts among 100,000 lessons, 982 of 982
duplicates were found so that a comparison with all lessons finds; with 64 neighbours one of a crowd was missed."""
_ENOUGH = 32
"""So many neighbours of the same crowd are compared with; where there are fewer, the whole crowd is."""
_FAR = 0.6
"""Cosine below which nothing is nearly the same word for word. Of 11,000 problems with one to four words added or
exchanged and three quarters of their pairs of words left, the farthest from its original lies at 0.85 (wordllama)."""


class LessonPool:
    """The lessons in an index; asked as a `Pool` is, and nothing is kept of them but the facts of those it met."""

    def __init__(self, bounds: Bounds, index: LessonIndex, problem_of: Callable[[str], str]) -> None:
        """A pool of all lessons that are in the index whenever it is asked.

        Args:
            bounds: The thresholds.
            index: Where the lessons are.
            problem_of: The problem of the lesson with that id.
        """
        self._bounds = bounds
        self._index = index
        self._problem_of = problem_of
        self._met: dict[str, tuple[Features, str]] = {}
        """Features and digest of facts, by id, of lessons that were candidates once."""
        self._crowds: set[str] = set()
        """Digests of the facts that more than `_CROWD` lessons state."""

    def find(self, views: Sequence[Features], vectors: NDArray[np.float32]) -> list[Hit | None]:
        """For each of B new texts the lesson that it repeats; none if it is new.

        Args:
            views: The texts.
            vectors: Their vectors, (B, D), of norm 1.
        """
        digests = [text_digest(view).hex() for view in views]
        known = self._index.with_texts(list(dict.fromkeys(digests)))
        hits = [Hit(known[text], Method.EXACT, 1.0) if text in known else None for text in digests]
        open_ = [i for i, hit in enumerate(hits) if hit is None]
        found = self._candidates([facts_digest(views[i]).hex() for i in open_], vectors[open_])
        for i, candidates in zip(open_, found, strict=True):
            hits[i] = self._judge(views[i], candidates)
        return hits

    def _candidates(self, stated: Sequence[str], vectors: NDArray[np.float32]) -> list[list[Neighbour]]:
        """The lessons that state the same as each of B texts, as far as they are near enough to be compared."""
        groups = self._groups(stated)
        few = [i for i, facts in enumerate(stated) if facts in groups]
        many = [i for i, facts in enumerate(stated) if facts in self._crowds]
        found: list[list[Neighbour]] = [[] for _ in stated]
        for i, candidates in zip(few, self._compared([groups[stated[i]] for i in few], vectors[few]), strict=True):
            found[i] = candidates
        for i, candidates in zip(many, self._of_crowds([stated[i] for i in many], vectors[many]), strict=True):
            found[i] = candidates
        return found

    def _groups(self, stated: Sequence[str]) -> dict[str, list[str]]:
        """Ids of the lessons that state each of these; a crowd is remembered instead."""
        groups: dict[str, list[str]] = {}
        for id_ in self._index.with_facts([facts for facts in dict.fromkeys(stated) if facts not in self._crowds]):
            groups.setdefault(self._facts_of(id_), []).append(id_)
        crowds = {facts for facts, ids in groups.items() if len(ids) > _CROWD}
        self._crowds |= crowds
        return {facts: ids for facts, ids in groups.items() if facts not in crowds}

    def _compared(self, groups: Sequence[Sequence[str]], vectors: NDArray[np.float32]) -> list[list[Neighbour]]:
        """All of the lessons in each of B groups with their cosines to each of B vectors, nearest first."""
        ids = list(dict.fromkeys(id_ for group in groups for id_ in group))
        table = self._index.vectors(ids)
        row = {id_: place for place, id_ in enumerate(ids)}
        return [
            _sorted(zip(group, table[[row[id_] for id_ in group]] @ vector, strict=True))
            for group, vector in zip(groups, vectors, strict=True)
        ]

    def _of_crowds(self, stated: Sequence[str], vectors: NDArray[np.float32]) -> list[list[Neighbour]]:
        """For each of B texts the nearest lessons that state the same."""
        found = []
        for facts, vector, near in zip(stated, vectors, self._index.nearest(vectors, _NEAREST), strict=True):
            same = [one for one in near if self._facts_of(one.id) == facts]
            if len(same) < _ENOUGH and len(near) == _NEAREST and near[-1].cosine >= min(_FAR, self._bounds.cosine):
                # others are nearer, so the crowd's nearest may not be among them
                (same,) = self._compared([self._index.with_facts([facts])], vector[None])
            found.append(same[:_NEAREST])
        return found

    def _judge(self, view: Features, candidates: Sequence[Neighbour]) -> Hit | None:
        """The one of the candidates, all of which state the same, that the text repeats."""
        own = shingles(view.text)
        overlaps = [(-jaccard(own, shingles(self._view(one.id).text)), one.id) for one in candidates]
        overlap, key = min(overlaps, default=(0.0, ""))
        if key and -overlap >= self._bounds.jaccard:
            return Hit(key, Method.MINHASH, -overlap)
        if candidates and candidates[0].cosine >= self._bounds.cosine:
            return Hit(candidates[0].id, Method.EMBEDDING, min(1.0, candidates[0].cosine))
        return None

    def _view(self, id_: str) -> Features:
        return self._read(id_)[0]

    def _facts_of(self, id_: str) -> str:
        return self._read(id_)[1]

    def _read(self, id_: str) -> tuple[Features, str]:
        if id_ not in self._met:
            view = features(self._problem_of(id_))
            self._met[id_] = view, facts_digest(view).hex()
        return self._met[id_]


def _sorted(pairs: Iterable[tuple[str, np.float32]]) -> list[Neighbour]:
    """Nearest first; of equally near ones the first by id."""
    return sorted((Neighbour(id_, float(cosine)) for id_, cosine in pairs), key=lambda one: (-one.cosine, one.id))
