"""What is asked of every figure: its words, whether any is cut off, and whether it is drawn the same twice."""

import matplotlib.pyplot as plt

from forwardgrad.plotting import style


def words(figure):
    """Return all text of a figure, white space as single blanks."""
    return " ".join(" ".join(text.get_text() for text in figure.findobj(plt.Text)).split())


def check_that_nothing_is_clipped(figure):
    """Assert that all text lies within the figure, but for ticks."""
    with style.style():
        figure.canvas.draw()
    width, height = figure.get_size_inches() * figure.dpi
    ticks = [label for axes in figure.axes for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]]
    for text in figure.findobj(plt.Text):
        box = text.get_window_extent()
        if text.get_visible() and text.get_text() and box.width and text not in ticks:
            assert box.x0 > -1, text
            assert box.x1 < width + 1, text
            assert box.y0 > -1, text
            assert box.y1 < height + 1, text


def check_that_files_are_the_same(draw, folder):
    """Assert that what `draw` returns, a figure and its numbers, is saved as the same bytes when drawn again."""
    for name in ("one", "two"):
        (folder / name).mkdir()
        style.save(*draw(), folder / name / "figure")
    for suffix in ("svg", "csv"):
        first, second = ((folder / name / f"figure.{suffix}").read_bytes() for name in ("one", "two"))
        assert first == second
