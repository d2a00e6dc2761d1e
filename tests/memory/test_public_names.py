"""Packages whose public names are imported when they are first used."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    "ioa." + ".".join(path.parent.relative_to(ROOT).parts)
    for path in ROOT.glob("*/**/__init__.py")
    # The house's own: a built wheel's copy or an environment is no package of this folder.
    if (ROOT / path.relative_to(ROOT).parts[0] / "__init__.py").exists()
    and "import_when_used(__name__)" in path.read_text(encoding="utf-8")
)
ORDERS = {
    "the module first": "import ioa.{p}.{n}; from ioa.{p} import {n}",
    "the name first": "from ioa.{p} import {n}; import ioa.{p}.{n}",
    "the name alone": "from ioa.{p} import {n}",
    "the name from its module": "from ioa.{p}.{n} import {n}; from ioa.{p} import {n}",
}


def test_every_storey_with_public_names_does_so():
    assert {"ioa.agents", "ioa.evaluation", "ioa.graph", "ioa.memory", "ioa.memory.records", "ioa.training"} <= {
        *PACKAGES
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_and_is_that_of_its_module(package):
    module = import_module(package)
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        found = getattr(module, name)
        home = import_module(getattr(found, "__module__", None) or package)
        assert getattr(home, name, found) is found


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize(
    ("package", "name"),
    [("training", "mixture"), ("agents", "prerequisite_graph"), ("evaluation", "evaluate")],
)
def test_a_function_is_not_taken_for_the_module_of_its_name(package, name, order):
    code = f"{order.format(p=package, n=name)}; print({name}.__name__, type({name}).__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [name, "function"]


def test_nothing_is_imported_before_it_is_used():
    code = (
        "import sys, ioa.memory as m; before = 'ioa.memory.clock' in sys.modules; m.Clock; "
        "print(before, 'ioa.memory.clock' in sys.modules, 'ioa.memory.store' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]


@pytest.mark.parametrize("name", ["nothing_of_that_name", "import_module", "TYPE_CHECKING_", "__wrapped__"])
def test_what_is_not_public_is_not_there(name):
    import ioa.memory

    with pytest.raises(AttributeError, match=f"module 'ioa.memory' has no attribute '{name}'"):
        getattr(ioa.memory, name)
