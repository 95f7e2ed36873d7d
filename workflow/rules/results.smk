# Tables of all kinds of experiment: what one is called, reads and shows is declared in the kind's `products`.

for table in products("TABLES"):

    rule:
        name:
            table.rule
        input:
            table.inputs,
        output:
            shown(f"results/{table.path}", "Tables", table.title, table.path.split("/")[1]),
        log:
            f"results/logs/{table.path.removesuffix('.csv')}.log",
        params:
            given=partial(given, table),
            caption=table.caption,
            code=digest(table.module, "catalogue"),
        shell:
            "forwardgrad table {output} --given {params.given:q} > {log} 2>&1"
