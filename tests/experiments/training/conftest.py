import pytest

from forwardgrad.experiments.training.analyses.time_to_loss import times, times_summary


@pytest.fixture
def times_of(store_frames):
    """A function that returns the times of frames."""
    return lambda frames: times(store_frames(frames), "students")


@pytest.fixture
def summary_of(store):
    """A function that returns the summary of times, beside the paper's or not."""
    return lambda times, paper_settings: times_summary(
        store({"tables/students/times": times}), "students", paper_settings
    )
