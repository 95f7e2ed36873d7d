import json
import re

import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup

from forwardgrad.plotting.animation import Trace, animation
from forwardgrad.plotting.style import INK

POINTS = [(0, 0), (1, 1), (2, 4)]


@pytest.fixture
def panel():
    """A figure of 4 by 3 inches whose panel leaves a tenth at every side."""
    figure = plt.figure(figsize=(4, 3), layout="none")
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set(xlim=(0, 2), ylim=(0, 4))
    return figure, axes


def drawn(panel, trace, frames=("a", "b", "c")):
    return BeautifulSoup(animation(*panel, [trace], frames, "here"), "html.parser")


def test_points_lie_where_the_panel_has_them(panel):
    (line,) = drawn(panel, Trace(POINTS, INK)).find_all("polyline")
    # 288 by 216 points: the panel reaches from (28.8, 194.4), lower left, to (259.2, 21.6).
    assert line["points"].split() == ["28.8,194.4", "144.0,151.2", "259.2,21.6"]


def test_at_rest_everything_is_shown(panel):
    page = drawn(panel, Trace(POINTS, INK))
    head = page.find_all("circle")[-1]
    assert (head["cx"], head["cy"]) == ("259.2", "21.6")
    assert page.output.text == "c"
    assert page.find("input")["value"] == page.find("input")["max"] == "2"
    assert page.find("div", class_="controls").has_attr("hidden")  # until the script makes them work


def test_a_path_grows_by_one_point_in_every_frame(panel):
    assert json.loads(drawn(panel, Trace(POINTS, INK)).find(attrs={"data-shown": True})["data-shown"]) == [1, 2, 3]


def test_a_cloud_grows_as_it_is_told(panel):
    cloud = drawn(panel, Trace(POINTS, INK, "cloud", [1, 3]), ["a", "b"]).find(attrs={"data-shown": True})
    assert json.loads(cloud["data-shown"]) == [1, 3]
    assert len(cloud.find_all("circle")) == len(POINTS)


@pytest.mark.parametrize("shown", [[1, 2], [1, 2, 2], None])
def test_frames_that_do_not_end_with_everything_are_refused(panel, shown):
    points = POINTS if shown else POINTS[:2]
    with pytest.raises(ValueError, match="give `shown` one number for each frame, the last that of the points"):
        drawn(panel, Trace(points, INK, "path", shown))


def test_it_follows_the_page_and_loads_nothing(panel):
    text = animation(*panel, [Trace(POINTS, INK)], ["<b>", "b", "c"], "here")
    assert "stroke: var(--ink)" in text
    assert "<b>" not in text
    assert not re.search(r"""(?:src|href)=["'](?!#)""", text)
