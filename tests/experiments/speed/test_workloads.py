"""What is measured by name: its shapes, and that it is the same in every process."""

import pytest
import torch

from forwardgrad import catalogue
from forwardgrad.core.engine.nested import tensors
from forwardgrad.experiments.speed import workloads
from forwardgrad.experiments.speed.steps import Case
from forwardgrad.experiments.speed.workloads import named

NAMES = ("students_lr", "cnn_width_2", "mlp_width_8", *catalogue.ARCHITECTURES)
PARAMETERS = {"resnet18": 11_181_642, "vit": 2_693_194, "gpt": 3_241_472}


def test_the_catalogue_lists_the_architectures():
    assert list(catalogue.ARCHITECTURES) == list(workloads.BUILT) == list(PARAMETERS)


@pytest.mark.parametrize("name", NAMES)
def test_a_workload_is_the_same_in_every_process_and_leaves_random_numbers_alone(name):
    state = torch.get_rng_state()
    first, again = (named(name, 3, "cpu").case() for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.size == 3
    assert torch.equal(first.inputs, again.inputs)
    assert torch.equal(first.targets, again.targets)
    for part, other in zip(first.parameters.values(), again.parameters.values(), strict=True):
        assert torch.equal(part, other)


@pytest.mark.parametrize("name", NAMES)
def test_its_loss_is_about_that_of_guessing(name):
    case = named(name, 8, "cpu").case()
    classes = 3 if name == "students_lr" else 256 if name == "gpt" else 10
    assert case.value().item() == pytest.approx(torch.tensor(classes).log().item(), abs=1.5)


@pytest.mark.parametrize(("name", "count"), PARAMETERS.items())
def test_number_of_parameters_tied_ones_once(name, count):
    assert sum(part.numel() for part in named(name, 1, "cpu").case().parameters.values()) == count


def test_few_examples_load_what_many_need():
    one = named("lr", 64, "cpu")
    assert (one.case().size, one.small_case().size) == (64, workloads.FEW)


@pytest.mark.parametrize("inputs", [torch.ones(5, 2), (torch.ones(5, 2), 3), {"values": torch.ones(5, 2), "scale": 3}])
def test_inputs_are_one_tensor_or_the_models_arguments(inputs):
    class Scaled(torch.nn.Linear):
        def forward(self, values, scale=1):
            return scale * super().forward(values)

    case = Case(Scaled(2, 2), lambda outputs, targets: (outputs * targets).sum(), inputs, 2.0, 0.1)
    scale = 1 if isinstance(inputs, torch.Tensor) else 3
    expected = 2.0 * scale * torch.nn.functional.linear(torch.ones(5, 2), *case.model.parameters()).sum()
    assert torch.allclose(case.value(), expected)
    assert torch.allclose(case.value_at(dict(case.model.named_parameters())), expected)
    assert case.size == 5
    assert len(list(tensors(inputs))) == 1
