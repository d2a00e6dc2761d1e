"""Item sets: files and data sets of problems with answers that a person has already."""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.memory.domains.item_sets.formats import FORMATS, Format
    from ioa.memory.domains.item_sets.item_faults import SHOWN, Fault, describe_faults
    from ioa.memory.domains.item_sets.item_files import ItemSet, ItemSetSource, read_item_set
    from ioa.memory.text_files import UnreadableFile
else:
    import_when_used(__name__)

__all__ = [
    "FORMATS",
    "SHOWN",
    "Fault",
    "Format",
    "ItemSet",
    "ItemSetSource",
    "UnreadableFile",
    "describe_faults",
    "read_item_set",
]
