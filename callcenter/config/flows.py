"""flows/<name>.yaml: one flow each. Knows how nodes are written down; what a kind does and needs is the kind's."""

from functools import cache
from typing import Final

from callcenter.config.fields import NAME_PATTERN
from callcenter.config.form import Form
from callcenter.config.graph import flaws
from callcenter.config.sheet import Sheet, did_you_mean, shown
from callcenter.config.tree import Table, Value
from callcenter.model.flow import Flow
from callcenter.model.ids import FlowName
from callcenter.nodes import BESIDE_TALK, NODES, Kind
from callcenter.nodes.fields import LANGUAGE_PATTERN

KEYS: Final = ("language", "start", "nodes")
KIND: Final = "kind"
NODES_MAX: Final = 500


@cache
def node_form(kind: str) -> Form[Kind]:
    """How a kind of node is read."""
    return Form(NODES[kind], ignored=(KIND,))


def read_flow(sheet: Sheet, name: str) -> Flow | None:
    """The flow, or None if any of it is wrong; all that is wrong is on the sheet."""
    before = len(sheet.problems)
    if not NAME_PATTERN.fullmatch(name):
        sheet.wrong((), f"`{name}` cannot name a flow", "a letter, then letters, digits, _ and -")
    root = sheet.table((), sheet.tree.root)
    sheet.only(root, KEYS)
    raw = sheet.table(("nodes",), root.get("nodes"))
    if not raw:
        sheet.wrong(("nodes",), "a flow needs at least one node", at_key=True)
    if len(raw) > NODES_MAX:
        sheet.wrong(("nodes",), f"{len(raw)} nodes; at most {NODES_MAX} can be in one flow", at_key=True)
    sheet.nodes = raw.keys()
    nodes = {node: _read_node(sheet, node, value) for node, value in raw.items()}
    start = root.get("start", next(iter(raw), ""))
    if not isinstance(start, str) or (raw and start not in raw):
        what = f"there is no node {shown(start)}" if isinstance(start, str) else f"expected a node, not {shown(start)}"
        sheet.wrong(("start",), what, did_you_mean(str(start), raw))
    flow = Flow(
        name=FlowName(name),
        start=str(start),
        nodes={node: found for node, found in nodes.items() if found is not None},
        language=_language(sheet, root.get("language", "en")),
        not_aside=_not_aside(raw),
    )
    if len(sheet.problems) > before:
        return None  # the shape of half a flow tells nothing
    for flaw in flaws(flow):
        path = ("nodes", flaw.node, *flaw.exit.split(".")) if flaw.exit else ("nodes", flaw.node)
        sheet.wrong(path, flaw.what, flaw.remedy, at_key=not flaw.exit)
    return flow if len(sheet.problems) == before else None


def _read_node(sheet: Sheet, name: str, value: Value) -> Kind | None:
    path = ("nodes", name)
    if not NAME_PATTERN.fullmatch(name):
        sheet.wrong(path, f"{shown(name)} cannot name a node", "a letter, then letters, digits, _ and -", at_key=True)
    if not isinstance(value, Table):
        sheet.wrong(path, f"expected keys with values, not {shown(value)}", at_key=True)
        return None
    kind = value.get(KIND)
    if kind is None:
        sheet.wrong(path, "`kind` is missing", f"one of {', '.join(NODES)}", at_key=True)
        return None
    if not isinstance(kind, str) or kind not in NODES:
        sheet.wrong(
            (*path, KIND),
            f"there is no kind {shown(kind)}",
            did_you_mean(str(kind), NODES) or "one of " + ", ".join(NODES),
        )
        return None
    return node_form(kind).read(sheet, value)


def _not_aside(raw: Table) -> str:
    """The first node whose kind leads a call away; "" if the flow can run while an agent has the call."""
    kinds = {name: value.get(KIND) if isinstance(value, Table) else None for name, value in raw.items()}
    return next((name for name, kind in kinds.items() if kind not in BESIDE_TALK), "")


def _language(sheet: Sheet, value: Value) -> str:
    if isinstance(value, str) and LANGUAGE_PATTERN.fullmatch(value):
        return value
    sheet.wrong(("language",), f"{shown(value)} is not a language", "a tag such as en or vi")
    return "en"
