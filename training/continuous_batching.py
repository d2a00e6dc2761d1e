"""Continuous batching: a row whose reply has ended gives its place to the next prompt, so that the batch stays full.

What all prompts begin with (the head of the chat template, a system turn, an instruction, worked examples) is computed
once. Which rows stand together follows from the prompts and what the model says alone, so that the same prompts get
the same replies to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from ioa.training.generation import SHRINK, Choose, Ending, next_logits, pad_left, window_sizes

if TYPE_CHECKING:
    import torch

    from ioa.training.row_cache import RowCache

JOIN = 8
"""Rows join once this part of the batch is free: each pass over new prompts costs as much as a few tokens of a batch,
beside what it computes, and a row that waits costs a token at every step."""


def decode_continuously(
    model: Any,
    prompts: Sequence[Sequence[int]],
    choose: Choose,
    *,
    pad_id: int,
    ending: Ending,
    size: int,
    shared: bool = True,
) -> list[list[int]]:
    """See `Decoder`, and `shared`: whether a common beginning is computed once; never where layers see a window.

    The longest prompts come first: what joins is never longer than what stands there already.

    Supposes that the model takes `past_key_values`, keeps nothing but keys and values by token, and that columns which
    are masked, at the left and behind the common beginning, are kept apart by the attention mask and the positions:
    `choose_decoding` tries that.
    """
    import torch

    with torch.inference_mode():
        batch = _Batch(model, prompts, choose, pad_id, ending)
        if shared:
            batch.read_beginning()
        waiting = sorted((i for i in range(len(prompts)) if ending.limits[i] > 0), key=lambda i: len(prompts[i]))
        while batch.open or waiting:
            free = size - len(batch.open)
            if waiting and (not batch.open or free >= max(1, size // JOIN)):
                joining = [waiting.pop() for _ in range(min(free, len(waiting)))]
                batch.join(joining)
            elif not waiting:
                batch.shrink()
            if batch.open:
                batch.step()
    return batch.replies


@dataclass
class _Batch:
    """The rows that stand together: (B, T) columns, the right edge of all rows being the last token."""

    model: Any
    prompts: Sequence[Sequence[int]]
    choose: Choose
    pad_id: int
    ending: Ending
    replies: list[list[int]] = field(init=False)
    rows: list[int] = field(default_factory=list)
    """The prompt of each row; of a row that has ended too, until another takes its place."""
    open: set[int] = field(default_factory=set)
    """Prompts whose replies are being written."""
    beginning: "RowCache | None" = None
    begun: int = 0
    """Tokens of the common beginning."""

    def __post_init__(self) -> None:
        self.replies = [[] for _ in self.prompts]

    def read_beginning(self) -> None:
        """Compute once what all prompts begin with."""
        from ioa.training.row_cache import RowCache

        common = common_beginning(self.prompts)
        cache = RowCache(self.model)
        # Windows are counted in columns, and behind the beginning some are empty in a row that is shorter than others.
        if common and len(self.prompts) > 1 and not window_sizes(self.model):
            ids, mask = pad_left([common], self.pad_id, self.model.device)
            next_logits(self.model, cache, ids, mask)
            self.beginning, self.begun = cache, len(common)

    def join(self, joining: Sequence[int]) -> None:
        """Read new prompts, choose their first tokens, and put them where rows have ended, or beside the others."""
        import torch

        from ioa.training.row_cache import RowCache

        ids, mask = pad_left([self.prompts[i][self.begun :] for i in joining], self.pad_id, self.model.device)
        if self.beginning is None:
            cache = RowCache(self.model)
        else:
            cache = self.beginning.repeated(self.model, len(joining), ids.shape[1])
            mask = torch.cat((mask.new_ones(len(joining), self.begun), mask), dim=1)
        logits = next_logits(self.model, cache, ids, mask)
        free = [place for place, row in enumerate(self.rows) if row not in self.open][: len(joining)]
        is_empty = not self.open
        self.open.update(joining)
        chosen = self._take(logits, joining)
        if is_empty:
            self.rows, self.cache, self.mask, self.last = list(joining), cache, mask, chosen
            self.extents = [mask.shape[1]] * len(joining)
            return
        at = torch.tensor(free, device=self.model.device)
        self.cache.put(at, cache)
        self.mask[at] = 0
        self.mask[at, -mask.shape[1] :] = mask
        self.last[at] = chosen
        for place, row in zip(free, joining, strict=True):
            self.rows[place], self.extents[place] = row, mask.shape[1]

    def step(self) -> None:
        """Write one more token of each row."""
        import torch

        self._forget()
        self.mask = torch.cat((self.mask, self.mask.new_ones(len(self.rows), 1)), dim=1)
        self.extents = [extent + 1 for extent in self.extents]
        self.last = self._take(next_logits(self.model, self.cache, self.last[:, None], self.mask), self.rows)

    def shrink(self) -> None:
        """Leave out rows that have ended, once there are enough of them to be worth the copy."""
        import torch

        if self.open and len(self.open) <= SHRINK * len(self.rows):
            places = [place for place, row in enumerate(self.rows) if row in self.open]
            keep = torch.tensor(places, device=self.model.device)
            self.cache.keep_rows(keep)
            self.mask, self.last = self.mask[keep], self.last[keep]
            self.rows, self.extents = [self.rows[i] for i in places], [self.extents[i] for i in places]

    def _forget(self) -> None:
        """Let go of the columns at the left in which no row that is being written has anything."""
        used = max(extent for extent, row in zip(self.extents, self.rows, strict=True) if row in self.open)
        if used < self.mask.shape[1]:
            self.cache.forget(used)
            self.mask = self.mask[:, -used:]

    def _take(self, logits: "torch.Tensor", rows: Sequence[int]) -> "torch.Tensor":
        """The tokens that are chosen, (B,), written down; rows whose replies end with them are open no more."""
        chosen = self.choose(logits, rows)
        for row, token in zip(rows, chosen.tolist(), strict=True):
            if row in self.open and self.ending.add(self.replies[row], row, token):
                self.open.discard(row)
                self.ending.on_end(row)
        return chosen


def common_beginning(prompts: Sequence[Sequence[int]]) -> list[int]:
    """A token of each prompt is left, which says what comes next."""
    room = min(map(len, prompts), default=1) - 1
    columns = zip(*(prompt[:room] for prompt in prompts), strict=True)
    return [column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns)]
