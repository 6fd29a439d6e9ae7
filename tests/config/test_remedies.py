"""Mistakes that people make in files: told where they are, with what to write instead, and nothing beside them."""

from pathlib import Path

import pytest

from callcenter.config.folder import check_folder, read_configuration

AROUND = {
    "queues.yaml": "sales: {needs: sales}\n",
    "calendars.yaml": "office: {timezone: UTC, open: {daily: 08:00-17:00}}\n",
    "flows/main.yaml": "start: a\nnodes:\n  a: {kind: enqueue, queue: sales}\n",
    "numbers.yaml": "default: main\n",
}


def told(**files: str) -> list[str]:
    """What is wrong when these files are otherwise; names without their `.yaml`, "" takes one away."""
    changed = {**AROUND, **{f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}}
    return [str(one) for one in read_configuration({name: text for name, text in changed.items() if text})[1]]


@pytest.mark.parametrize(
    ("queue", "place", "remedy"),
    [
        ("max_wait_s: 5min", "max_wait_s", "times are numbers of seconds: 300"),
        ("wrap_up_s: 5s", "wrap_up_s", "times are numbers of seconds: 5"),
        ("wrap_up_s: 1.5 h", "wrap_up_s", "times are numbers of seconds: 5400"),
        ("wrap_up_s: 1,5", "wrap_up_s", "with a point: 1.5"),
        ("service_level_target: 80%", "service_level_target", "a share of 1: 0.8"),
        ("needs: [sales, vip]", "needs", "one text: sales and vip"),
    ],
)
def test_a_number_with_a_unit_is_told_what_to_be(queue: str, place: str, remedy: str) -> None:
    [problem] = told(queues=f"sales:\n  {queue}\n")
    assert problem.startswith(f"queues.yaml:2:{len(place) + 5}: sales.{place}: expected a ")
    assert problem.endswith(f"({remedy})")


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("sales:\n\tneeds: sales\n", "2:1", "lines are indented with spaces, not with tabs"),
        (
            "sales:\n  needs: sales\n   priority: 4\n",
            "3:12",
            "indent it as the line above; a text that holds `: ` needs quotes",
        ),
        ("sales:\n  overflow: {queue: b\n  needs: a\n", "3:8", "what begins in line 2, column 13 is not closed"),
        ('sales:\n  needs: "a\n', "3:1", "what begins in line 2, column 10 is not closed"),
        ("sales: &all {}\n", "1:8", "write it out wherever it is needed; a text that begins with & needs quotes"),
        ("- sales\n- support\n", "1:1", ""),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_hides_nothing(text: str, place: str, remedy: str) -> None:
    [problem] = told(queues=text)
    assert problem.startswith(f"queues.yaml:{place}: ")
    assert problem.endswith(f"({remedy})" if remedy else "expected keys with values, not a list")


def test_names_of_a_file_that_is_not_there_lead_to_it() -> None:
    [problem] = told(queues="")
    assert (
        problem
        == "flows/main.yaml:3:29: nodes.a.queue: there is no queue `sales` (queues.yaml is missing, or names none)"
    )
    [problem] = told(calendars="", queues="sales: {hours: office}\n")
    assert problem.endswith("there is no calendar `office` (calendars.yaml is missing, or names none)")


def test_a_template_that_does_not_end_is_told_how_it_does() -> None:
    [problem] = told(prompts="hello: {en: 'Hello {{ caller'}\n")
    assert problem.endswith("(what begins with {{ ends with }})")


def test_what_is_no_file_of_text_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    for name, text in AROUND.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "prompts.yaml").write_bytes("hello:\n  en: Café\n".encode("latin-1"))
    (tmp_path / "calendars.yaml").write_bytes("office: {}\n".encode("utf-16"))
    (tmp_path / "routing.yaml").mkdir()
    (tmp_path / "lookups.yaml").symlink_to(tmp_path / "nowhere")
    assert [str(one) for one in check_folder(tmp_path).problems] == [
        "calendars.yaml:1:1: it is UTF-16 (save it as UTF-8)",
        "lookups.yaml: leads to no file",
        "prompts.yaml:2:10: not UTF-8 here (byte 0xe9) (save it as UTF-8)",
        "routing.yaml: is a folder, and is to be a file",
    ]


def test_a_filter_that_is_none_and_hours_that_overlap_are_told_with_what_to_write() -> None:
    calendar = "office: {timezone: UTC, open: {tue: ['08:00-12:00', '11:00-13:00'], mon-fri: '20:00-21:00'}}\n"
    queue = "sales: {needs: sales, announce: {wait: {en: '{{ wait_s | minuts }}'}}}\n"
    assert told(calendars=calendar, queues=queue) == [
        "calendars.yaml:1:32: office.open.tue: hours on tue overlap: 08:00-12:00 and 11:00-13:00 "
        "(one of them, or one span for both)",
        "queues.yaml:1:45: sales.announce.wait.en: there is no filter `minuts` (did you mean `minutes`?)",
    ]
