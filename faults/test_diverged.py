from faults.project import CONFIG


def test_methods_that_all_diverge_do_not_cost_the_report(fresh):
    """Every figure, table and page takes what is infinite or NaN, and what nothing reached."""
    outcome = fresh.run(config=[CONFIG, CONFIG.with_name("diverging.yaml")])
    assert outcome.status == 0, outcome
    assert (fresh / "report/site/report.pdf").exists()
