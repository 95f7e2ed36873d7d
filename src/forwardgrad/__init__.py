"""Gradients without backpropagation: forward gradients, their tangents, and the paper's claims put to the test.

The core is small and reads in one sitting: `tangents` (what is drawn), `forward` (how a primal and
its tangent pass through a network together) and `gradients` (every estimator, one signature, beside `estimates`
and `perturbations`).
Importing the package itself loads nothing heavy; import the module that you need.
"""

__version__ = "1.0.0"
