# Figures of all kinds of experiment: what one is called, reads and shows is declared in the kind's `products`.

for figure in products("FIGURES"):

    rule:
        name:
            figure.rule
        input:
            figure.inputs,
        output:
            figure=shown(f"results/{figure.path}", "Figures", figure.title, figure.path.split("/")[1]),
            beside=multiext(f"results/{figure.path.removesuffix('.svg')}", ".png", ".csv"),
        log:
            f"results/logs/{figure.path.removesuffix('.svg')}.log",
        params:
            given=partial(given, figure),
            caption=figure.caption,
            code=digest(figure.module, "catalogue"),
        shell:
            "forwardgrad figure {output.figure} --given {params.given:q} > {log} 2>&1"
