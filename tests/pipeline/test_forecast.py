import pytest

from forwardgrad.pipeline.forecast import TYPICAL, Forecast, Job, kind_of

RUN = {"experiment": "e", "dataset": "d", "model": "m"}


def job(number, rule="run", threads=1, **wildcards):
    return Job(number, kind_of(rule, wildcards), threads)


def after(*jobs, cores=2):
    """A forecast after jobs of so many seconds, which began together at 0."""
    forecast = Forecast(cores, 0)
    for number, (one, _) in enumerate(jobs):
        forecast.begin(one._replace(number=number), 0)
    for number, (_, seconds) in enumerate(jobs):
        forecast.end(number, seconds)
    return forecast


def test_repetitions_are_of_one_kind():
    assert kind_of("run", RUN | {"seed": 1}) == kind_of("run", RUN | {"seed": 2}) == ("run", "e", "d", "m")
    assert kind_of("all", None) == ("all",)


def test_a_job_takes_what_its_kind_took():
    forecast = after((job(0, method="a", seed=0), 2), (job(1, method="a", seed=1), 4), (job(2, method="b"), 9))
    assert forecast.expected(("run", "a")) == 3
    assert forecast.expected(("run", "b")) == 9


def test_a_job_of_a_new_kind_takes_what_those_most_alike_took():
    forecast = after((job(0, **RUN), 2), (job(1, **RUN | {"experiment": "f"}), 4), (job(2, **RUN | {"model": "n"}), 60))
    assert forecast.expected(("run", "g", "d", "m")) == 3
    assert forecast.expected(("run", "x", "y", "z")) == 4


def test_all_figures_are_alike():
    forecast = after((job(0, "curves_figure"), 5), (job(1, "paths_table"), 1))
    assert forecast.expected(("norms_figure", "e")) == 5


@pytest.mark.parametrize(("rule", "seconds"), [("estimates", TYPICAL["estimates"]), ("nosuch", 1)])
def test_what_none_took_takes_what_is_typical(rule, seconds):
    assert Forecast(2, 0).expected((rule,)) == seconds


def test_cores_share_the_work():
    forecast = after((job(0), 4), (job(1), 4))
    assert forecast.left([job(number) for number in range(2, 12)], 2, 4) == 20
    assert forecast.left([job(2, threads=2)], 2, 4) == 4


def test_no_job_ends_before_its_time():
    assert after((job(0), 4), (job(1), 4)).left([job(2)], 2, 4) == 4


def test_a_job_that_runs_takes_what_is_left_of_it():
    forecast = after((job(0), 4), (job(1), 4))
    forecast.begin(job(2), 4)
    forecast.begin(job(3), 4)
    assert forecast.left([job(2), job(3)], 2, 5) == 3
    assert forecast.left([job(2), job(3)], 2, 50) == 0


def test_cores_stay_idle_between_jobs_as_they_were():
    # Two cores for 6 s, of which two jobs had 8: a second of both is lost at each job.
    assert after((job(0), 4), (job(1), 4)).left([job(2), job(3)], 2, 6) == 6
