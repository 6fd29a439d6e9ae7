"""The steps of a file, cell by cell."""

import itertools

import pytest

from callcenter.errors import IllegalTransition
from callcenter.model.sealed import TRANSITIONS, Deed, Step, after


@pytest.mark.parametrize(("step", "deed"), list(itertools.product(Step, Deed)))
def test_every_cell_is_listed_or_refused(step: Step, deed: Deed) -> None:
    if (step, deed) in TRANSITIONS:
        assert after(step, deed) is TRANSITIONS[step, deed]
    else:
        with pytest.raises(IllegalTransition, match=f"{deed} while {step}"):
            after(step, deed)


def test_what_is_removed_never_comes_back() -> None:
    assert not any(step is Step.REMOVED for step, _ in TRANSITIONS)
    assert {TRANSITIONS[step, deed] for step, deed in TRANSITIONS if step is Step.REMOVING} == {Step.REMOVED}
