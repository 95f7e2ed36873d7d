from faults.runner import assert_same


def test_another_folder_order_and_number_of_cores_give_the_same_files(undisturbed, fresh):
    """On two cores, and the other way round: what the default order makes last comes first."""
    for target in ("speed", "estimators", "results/tables/audit.csv", "chosen", "all"):
        outcome = fresh.run(target, cores=2)
        assert outcome.status == 0, outcome
    assert_same(fresh, undisturbed)
