import itertools

import numpy as np
from matplotlib.colors import to_rgb

from forwardgrad import catalogue
from forwardgrad.plotting import style


def test_estimators_look_different_from_each_other_in_colour_and_in_form():
    for one, other in itertools.combinations([each.look for each in catalogue.ESTIMATORS.values()], 2):
        assert np.abs(np.subtract(to_rgb(one[0]), to_rgb(other[0]))).sum() > 0.3
        assert one[2] != other[2]


def test_a_method_keeps_its_estimators_colour_and_is_hollow():
    own, faithful = style.look("backprop", "backprop"), style.look("faithful_backprop", "backprop")
    assert own.color == style.INK
    assert own.color == faithful.color
    assert (own.face, faithful.face) == (own.color, style.PAPER)


def test_coordinates_are_shortened_and_text_is_not():
    svg = '<path d="M 1.23456 -0.98765 L 3 4.5"/><text x="1.2345">0.001</text>'
    assert style.shorten(svg) == '<path d="M 1.23 -0.98 L 3 4.5"/><text x="1.23">0.001</text>'
