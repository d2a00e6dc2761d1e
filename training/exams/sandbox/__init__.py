"""Running code that a model wrote: two sandboxes for each check, one for the code and one for its tests."""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.training.exams.sandbox.availability import find_isolation
    from ioa.training.exams.sandbox.checking import Outcome, UnitTests, check
    from ioa.training.exams.sandbox.installed_packages import package_paths
    from ioa.training.exams.sandbox.isolation import Isolation, Unisolated
    from ioa.training.exams.sandbox.sandbox_settings import SandboxSettings
else:
    import_when_used(__name__)

__all__ = [
    "Isolation",
    "Outcome",
    "SandboxSettings",
    "Unisolated",
    "UnitTests",
    "check",
    "find_isolation",
    "package_paths",
]
