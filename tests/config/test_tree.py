"""YAML is read with places, by YAML 1.2, and nothing that anybody writes makes the reader fall over."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callcenter.config.tree import Place, Table, Tree, read_tree
from tests.examples import examples


def problems(tree: Tree) -> list[str]:
    return [str(problem) for problem in tree.problems]


def test_words_that_other_yaml_takes_for_something_else_stay_texts() -> None:
    tree = read_tree("f.yaml", "a: no\nb: 20:00\nc: 2026-02-17\nd: 0901234567\ne: 1e3\nf: 0x1F\ng: 1_000\nh: on\n")
    assert tree.root == {
        "a": "no",
        "b": "20:00",
        "c": "2026-02-17",
        "d": "0901234567",
        "e": "1e3",
        "f": "0x1F",
        "g": "1_000",
        "h": "on",
    }


def test_keys_are_texts_as_written() -> None:
    tree = read_tree("f.yaml", '1: a\n01: b\n"*": c\ntrue: d\n~: e\n')
    assert isinstance(tree.root, Table)
    assert list(tree.root) == ["1", "01", "*", "true", "~"]


def test_a_number_remembers_how_it_was_written() -> None:
    root = read_tree("f.yaml", "a: 113\nb: 1.50").root
    assert isinstance(root, Table)
    assert [(value, getattr(value, "written", None)) for value in root.values()] == [(113, "113"), (1.5, "1.50")]


def test_every_part_has_its_place() -> None:
    tree = read_tree("f.yaml", "# a comment\none:\n  - two\n  - {three: four}\nempty:\n")
    assert tree.place(("one", 1, "three")) == Place(4, 13)
    assert tree.place(("one", 1, "three"), at_key=True) == Place(4, 6)
    assert tree.place(("one", 1, "not there")) == Place(4, 5)
    assert tree.place(("empty",)) == Place(5, 1)


def test_a_key_that_is_there_twice_is_a_problem_and_the_first_one_counts() -> None:
    tree = read_tree("f.yaml", "a: 1\nb: 2\na: {c: 3, c: 4}\n")
    assert tree.root == {"a": 1, "b": 2}
    assert problems(tree) == ["f.yaml:3:1: a: `a` is here twice (the first is in line 1)"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a: [1",
            "f:1:6: not YAML: expected ',' or ']', but got '<stream end>' "
            "(what begins in line 1, column 4 is not closed)",
        ),
        (
            "a: &x 1",
            "f:1:4: anchors and aliases (& and *) are not used here "
            "(write it out wherever it is needed; a text that begins with & needs quotes)",
        ),
        ("a: *x", "f:1:4: anchors and aliases (& and *) are not used here (write a text with * in quotes)"),
        ("a: !!python/object:x 1", "f:1:4: tags (!) are not used here"),
        ("a: 1\n---\nb: 1", "f:2:1: a second document (one file holds one)"),
        ("? [a]: b\n", "f:1:3: a key must be a plain text (a text with { [ * & at its start needs quotes)"),
        ("a: \x07", "f:1:4: the character '\\x07' is not allowed in YAML"),
        ("[" * 30, "f:1:22: nested more than 20 deep"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, expected: str) -> None:
    tree = read_tree("f", text)
    assert tree.root is None
    assert problems(tree) == [expected]


def test_a_million_laughs_are_not_heard() -> None:
    text = "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n"
    assert read_tree("f", text).root is None


YAML_ISH = st.text(alphabet="ab1 \n\t:-?[]{}&*!|>'\"%@`#,~<=\\xuU0é\u2028\ufeff", max_size=60)


@settings(max_examples=examples(100), deadline=None)
@given(text=YAML_ISH | st.text(max_size=60))
@example(text='a: "\\U99999999"')
@example(text="%YAML 9.9\n---\na")
@example(text="%TAG ! tag:x\n--- a")
@example(text="!<> a")
@example(text="\ud800")
@example(text="- " * 3000)
def test_any_text_gives_a_tree_or_problems(text: str) -> None:
    tree = read_tree("f", text)
    lines = text.splitlines() or [""]
    for place in (*tree.values.values(), *tree.keys.values()):
        assert 1 <= place.line <= len(lines) + 1
    for problem in tree.problems:
        assert problem.where.startswith("f:")
        assert problem.what
