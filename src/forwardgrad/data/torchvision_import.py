"""Import torchvision beside a build of torch that its compiled part does not fit.

torchvision's wheel on the public index is compiled for CUDA. Beside a CPU build of torch its compiled part
cannot be loaded, and the import stops with "operator torchvision::nms does not exist": torchvision describes
two of its own operators to torch before it looks whether they are there. Declaring the two, without giving
them any code, is enough; data sets and transforms never call them, and an attempt to does say why it cannot.
"""

import contextlib
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared: list[Any] = []  # torch forgets the declarations with the object that made them


def import_torchvision() -> ModuleType:
    """Return torchvision. Changes nothing where its compiled part can be loaded."""
    import torch

    if not _declared and not _load_compiled_part():
        library = torch.library.Library("torchvision", "DEF")
        for schema in SCHEMAS:
            library.define(schema)
        _declared.append(library)
    import torchvision

    return torchvision


def _load_compiled_part() -> bool:
    """Try to load torchvision's operators as torchvision itself does, before it does; return whether they are there."""
    import torch

    folder = Path(find_spec("torchvision").submodule_search_locations[0])
    for library in (folder / f"_C{suffix}" for suffix in EXTENSION_SUFFIXES):
        if library.exists():
            with contextlib.suppress(OSError):  # made for another build of torch
                torch.ops.load_library(library)
    return hasattr(torch.ops.torchvision, "nms")
