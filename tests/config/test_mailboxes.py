"""mailboxes.yaml: routes that can be used, and what is wrong with others, where it stands."""

from callcenter.config.folder import read_configuration
from callcenter.config.mailboxes import BUILT_IN
from callcenter.model.mail import Mailbox, MailRoute
from callcenter.model.need import parse_need
from callcenter.speech.text import PromptText

QUEUES = "sales: {overflow: {voicemail: sales}}\n"


def read(text: str, **files: str) -> tuple[dict[str, Mailbox], list[str]]:
    """The mailboxes, and the problems in words."""
    configuration, problems = read_configuration({"queues.yaml": QUEUES, "mailboxes.yaml": text, **files})
    return dict(configuration.mailboxes), [f"{one.where}: {one.what} {one.remedy}".strip() for one in problems]


def test_a_route_with_all_its_keys() -> None:
    text = 'sales:\n  route: {queue: sales, needs: "sales >= 2", priority: 30, retry_after_s: 60}\nplain: {}\n'
    mailboxes, problems = read(text)
    assert not problems
    route = MailRoute(queue="sales", needs=parse_need("sales >= 2"), priority=30, retry_after_s=60.0)  # type: ignore[arg-type]
    assert mailboxes == {"sales": Mailbox(name="sales", route=route), "plain": Mailbox(name="plain")}


def test_the_queue_must_exist_and_keys_are_known_and_bounded() -> None:
    _, problems = read("sales:\n  route: {queue: sale}\n")
    assert problems[0].startswith("mailboxes.yaml:2:18: ")
    assert "did you mean" in problems[0]
    _, problems = read("sales:\n  rout: {queue: sales}\n")
    assert problems[0].startswith("mailboxes.yaml:2:3: sales.rout: unknown key `rout`")
    _, problems = read("sales:\n  route: {queue: sales, retry_after_s: 1}\n")
    assert "at least 10" in problems[0]
    _, problems = read("sales:\n  route: {needs: sales}\n")
    assert len(problems) == 1


def test_what_agents_hear_is_built_in_and_may_be_said_otherwise() -> None:
    text = "sales: {route: {queue: sales}}\n"
    configuration, _ = read_configuration(
        {"queues.yaml": QUEUES, "mailboxes.yaml": text, "prompts.yaml": "voicemail_keys: {en: Keys., vi: Phím.}\n"}
    )
    assert configuration.prompts["voicemail_keys"].texts["en"] == "Keys."
    for prompt in BUILT_IN:
        for language, template in prompt.texts.items():
            said = PromptText(text=template, language=language)
            assert said.variables <= {"caller", "minutes_ago", "message_s"}
    assert "voicemail_from" in configuration.prompts
    plain, _ = read_configuration({"queues.yaml": QUEUES})
    assert "voicemail_from" not in plain.prompts
