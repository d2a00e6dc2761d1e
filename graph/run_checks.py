"""What is checked of a run before anything of it is written or paid for."""

from ioa.agents import check_teacher, load_prices
from ioa.graph.config import RunConfig
from ioa.memory.domains.benchmark_texts import read_benchmarks
from ioa.memory.errors import UserError
from ioa.memory.shared_store import check_store


def check_lessons(config: RunConfig) -> None:
    """See that what the lessons are compared with can be read, before the first of them is paid for.

    Raises:
        UserError: a benchmark file cannot be, or the folder of the shared lessons cannot be written to.
    """
    read_benchmarks(config.synthesis.benchmarks)
    if config.synthesis.store is not None:
        check_store(config.synthesis.store)


def check_teachers(config: RunConfig) -> None:
    """See that everybody who plays a part can be opened, and has a price where money is limited.

    Raises:
        UserError: somebody cannot, or has none.
    """
    prices = load_prices(config.prices)
    for settings in config.roles.all(config.teacher):
        check_teacher(settings)
        if config.budget.usd is not None and settings.price is None and prices.price(settings.model) is None:
            raise UserError(
                f"budget.usd is set, but the price of {settings.model} is not known. Give it one beside its name, "
                "`price: {input: 1.0, output: 2.0}` in dollars per million tokens, or add it to a price list."
            )
