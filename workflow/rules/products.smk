# Tables and figures of all kinds of experiment: what one is called, reads and shows is declared in the kind's `products`.

for product in [*products("TABLES"), *products("FIGURES")]:
    folder, group, stem = product.place

    rule:
        name:
            product.rule
        input:
            product.inputs,
        output:
            product=shown(f"results/{product.path}", folder.capitalize(), product.title, group),
            beside=with_beside(f"results/{product.path}")[1:] if folder == "figures" else [],
        log:
            f"results/logs/{stem}.log",
        params:
            command=folder.rstrip("s"),
            given=partial(given, product),
            caption=product.caption,
            code=digest(product.module, "catalogue"),
        shell:
            "forwardgrad {params.command} {output.product} --given {params.given:q} > {log} 2>&1"
