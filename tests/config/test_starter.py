"""The configuration a new installation begins with: whole, bilingual, and walked as callers walk it."""

from pathlib import Path

import pytest

from callcenter.config import install_starter, load_configuration
from callcenter.model.configuration import Configuration
from callcenter.model.contact import EndReason
from callcenter.model.flow import (
    Action,
    AgentWish,
    Elapsed,
    HangUpCall,
    Input,
    Leave,
    Memory,
    MessageTaken,
    Pressed,
    Queueing,
    Said,
    Say,
    SpeakLanguage,
    TakeMessage,
    Visit,
    WishDone,
)
from callcenter.model.ids import FlowName, QueueName
from callcenter.model.need import parse_need
from callcenter.speech.text import PromptText

NODES_MAX = 30
NOON_UTC = 1_795_250_000.0


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    folder = tmp_path_factory.mktemp("installed") / "config"
    assert install_starter(folder)
    return load_configuration(folder)


class Caller:
    """Walks through a flow: presses the keys she has, one per question, and is silent afterwards."""

    def __init__(
        self, configuration: Configuration, number: str, *, keys: str = "", open_calendars: str = "always"
    ) -> None:
        self._keys = list(keys)
        self._open = frozenset(open_calendars.split())
        flow = configuration.flows[configuration.numbers.get(number) or FlowName(number)]
        self.language = flow.language
        self.heard: list[str] = []
        self.end: Action | None = None
        self._dialled = number
        name = flow.start
        for _ in range(NODES_MAX):
            node = flow.nodes[name]
            memory, told = Memory(), None
            while True:
                turn = node.enter(self._visit(memory)) if told is None else node.resume(self._visit(memory), told)
                memory = turn.memory
                if turn.actions and isinstance(turn.actions[-1], Leave | Queueing | HangUpCall):
                    break
                told = self._answer(turn.actions)
            self._take_in(turn.actions)
            last = turn.actions[-1]
            if not isinstance(last, Leave):
                self.end = last
                return
            name = node.exits()[last.exit]
        pytest.fail(f"still in the flow after {NODES_MAX} nodes, at {name}")

    def _answer(self, actions: tuple[Action, ...]) -> Input:
        self._take_in(actions)
        match actions:
            case (Say(interruptible=True),) if self._keys:
                return Pressed(digit=self._keys.pop(0))
            case (Say(),):
                return Said()
            case (TakeMessage(),):
                return MessageTaken(seconds=4.0)
            case (AgentWish(),):
                return WishDone()
            case _:
                return Elapsed()

    def _take_in(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            if isinstance(action, Say):
                self.heard += [prompt.texts[self.language] for prompt in action.prompts]
            if isinstance(action, SpeakLanguage):
                self.language = action.language

    def _visit(self, memory: Memory) -> Visit:
        return Visit(
            memory=memory,
            variables={},
            language=self.language,
            caller="0901234567",
            dialled=self._dialled,
            now=NOON_UTC,
            open_calendars=self._open,
            holidays=frozenset(),
        )


def test_an_english_caller_for_sales(starter: Configuration) -> None:
    caller = Caller(starter, "1900", keys="11")
    assert caller.end == Queueing(queue=QueueName("sales"))
    assert caller.heard[0].startswith("Welcome")


def test_a_vietnamese_caller_for_support_gets_somebody_who_speaks_it(starter: Configuration) -> None:
    caller = Caller(starter, "1900", keys="22")
    assert caller.end == Queueing(queue=QueueName("support"), needs=parse_need("support >= 2 and vietnamese"))
    assert caller.heard[1].startswith("Mua hàng")


def test_a_caller_without_keys_hears_both_languages_and_gets_to_a_person(starter: Configuration) -> None:
    caller = Caller(starter, "1900")
    assert isinstance(caller.end, Queueing)
    assert caller.heard[0].startswith("Welcome")
    assert caller.heard[1].startswith("Xin kính chào")


def test_a_caller_who_leaves_a_message(starter: Configuration) -> None:
    caller = Caller(starter, "1900", keys="13")
    assert caller.end == HangUpCall(reason=EndReason.VOICEMAIL)


@pytest.mark.parametrize("number", ["1901", "1902"])
def test_outside_opening_hours_callers_are_told_so(starter: Configuration, number: str) -> None:
    caller = Caller(starter, number)
    assert caller.end == HangUpCall(reason=EndReason.CLOSED)
    assert caller.heard[0].startswith("Chúng tôi làm việc")


def test_the_office_is_open_in_its_hours(starter: Configuration) -> None:
    assert isinstance(Caller(starter, "1901", open_calendars="office").end, Queueing)


@pytest.mark.parametrize("code", ["*31", "*32", "*33", "*34"])
def test_feature_codes_answer_and_hang_up(starter: Configuration, code: str) -> None:
    caller = Caller(starter, code)
    assert caller.end == HangUpCall(reason=EndReason.FLOW_ENDED)
    assert len(caller.heard) == 1


def test_callers_whom_a_queue_sends_away_leave_a_message(starter: Configuration) -> None:
    for queue in starter.queues.values():
        for flow in queue.flow_targets():
            assert Caller(starter, flow).end == HangUpCall(reason=EndReason.VOICEMAIL)


def test_the_calendars_are_open_always_never_and_in_office_hours(starter: Configuration) -> None:
    week = {hour: starter.calendars_open(NOON_UTC + hour * 3600) for hour in range(7 * 24)}
    assert all("always" in names and "never" not in names for names in week.values())
    assert {"office" in names for names in week.values()} == {True, False}


def test_every_prompt_is_there_in_both_languages(starter: Configuration) -> None:
    assert all(prompt.texts.keys() == {"en", "vi"} for prompt in starter.prompts.values())


def test_installing_never_touches_a_configuration_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    assert install_starter(tmp_path) == ()
    assert [path.name for path in tmp_path.iterdir()] == ["flows"]


def test_installed_files_are_the_ones_reported(tmp_path: Path) -> None:
    written = install_starter(tmp_path / "config")
    assert sorted(written) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert install_starter(tmp_path / "config") == ()


@pytest.mark.parametrize(
    ("language", "low", "high", "words"),
    [
        ("en", "2", "5", "Your estimated wait is two to five minutes."),
        ("en", "0", "1", "Your estimated wait is less than one minute."),
        ("vi", "2", "5", "Thời gian chờ dự kiến là từ hai đến năm phút."),
        ("vi", "0", "2", "Thời gian chờ dự kiến là không quá hai phút."),
    ],
)
def test_the_predicted_wait_is_said_as_a_range(
    starter: Configuration, language: str, low: str, high: str, words: str
) -> None:
    text = PromptText(text=starter.prompts["wait"].texts[language], language=language)
    assert text.rendered({"wait_low_min": low, "wait_high_min": high}) == words
