import pytest

from forwardgrad.experiments.training.analyses.time_to_loss import times, times_summary


@pytest.fixture
def times_of(store, store_frames):
    """A function that returns the times of frames, by stock forward mode too where it is measured."""

    def times_of(frames, measured=None):
        if measured is not None:
            store({"frames/speed": measured})
        return times(store_frames(frames), "students", stock=measured is not None)

    return times_of


@pytest.fixture
def summary_of(store):
    """A function that returns the summary of times, beside the paper's or not."""
    return lambda times, paper_settings: times_summary(
        store({"tables/students/times": times}), "students", paper_settings
    )
