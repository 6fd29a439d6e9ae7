"""What the journal holds is enough to be there again, at any entry, whatever happened."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core.engine import Engine
from callcenter.core.snapshot import restore, take_snapshot
from callcenter.model.contact import Medium
from callcenter.model.events import ContactArrived, DigitPressed, TimePassed
from callcenter.model.ids import LegId
from tests.examples import examples
from tests.runtime.chance import STEPS, Chance, a_bank, told_again


@settings(max_examples=examples(25, few=2), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_told_again_the_journal_leads_to_the_same_words_and_the_same_state(seed: int) -> None:
    lived = Chance(Random(seed)).runs(STEPS)
    again = told_again(Engine(a_bank()), lived.journal.entries)
    assert take_snapshot(again) == take_snapshot(lived.engine)


@settings(max_examples=examples(10, few=1), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_snapshot_is_what_the_journal_says_up_to_its_entry_and_a_beginning_for_the_rest(seed: int) -> None:
    lived = Chance(Random(seed)).runs(STEPS)
    entries, told, teller = lived.journal.entries, 0, Engine(a_bank())
    for seq, taken in sorted(lived.snapshots.items()):
        told_again(teller, entries[told:seq])
        told = seq
        assert take_snapshot(teller) == taken
        again = told_again(restore(a_bank(), taken), entries[seq:])
        assert take_snapshot(again) == take_snapshot(lived.engine)


def test_chance_goes_everywhere() -> None:
    """Else the two tests above would prove little."""
    kinds: set[str] = set()
    for seed in range(10):
        for entry in Chance(Random(seed)).runs(STEPS).journal.entries:
            kinds |= {type(entry.event).__name__, *(type(output).__name__ for output in entry.outputs)}
    wanted = "TimePassed ContactConnected OfferEnded NeedsRelaxed QueueLeft AgentChanged PlayPrompts RecordingStopped"
    assert kinds >= set(wanted.split())


def test_turns_without_an_answer_cannot_be_left_out() -> None:
    """They move deadlines: a third of all histories come out otherwise without them."""

    def holds(seed: int) -> bool:
        lived = Chance(Random(seed)).runs(STEPS)
        spoken = [entry for entry in lived.journal.entries if entry.outputs or entry.event != TimePassed()]
        try:
            return take_snapshot(told_again(Engine(a_bank()), spoken)) == take_snapshot(lived.engine)
        except AssertionError:
            return False

    assert not all(holds(seed) for seed in range(10))


def test_a_key_just_after_the_time_for_a_secret_is_up_is_no_secret_and_told_again_it_leads_to_the_same_place() -> None:
    lived = Chance(Random(1))
    lived.tell(ContactArrived(leg=LegId("in"), medium=Medium.VOICE, caller="1"))
    for digit in "73":
        lived.tell(DigitPressed(leg=LegId("in"), digit=digit))
    due = lived.engine.next_deadline()
    assert due is not None
    lived.clock.time = due + 0.001
    lived.tell(DigitPressed(leg=LegId("in"), digit="1"))
    [contact] = lived.engine.world.contacts.values()
    assert contact.node == "sales"
    assert [entry.event.digit for entry in lived.journal.entries if isinstance(entry.event, DigitPressed)] == [*"xx1"]
    again = told_again(Engine(a_bank()), lived.journal.entries)
    assert take_snapshot(again) == take_snapshot(lived.engine)
