import pandas as pd
import pytest

from forwardgrad import catalogue
from forwardgrad.experiments.speed.columns import PARTS
from forwardgrad.experiments.speed.figures.cost import HEADINGS, PAPER, cost
from forwardgrad.experiments.speed.figures.lines import batch, depth, memory, sweeps
from forwardgrad.experiments.speed.figures.parts import LOOKS, all_parts, parts
from forwardgrad.experiments.speed.figures.rows import ENGINE, FRAMEWORK, OTHERWISE, grouped, ordered
from forwardgrad.plotting import labels, style

from ...drawn import check_that_files_are_the_same, check_that_nothing_is_clipped, words
from .conftest import COSTS

FIGURES = (cost, depth, memory, batch, parts, all_parts)
UNDRAWN = ("evaluation", "gathering")


@pytest.fixture
def draw(frame, store):
    """A function that draws a figure of one device, and is blind to the rows of another."""
    other = frame.assign(device="cuda", ratio_to_backprop=99.0)
    return lambda figure, frame=frame: figure(store({"frames/speed": pd.concat([frame, other])}), device="cpu")


def lines(figure, label):
    """What is drawn, not what the legend shows of it."""
    return [line for axes in figure.axes for line in axes.get_lines() if line.get_label() == label]


def test_every_baseline_has_a_label_and_a_look_of_its_own():
    baselines = set(catalogue.BASELINES) - set(UNDRAWN)
    assert all(labels.method(key, key) != key for key in catalogue.MEASURED)
    forms = [style.look(key, key)[:3] for key in catalogue.MEASURED if key not in UNDRAWN]
    assert len(set(map(str, forms))) == len(forms)
    assert {style.look(key, key).face for key in baselines} == {style.PAPER}


def test_what_ratios_are_taken_to_is_a_line_and_not_a_row():
    assert ordered(["evaluation", "gathering", "forward_sphere", "forward_rank_one", "backprop", "jvp"]) == [
        "jvp", "forward_rank_one", "forward_sphere",
    ]  # fmt: skip


def test_the_headline_shows_every_method_on_every_model_at_one_batch_size(draw):
    figure, shown = draw(cost)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["MLP", "CNN"]
    assert set(shown["batch_size"]) == {64}
    assert set(shown["method"]) == {"backprop_by_hand", "jvp", "forward_gaussian", "forward_rank_one"}
    assert words(figure).count("0.50") == 2
    assert "by hand, in place" in words(figure)


def test_the_headline_tells_the_framework_from_the_projects_engine(draw):
    assert grouped(["gathering", *COSTS, "backprop_checkpoint", "spsa"]) == {
        FRAMEWORK: ["jvp"],
        ENGINE: ["forward_gaussian", "forward_rank_one", "spsa"],
        OTHERWISE: ["backprop_by_hand", "backprop_checkpoint"],
    }
    (first, *_) = draw(cost)[0].axes
    heights = {text.get_text(): text.get_position()[1] for text in first.get_yticklabels()}
    ours = [PAPER, HEADINGS[FRAMEWORK], "func.jvp", HEADINGS[ENGINE], "Gaussian", "rank one"]
    order = [*ours, HEADINGS[OTHERWISE], "by hand, in place"]
    assert sorted(order, key=heights.get) == order


def test_the_headline_tells_the_papers_ratios_in_numbers(draw):
    figure, _ = draw(cost)
    assert "0.59, 0.60" in words(figure)
    assert "0.65" in words(figure)


def test_bold_means_below_one_by_its_whole_interval(frame, draw):
    frame = frame.copy()
    jvp, rank_one = (frame["method"] == method for method in ("jvp", "forward_rank_one"))
    frame.loc[jvp, ["ratio_to_backprop", "low", "high"]] = [0.77, 0.6, 1.01]
    frame.loc[rank_one, ["ratio_to_backprop", "low", "high"]] = [0.44, 0.4, 0.5]
    frame.loc[frame["method"] == "forward_gaussian", ["ratio_to_backprop", "low", "high"]] = [
        0.66,
        float("nan"),
        float("nan"),
    ]
    figure, _ = draw(cost, frame)
    weights = {text.get_text(): text.get_fontweight() for text in figure.axes[0].texts}
    assert [weights[value] for value in ("0.77", "0.44", "0.66")] == ["normal", "bold", "normal"]


def test_the_headline_marks_the_paper_and_has_one_line_of_reference(draw):
    figure, _ = draw(cost)
    for axes, paper in zip(figure.axes, ([0.586, 0.598], [0.649]), strict=True):
        drawn = [(line.get_marker(), line.get_xdata()[0]) for line in axes.get_lines()]
        assert sorted(x for marker, x in drawn if marker == "*") == paper
        assert [line.get_xdata()[0] for line in axes.get_lines() if list(line.get_ydata()) == [0, 1]] == [1]


def test_depth_shows_the_floor_and_the_ends_of_the_papers_curve(draw):
    figure, _ = draw(depth)
    (line,) = lines(figure, labels.method("forward_rank_one", "forward_rank_one"))
    assert list(line.get_xdata()) == [2, 10, 50]
    (paper,) = lines(figure, f"{labels.PAPER}: ends of its curve")
    assert list(zip(*paper.get_data(), strict=True)) == [(1, 0.555), (100, 0.845)]
    assert [0.6] * 3 in [list(line.get_ydata()) for line in figure.axes[0].get_lines()]


def test_memory_shows_backpropagation_and_the_parameters(draw):
    figure, shown = draw(memory)
    deep, batches = figure.axes
    assert (deep.get_xlabel(), batches.get_xlabel()) == (
        "Hidden layers, 1,024 wide", "Examples per step, MLP 784-1024-1024-10",
    )  # fmt: skip
    (line, *_) = lines(figure, labels.method("backprop", "backprop"))
    assert line.get_data()[0].tolist() == [2, 10, 50]
    assert line.get_data()[1].tolist() == [6, 30, 150]
    (parameters, *_) = lines(figure, "the parameters themselves")
    assert parameters.get_ydata()[0] == pytest.approx(1_863_690 * 4 / 2**20)
    assert shown["peak"].min() > 0


def test_memory_is_swept_over_depth_width_and_batch_size(frame):
    measured = frame[frame["peak_bytes"].notna() & (frame["batch_size"] == 64)]
    assert [column for column, _, _ in sweeps(measured)] == ["depth"]
    two = measured[measured["depth"] == 2]
    wider = two.assign(model="mlp_width_8")
    found = {column: own for column, _, own in sweeps(pd.concat([measured, wider]))}
    assert list(found) == ["depth", "width"]
    assert found["width"].groupby("model")["width"].first().to_dict() == {"mlp": 1024, "mlp_width_8": 8}
    assert [column for column, _, _ in sweeps(pd.concat([two, two.assign(batch_size=16)]))] == ["batch_size"]


def test_the_parts_of_the_main_methods_stand_side_by_side_one_column_a_network(draw):
    figure, shown = draw(parts)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["MLP", "CNN"]
    assert set(shown["method"]) == {"backprop", "forward_gaussian", "forward_rank_one"}
    assert set(shown["batch_size"]) == {64}
    bars = [bar for bar in figure.axes[0].patches if round(bar.get_y() + bar.get_height() / 2) == 1]
    assert sum(bar.get_width() for bar in bars) == pytest.approx(1.5)


def test_parts_of_a_step_are_stacked_beside_backpropagation(draw):
    figure, _ = draw(all_parts)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert "MLP 784-1024-1024-10, batch 64" in titles
    assert "CNN, 4 convolutions of 64, batch 16" in titles
    axes = figure.axes[titles.index("CNN, 4 convolutions of 64, batch 64")]
    ends = {}
    for bar in axes.patches:
        if bar.get_width():
            ends.setdefault(round(bar.get_y() + bar.get_height() / 2), []).append((bar.get_x(), bar.get_width()))
    names = ["backprop", *ordered(COSTS)]
    assert sorted(ends) == list(range(len(names)))
    for pieces in ends.values():
        assert [x for x, _ in pieces] == pytest.approx(
            [sum(width for _, width in pieces[:n]) for n in range(len(pieces))]
        )
    assert sum(width for _, width in ends[0]) == pytest.approx(1)
    jvp = names.index("jvp")
    assert sum(width for _, width in ends[jvp]) == pytest.approx(2)
    assert len(ends[jvp]) == 3
    assert set(LOOKS) == set(PARTS)


def test_batch_sizes_are_shown_where_there_are_several(draw):
    figure, shown = draw(batch)
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(map(labels.model, ("mlp", "cnn")))
    assert set(shown["batch_size"]) == {16, 64}
    assert set(shown["depth"].dropna()) == {2}


@pytest.mark.parametrize("entry", FIGURES)
def test_nothing_is_clipped_and_files_are_the_same_byte_for_byte(draw, tmp_path, entry):
    check_that_nothing_is_clipped(draw(entry)[0])
    check_that_files_are_the_same(lambda: draw(entry), tmp_path)
