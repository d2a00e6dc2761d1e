"""Calling teachers: one retry loop, limits, a budget, and nothing paid for twice."""

from ioa.agents.calling.answer import Answer
from ioa.agents.calling.budget import Budget, BudgetReached, BudgetSettings, Spent
from ioa.agents.calling.desk import CallDesk, Sitting
from ioa.agents.calling.endpoint import Endpoint, Failure, RejectedError, Request, TeacherError
from ioa.agents.calling.prices import PRICES, Price, PriceList, load_prices
from ioa.agents.calling.settings import TeacherSettings, key_variable

__all__ = [
    "PRICES",
    "Answer",
    "Budget",
    "BudgetReached",
    "BudgetSettings",
    "CallDesk",
    "Endpoint",
    "Failure",
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
