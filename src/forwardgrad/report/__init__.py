"""The report: the page, its printed form and the notebooks, made from results alone."""
