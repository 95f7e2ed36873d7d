import subprocess
import sys

import pytest

from forwardgrad.data import torchvision_import


def test_torchvision_imports_in_a_fresh_process():
    code = (
        "from forwardgrad.data.torchvision_import import import_torchvision; "
        "vision = import_torchvision(); import PIL.Image; "
        "image = vision.transforms.ToTensor()(PIL.Image.new('L', (28, 28))); "
        "print(tuple(image.shape), vision.datasets.KMNIST.classes[0])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "(1, 28, 28) o"


def test_operators_that_are_only_declared_say_why_they_cannot_run():
    import torch

    torchvision = torchvision_import.import_torchvision()
    assert torchvision_import.import_torchvision() is torchvision
    if not torchvision_import._declared:
        pytest.skip("torchvision's compiled part fits this build of torch: nothing had to be declared")
    with pytest.raises(RuntimeError, match=r"custom C\+\+ ops"):
        torchvision.ops.nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
