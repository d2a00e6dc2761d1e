"""Calling teachers: one retry loop, limits, a budget, and nothing paid for twice."""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.agents.settings.budget import BudgetSettings
    from ioa.agents.settings.teacher import Price, TeacherSettings
    from ioa.agents.teachers.answer import Answer
    from ioa.agents.teachers.budget import Budget, BudgetReached, Spent
    from ioa.agents.teachers.desk import CallDesk, Sitting
    from ioa.agents.teachers.endpoint import Endpoint, RejectedError, TeacherError
    from ioa.agents.teachers.keys import key_variable
    from ioa.agents.teachers.part_refusals import Learned
    from ioa.agents.teachers.prices import PRICES, PriceList, load_prices
    from ioa.agents.teachers.request import Failure, Request
else:
    import_when_used(__name__)

__all__ = [
    "PRICES",
    "Answer",
    "Budget",
    "BudgetReached",
    "BudgetSettings",
    "CallDesk",
    "Endpoint",
    "Failure",
    "Learned",
    "Price",
    "PriceList",
    "RejectedError",
    "Request",
    "Sitting",
    "Spent",
    "TeacherError",
    "TeacherSettings",
    "key_variable",
    "load_prices",
]
