# The figures of the published runs at the paper's scale: the rules that draw them are those of all products.

from forwardgrad.experiments.published import products as published


rule published:
    input:
        [with_beside(path) for path in published.PATHS],
