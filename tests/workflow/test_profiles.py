"""What the profile for Slurm says of the rules that are submitted."""

import re

import pytest
import yaml


@pytest.fixture
def profile(root):
    return yaml.safe_load((root / "profiles/slurm/config.yaml").read_text())


def test_what_computes_is_submitted_and_nothing_else(root, profile):
    declared = re.search(r"^COMPUTING = \{(.*?)\}$", (root / "workflow/rules/common.smk").read_text(), re.M | re.S)[1]
    assert set(profile["groups"]) == set(profile["set-resources"]) == set(re.findall(r'"(\w+)"', declared))
    assert set(profile["group-components"]) == set(profile["groups"].values())


def test_every_submission_asks_for_what_the_command_names(profile):
    asked = set(re.findall(r"\{resources\.(\w+)\}", profile["cluster-generic-submit-cmd"]))
    assert {frozenset(resources) for resources in profile["set-resources"].values()} == {frozenset(asked)}


def test_what_is_timed_has_a_node_to_itself(profile):
    alone = {rule for rule, resources in profile["set-resources"].items() if resources["node"] == "--exclusive"}
    assert alone == {rule for rule, group in profile["groups"].items() if group == "timing"}
