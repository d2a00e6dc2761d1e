"""Keys and values of the rows of a batch, written into room that is set aside: rows come and go, nothing is moved.

`DynamicCache` copies all that it holds at every token: on SmolLM2 that takes a seventh of a
step's time at 64 rows behind 100 tokens.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

if TYPE_CHECKING:
    import torch

SLACK = 64
"""Columns set aside beyond those in use; what is held is moved once in so many tokens."""


class UnknownLayersError(ValueError):
    """The model keeps something else than keys and values by token."""


class RowLayer(DynamicLayer):  # type: ignore[no-untyped-call]  # transformers has no annotations there
    """Keys and values of one layer, each (B, H, T, D): views into larger tensors.

    A layer with a window keeps all of its past here; the mask that the model is given bounds what it sees.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # nor there
        self._rooms: list[torch.Tensor] = []
        self._start = self._end = 0

    def update(
        self, key_states: "torch.Tensor", value_states: "torch.Tensor", *_args: Any, **_more: Any
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Write the new columns, and return all that are in use."""
        states, new = (key_states, value_states), key_states.shape[-2]
        if not self._rooms:
            self._set_rooms([_room(one, one.shape[0], new + SLACK) for one in states])
        elif self._end + new > self._rooms[0].shape[-2]:
            held = self.get_seq_length()
            self._set_rooms([_moved(one, one.shape[0], held + new + SLACK) for one in self._views()])
            self._start, self._end = 0, held
        for room, one in zip(self._rooms, states, strict=True):
            room[:, :, self._end : self._end + new] = one
        self._end += new
        return self._look()

    def forget(self, kept: int) -> None:
        """Keep the last columns alone."""
        self._start = self._end - kept
        self._look()

    def keep_rows(self, rows: "torch.Tensor") -> None:
        """Keep these rows alone, in this order."""
        self._rooms = [room.index_select(0, rows) for room in self._rooms]
        self._look()

    def put(self, rows: "torch.Tensor", other: "RowLayer") -> None:
        """Write the rows of another layer in the place of these, at the right edge: it holds no more columns."""
        at = slice(self._end - other.get_seq_length(), self._end)
        for room, states in zip(self._rooms, other._views(), strict=True):
            room[rows, :, at] = states

    def repeated(self, rows: int, more: int) -> "RowLayer":
        """The only row of this layer, so many times, with room for more columns."""
        copy, held = RowLayer(), self.get_seq_length()
        copy._set_rooms([_moved(one, rows, held + more) for one in self._views()])
        copy._end = held
        copy._look()
        return copy

    def _set_rooms(self, rooms: "list[torch.Tensor]") -> None:
        self._rooms, self.is_initialized = rooms, True
        self.dtype, self.device = rooms[0].dtype, rooms[0].device

    def _views(self) -> "tuple[torch.Tensor, torch.Tensor]":
        keys, values = (room[:, :, self._start : self._end] for room in self._rooms)
        return keys, values

    def _look(self) -> "tuple[torch.Tensor, torch.Tensor]":
        self.keys, self.values = views = self._views()
        return views


class RowCache(DynamicCache):
    """The layers of a model, all of which keep keys and values by token.

    The methods of a batch have to be called between two passes of the model, so that all layers hold as many columns.
    """

    def __init__(self, model: Any) -> None:
        """It is empty.

        Args:
            model: Its configuration says what its layers keep.

        Raises:
            UnknownLayersError: some of them keep something else, such as a state.
        """
        super().__init__(config=model.config)
        kinds = [type(layer) for layer in self.layers]
        strange = sorted(
            {kind.__name__ for kind in kinds} - {DynamicLayer.__name__, DynamicSlidingWindowLayer.__name__}
        )
        if strange or not kinds:
            raise UnknownLayersError(f"its cache has other layers than keys and values by token: {', '.join(strange)}")
        self.layers: list[Any] = [RowLayer() for _ in kinds]

    def forget(self, kept: int) -> None:
        """Keep the last columns alone."""
        for layer in self._used():
            layer.forget(kept)

    def keep_rows(self, rows: "torch.Tensor") -> None:
        """Keep these rows alone, in this order."""
        for layer in self._used():
            layer.keep_rows(rows)

    def put(self, rows: "torch.Tensor", other: "RowCache") -> None:
        """Write the rows of another cache in the place of these, at the right edge: it holds no more columns."""
        for own, layer in zip(self.layers, other.layers, strict=True):
            if layer.is_initialized:
                own.put(rows, layer)

    def repeated(self, model: Any, rows: int, more: int) -> "RowCache":
        """A cache that begins with the only row of this one, so many times, with room for more columns."""
        copy = RowCache(model)
        copy.layers = [layer.repeated(rows, more) if layer.is_initialized else RowLayer() for layer in self.layers]
        return copy

    def _used(self) -> Sequence[RowLayer]:
        """Without those of a model that shares one layer's keys and values among several."""
        return [layer for layer in self.layers if layer.is_initialized]


def _room(like: "torch.Tensor", rows: int, columns: int) -> "torch.Tensor":
    _, heads, _, width = like.shape
    # Zeros, as what is masked is multiplied by nothing, and nothing times NaN is NaN.
    return like.new_zeros((rows, heads, columns, width))


def _moved(held: "torch.Tensor", rows: int, columns: int) -> "torch.Tensor":
    room = _room(held, rows, columns)
    room[:, :, : held.shape[-2]] = held
    return room
