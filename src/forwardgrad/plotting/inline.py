"""The one look, in a notebook."""

import matplotlib.pyplot as plt

from forwardgrad.plotting.style import RC


def begin() -> None:
    """Draw the figures of this notebook in the look of the report, as SVG.

    A cell then shows its figures and what it prints or displays, not the value of its last line.

    Raises:
        RuntimeError: This is no notebook.
    """
    from IPython import get_ipython
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    if (shell := get_ipython()) is None:
        raise RuntimeError("this is no notebook: draw with `style.style()`, write with `style.save`")
    shell.ast_node_interactivity = "none"
    set_matplotlib_formats("svg", bbox_inches=None)  # as large as it was asked for
    plt.rcParams.update(RC)
