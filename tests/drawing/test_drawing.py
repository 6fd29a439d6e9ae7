"""Pictures of flows: whole, well-formed whatever names and texts are in them, and nothing lies on anything else."""

import itertools
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.config import load_configuration
from callcenter.drawing import Box, Graph, Way, graph_of, mermaid, svg, tree
from callcenter.drawing.layout import Layout, Link, Rect, Size, lay_out
from callcenter.drawing.raster import PIXELS_MAX, png
from callcenter.errors import Bug
from tests.config.test_folder import STARTER
from tests.examples import examples
from tests.png_file import PngFile

CONFIGURATION = load_configuration(STARTER)
SVG = "{http://www.w3.org/2000/svg}"
GRAPHS = {name: graph_of(CONFIGURATION, name) for name in ("", *CONFIGURATION.flows)}


def overlapping(layout: Layout) -> list[tuple[str, str]]:
    def apart(a: Rect, b: Rect) -> bool:
        return a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y

    pairs = itertools.combinations(sorted(layout.rects), 2)
    return [(one, two) for one, two in pairs if not apart(layout.rects[one], layout.rects[two])]


@pytest.mark.parametrize("name", GRAPHS)
def test_every_node_and_every_exit_is_in_the_picture(name: str) -> None:
    graph = GRAPHS[name]
    root = ElementTree.fromstring(svg(graph))
    assert {group.get("id") for group in root.iter(f"{SVG}g")} == {box.id for box in graph.nodes}
    texts = [text.text for text in root.iter(f"{SVG}text")]
    for way in graph.edges:
        assert not way.labels or ", ".join(way.labels) in texts
    assert len(list(root.iter(f"{SVG}path"))) == len(graph.edges) + 1  # and the arrow's head
    flows = [CONFIGURATION.flows[one] for one in CONFIGURATION.flows if name in ("", one)]
    nodes = {f"node:{flow.name}.{node}" for flow in flows for node in flow.nodes}
    assert nodes <= {box.id for box in graph.nodes}
    exits = {
        (f"node:{flow.name}.{name}", exit_) for flow in flows for name, n in flow.nodes.items() for exit_ in n.exits()
    }
    assert exits <= {(way.source, exit_) for way in graph.edges for exit_ in way.exits}


def test_all_is_drawn_with_queues_and_where_they_lead() -> None:
    ways = {(way.source, way.target): way.labels for way in GRAPHS[""].edges}
    assert ways["queue:sales", "node:voicemail.message"] == ("too long, full or drained", "nobody at work")
    assert ways["node:office.support", "queue:support"] == ()
    assert ways["number:hotline", "node:hotline.hours"] == ()


def test_a_condition_is_the_label_of_its_case() -> None:
    ways = {(way.source, way.target): way.labels for way in GRAPHS["hotline"].edges}
    assert ways["node:hotline.sales", "node:hotline.sales_in_vietnamese"] == ("= vi",)
    assert ways["node:hotline.english", "node:hotline.main"] == ("1", "2")


@pytest.mark.parametrize("name", GRAPHS)
def test_the_tree_tells_every_box_once(name: str) -> None:
    lines = tree(GRAPHS[name]).splitlines()
    for box in GRAPHS[name].nodes:
        told = [line for line in lines if re.search(rf"(^|[ →]){re.escape(box.title)}  \[{box.kind}\]", line)]
        same = [one for one in GRAPHS[name].nodes if (one.title, one.kind) == (box.title, box.kind)]
        assert not box.flow or box.kind == "number" or len(told) == len(same)


def test_mermaid_has_a_line_per_way() -> None:
    graph = GRAPHS["hotline"]
    lines = mermaid(graph).splitlines()
    assert lines[0] == "flowchart TD"
    assert sum("-->" in line for line in lines) == len(graph.edges)


WORDS = st.text(alphabet=st.characters(codec="utf-8"), max_size=40)


@settings(max_examples=examples(60), deadline=None)
@given(words=st.lists(WORDS, min_size=2, max_size=2))
def test_no_text_breaks_the_picture(words: list[str]) -> None:
    a, b = (Box(id=f"n{at}", title=text, kind=text, flow=text, lines=(text,)) for at, text in enumerate(words))
    ways = (Way(source="n0", target="n1", labels=(words[0],)), Way(source="n1", target="n0"))
    graph = Graph(title=words[1], nodes=(a, b), edges=ways)
    assert "script" not in {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(svg(graph)).iter()}
    assert tree(graph)
    assert all('"' not in part for line in mermaid(graph).splitlines() for part in re.findall(r'"(.*)"', line))


@st.composite
def pictures(draw: st.DrawFn) -> tuple[dict[str, Size], list[Link]]:
    names = [f"n{at}" for at in range(draw(st.integers(1, 30)))]
    sizes = {
        name: Size(width=draw(st.floats(60, 300)), height=draw(st.sampled_from([30.0, 55.0, 90.0]))) for name in names
    }
    ends = st.tuples(st.sampled_from(names), st.sampled_from(names), st.floats(0, 80))
    return sizes, [Link(source=a, target=b, label=w) for a, b, w in draw(st.lists(ends, max_size=60))]


@settings(max_examples=examples(80), deadline=None)
@given(picture=pictures())
def test_no_box_lies_on_another_and_all_is_inside(picture: tuple[dict[str, Size], list[Link]]) -> None:
    sizes, links = picture
    layout = lay_out(sizes, links)
    assert overlapping(layout) == []
    assert layout == lay_out(sizes, links)
    for rect in layout.rects.values():
        assert rect.x >= 0
        assert rect.y >= 0
        assert rect.x + rect.width <= layout.width
        assert rect.y + rect.height <= layout.height
    for link, route in zip(links, layout.routes, strict=True):
        source, target = layout.rects[link.source], layout.rects[link.target]
        (x, y), (to_x, to_y) = route.points[0], route.points[-1]
        assert source.x <= x <= source.x + source.width
        assert y == source.y + source.height
        assert target.x <= to_x <= target.x + target.width
        assert to_y == target.y
        assert all(0 <= x <= layout.width and 0 <= y <= layout.height for x, y in route.points)


@settings(max_examples=examples(40), deadline=None)
@given(picture=pictures())
def test_the_words_of_ways_that_leave_one_box_stand_side_by_side(picture: tuple[dict[str, Size], list[Link]]) -> None:
    sizes, links = picture
    layout = lay_out(sizes, links)
    for name in sizes:
        mine = [
            (route.label[0], link.label)
            for link, route in zip(links, layout.routes, strict=True)
            if link.source == name
        ]
        mine.sort()
        for (x, width), (next_x, next_width) in itertools.pairwise(mine):
            assert x + width / 2 <= next_x - next_width / 2 + 0.01


def test_a_picture_has_its_letters_on_a_machine_without_fonts() -> None:
    def drawn(text: str) -> bytes:
        words = f'<text x="4" y="20" font-family="system-ui,sans-serif">{text}</text>'
        return png(f'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="30">{words}</svg>')

    blank, plain, marked, bold = (drawn(text) for text in ("", "uo", "ườ", '<tspan font-weight="600">uo</tspan>'))
    assert PngFile(blank).different_lines <= 2
    assert len({blank, plain, marked, bold}) == 4
    assert (PngFile(plain).width, PngFile(plain).height) == (160, 60)
    with pytest.raises(Bug):
        png("<svg/>")


@pytest.mark.slow
def test_a_very_large_drawing_is_a_picture_that_can_be_opened() -> None:
    box = '<rect x="10" y="10" width="30000" height="10" fill="black"/>'
    picture = PngFile(png(f'<svg xmlns="http://www.w3.org/2000/svg" width="40000" height="4000">{box}</svg>'))
    assert picture.width * picture.height <= 1.01 * PIXELS_MAX
