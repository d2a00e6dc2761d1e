"""Making the packages that are lent importable in a sandbox."""

import os
import sys

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Numerical libraries reserve address space for each thread and start as many as the machine has cores."""


def reach(folder: str) -> None:
    """Have the packages in a folder found behind the standard library; none where it is empty."""
    if folder:
        os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
        sys.path.append(folder)
