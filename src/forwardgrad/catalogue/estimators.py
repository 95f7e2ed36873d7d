"""Estimators of the gradient, and the baselines of the benchmark: how each is named, drawn, and what it costs.

`forwardgrad.core.gradients` has the function of every estimator under the same key, and
`forwardgrad.experiments.speed.baselines` that of every baseline.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from forwardgrad.catalogue import costs, formulae
from forwardgrad.catalogue.costs import Cost, LayerCost
from forwardgrad.catalogue.formulae import Formula, Gradient, Quantities

Look = tuple[str, object, object]  # colour, line style and marker, as matplotlib takes them

# A deep network of equal, wide layers: what its first layer spares and thin products are nothing beside the rest.
DEEP = (LayerCost(0.0), LayerCost(1.0))


@dataclass(frozen=True)
class Measured:
    """What the benchmark measures.

    Attributes:
        label: Its name in figures and tables.
        look: How it is drawn; None where it never is.
        cost: Multiply-adds of a step on given layers.
    """

    label: str
    look: Look | None
    cost: Cost


@dataclass(frozen=True)
class Estimator(Measured):
    """An estimator of the gradient.

    Attributes:
        formula: Its moments, as far as they are known.
        tangents: How many tangents an estimate takes; None if that depends on the network.
        sequential: Whether it takes plain sequences of layers alone.
    """

    formula: Formula = formulae.mean_alone
    tangents: int | None = 1
    sequential: bool = False

    @property
    def passes(self) -> float | None:
        """Forward passes that a step is worth on a deep network of equal, wide layers: of K dense tangents 1 + 2 K.

        None where it grows with the number of layers.
        """
        return None if self.tangents is None else self.cost(DEEP)


def several(count: int, what: str, look: Look, formula: Callable[[int, Gradient], Quantities]) -> Estimator:
    """Return the estimator that makes `what` of `count` dense Gaussian tangents."""
    return Estimator(
        f"Forward gradient, {what} {count}", look, partial(costs.dense, tangents=count), partial(formula, count), count
    )


def orthogonal(count: int, look: Look) -> Estimator:
    """Return the estimator along `count` orthogonal tangents of every layer's activations."""
    cost = partial(costs.orthogonal, count)
    return Estimator(f"Orthogonal activity tangents, {count}", look, cost, tangents=None, sequential=True)


# Colours are from Okabe and Ito's palette, and beyond it shades of one hue for each family.
ESTIMATORS = {
    "backprop": Estimator("Backpropagation", ("#1b1c20", "-", "o"), costs.dense, formulae.exact),
    "forward_gaussian": Estimator("Forward gradient, Gaussian", ("#0072b2", "-", "s"), costs.dense, formulae.gaussian),
    "forward_rademacher": Estimator(
        "Forward gradient, Rademacher", ("#56b4e9", (0, (2.5, 1)), "D"), costs.dense, formulae.signs
    ),
    "forward_sphere": Estimator(
        "Forward gradient, sphere", ("#f0e442", (0, (8, 2)), "P"), costs.dense, formulae.sphere
    ),
    "forward_rank_one": Estimator(
        "Forward gradient, rank one", ("#d55e00", "-", "p"), partial(costs.low_rank, 1), formulae.signs
    ),
    "forward_rank_one_layer": Estimator(
        "Forward gradient, rank one, one layer", ("#009e73", (0, (4, 1)), "h"), costs.one_layer, formulae.one_layer
    ),
    "forward_rank_four": Estimator(
        "Forward gradient, rank four", ("#8a5a2b", (0, (6, 1, 1, 1)), "X"), partial(costs.low_rank, 4)
    ),
    "forward_blockwise": Estimator(
        "Forward gradient, blockwise",
        ("#e69f00", (0, (5, 1.5)), "^"),
        costs.blockwise,
        formulae.blockwise,
        tangents=None,
    ),
    "forward_blockwise_standardised": Estimator(
        "Forward gradient, blockwise, standardised",
        ("#cc79a7", (0, (5, 1.2, 1.2, 1.2)), "v"),
        costs.blockwise,
        formulae.blockwise_standardised,
        tangents=None,
    ),
    "forward_mean_4": several(4, "mean of", ("#8f83e0", (0, (3, 1, 1, 1)), "<"), formulae.mean),
    "forward_mean_16": several(16, "mean of", ("#4a3aa0", (0, (3, 1, 1, 1, 1, 1)), ">"), formulae.mean),
    "forward_projected_4": several(4, "projection on", ("#b0577f", (0, (7, 1, 2, 1)), (4, 1, 0)), formulae.projected),
    "forward_projected_16": several(
        16, "projection on", ("#701a48", (0, (7, 1, 2, 1, 2, 1)), (4, 1, 45)), formulae.projected
    ),
    "forward_orthogonal_4": several(4, "orthogonal", ("#c3a5e1", (0, (9, 1)), (3, 0, 90)), formulae.orthogonal),
    "forward_orthogonal_16": several(16, "orthogonal", ("#874bb4", (0, (9, 1, 1, 1)), (3, 0, 30)), formulae.orthogonal),
    "span_rank_one": Estimator(
        "Forward gradient, rank one, in the span of the batch",
        ("#ff965a", (0, (6, 1.5)), (5, 1, 36)),
        costs.in_span,
        sequential=True,
    ),
    "forward_control": Estimator("Forward gradient, control variate", ("#2d6987", (0, (2, 2)), (8, 1, 0)), costs.dense),
    "activity": Estimator("Activity perturbation", ("#8f8a00", (0, (10, 2)), (6, 1, 0)), costs.dense),
    "activity_orthogonal_1": orthogonal(1, ("#f8c3de", (0, (1, 1)), (6, 0, 0))),
    "activity_orthogonal_4": orthogonal(4, ("#f096c3", (0, (3, 1)), (5, 0, 36))),
    "activity_orthogonal_16": orthogonal(16, ("#e13c96", (0, (5, 1)), (7, 0, 0))),
    "activity_orthogonal_64": orthogonal(64, ("#b41e5a", (0, (7, 1)), (9, 0, 0))),
    "activity_orthogonal_256": orthogonal(256, ("#5a0a14", (0, (9, 1)), (11, 0, 0))),
    "forward_sampled": Estimator(
        "Sampled forward-mode derivatives",
        ("#005a5a", "-", (4, 0, 22)),
        partial(costs.sampled, 16, 8, 4),
        tangents=None,
        sequential=True,
    ),
    "local_losses": Estimator(
        "Local losses", ("#c34b3c", (0, (4, 1.5)), (5, 0, 0)), costs.local, formulae.unknown, None, True
    ),
    "spsa": Estimator("SPSA, Gaussian", ("#1b6b2f", (0, (1.5, 1)), "d"), costs.differences, formulae.gaussian),
    "spsa_rank_one": Estimator(
        "SPSA, rank one", ("#78b84a", (0, (1.5, 1, 4, 1)), "8"), costs.differences, formulae.signs
    ),
    "noisy_backprop": Estimator("Backpropagation with noise", ("#8e939b", "-", (3, 1, 0)), costs.dense, formulae.noisy),
}

# In the colour of the same gradient or tangent computed by other means.
BASELINES = {
    "gathering": Measured("Gathering a batch", None, costs.nothing),
    "evaluation": Measured("Evaluation: forward pass and loss", None, costs.evaluation),
    "backprop_by_hand": Measured("Backpropagation by hand, in place", ("#1b1c20", (0, (1, 1.1)), "o"), costs.dense),
    "backprop_checkpoint": Measured(
        "Backpropagation, checkpointed", ("#1b1c20", (0, (4, 1, 1, 1)), "d"), costs.checkpointed
    ),
    "jvp": Measured("Forward gradient, torch.func.jvp", ("#0072b2", (0, (1, 1.1)), "s"), costs.framework),
    "forward_ad": Measured(
        "Forward gradient, torch.autograd.forward_ad", ("#0072b2", (0, (4, 1, 1, 1)), "8"), costs.framework
    ),
    "torchzero": Measured("Forward gradient, torchzero", ("#0072b2", (0, (7, 1, 2, 1, 2, 1)), "P"), costs.framework),
}
