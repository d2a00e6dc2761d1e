"""What tokens cost, from a list that the user can edit."""

from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path

from ioa.agents.settings.teacher import Price
from ioa.memory.errors import UserError
from ioa.memory.records import Record
from ioa.memory.yaml_source import validate

PRICES = "prices.yaml"
"""The built-in list, in `ioa.configs`."""


class PriceList(Record):
    """Prices with their date."""

    as_of: date
    """When they were looked up; prices change."""
    models: Mapping[str, Price]
    """By `provider:model`; `*` stands for any text, and the longest pattern that fits counts."""

    def price(self, model: str) -> Price | None:
        """The price of a teacher; none where the list does not know it."""
        fitting = [pattern for pattern in self.models if fnmatchcase(model, pattern)]
        return self.models[max(fitting, key=len)] if fitting else None


def load_prices(path: str | None = None) -> PriceList:
    """Read a price list; the built-in one where no path is given.

    Raises:
        UserError: there is no such file, or something in it is wrong.
    """
    if path is not None:
        if not Path(path).is_file():
            raise UserError(f"No price list {path}. Write one like configs/prices.yaml, or leave `prices` out.")
        return validate(Path(path), PriceList)
    with resources.as_file(resources.files("ioa.configs").joinpath(PRICES)) as file:
        return validate(file, PriceList)
