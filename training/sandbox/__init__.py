"""Running code that a model wrote: two sandboxes for each check, one for the code and one for its tests."""

from ioa.training.sandbox.checking import Outcome, UnitTests, check
from ioa.training.sandbox.isolation import Isolation, Unisolated
from ioa.training.sandbox.probe import find_isolation
from ioa.training.sandbox.settings import SandboxSettings

__all__ = ["Isolation", "Outcome", "SandboxSettings", "Unisolated", "UnitTests", "check", "find_isolation"]
