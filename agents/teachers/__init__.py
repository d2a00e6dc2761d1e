"""Calling teachers: one retry loop, limits, a budget, and nothing paid for twice."""

from ioa.agents.teachers.answer import Answer
from ioa.agents.teachers.budget import Budget, BudgetReached, BudgetSettings, Spent
from ioa.agents.teachers.desk import CallDesk, Sitting
from ioa.agents.teachers.endpoint import Endpoint, Failure, RejectedError, Request, TeacherError
from ioa.agents.teachers.prices import PRICES, Price, PriceList, load_prices
from ioa.agents.teachers.settings import TeacherSettings, key_variable

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
