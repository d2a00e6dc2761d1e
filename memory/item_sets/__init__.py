"""Item sets: files and data sets of problems with answers that a person has already."""

from ioa.memory.item_sets.faults import SHOWN, Fault, UnreadableFile, told
from ioa.memory.item_sets.formats import FORMATS, Format
from ioa.memory.item_sets.reading import ItemSet, ItemSetSource, read_item_set

__all__ = [
    "FORMATS",
    "SHOWN",
    "Fault",
    "Format",
    "ItemSet",
    "ItemSetSource",
    "UnreadableFile",
    "read_item_set",
    "told",
]
