"""What machine code need not look up each time. Knows names and where they come from; knows nothing of what they name.

mypyc finds what it compiles at fixed places. All else (a message, an enum, a function of a module that stays plain) it
looks up in the module's dict whenever it is named, and a member of an enum or a function of a module once more in
there. Whoever names it 25 times in a call pays as much for that as for making 10 messages. None of these names is ever
given another meaning, so what is compiled is another text, in which each of them is looked up once, when the module is
loaded: `heapq.heappush(...)` in a function becomes `_once_heapq_heappush(...)`, which is Final beside the imports.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Final

MODULES: Final = ("heapq",)  # outside of the package, whose functions are called often
PREFIX: Final = "_once_"

Definitions = Callable[[str], frozenset[str]]
"""Module -> the names of the classes and functions in its text; none of one that is compiled, or not ours."""


def looked_up_once(source: str, definitions: Definitions) -> str:
    """The text of a module in which functions look nothing up that can be looked up beforehand."""
    module = ast.parse(source)
    named = _foreign(module, definitions)
    edits: dict[tuple[int, int], tuple[int, str]] = {}  # where a name begins (line, byte) -> where it ends, the new one
    makes: dict[str, str] = {}  # the new name -> what it stands for
    for node in _looked_up(module, named):
        told = ast.unparse(node)
        fresh = PREFIX + told.replace(".", "_")
        makes[fresh] = told
        assert node.end_col_offset is not None
        edits[node.lineno, node.col_offset] = (node.end_col_offset, fresh)
    lines = source.encode().split(b"\n")
    for (line, begin), (end, fresh) in sorted(edits.items(), reverse=True):
        lines[line - 1] = lines[line - 1][:begin] + fresh.encode() + lines[line - 1][end:]
    imports = [one.end_lineno or 0 for one in module.body if isinstance(one, ast.Import | ast.ImportFrom)]
    made = [f"{fresh}: Final = {told}".encode() for fresh, told in makes.items()]
    if made:
        made.insert(0, b"from typing import Final")
    at = max(imports, default=0)
    return b"\n".join([*lines[:at], *made, *lines[at:]]).decode()


def definitions_in(source: str) -> frozenset[str]:
    """The classes and functions that a module's text defines."""
    defined = ast.parse(source).body
    return frozenset(one.name for one in defined if isinstance(one, ast.ClassDef | ast.FunctionDef))


def _foreign(module: ast.Module, definitions: Definitions) -> frozenset[str]:
    """The names that are looked up each time: of imports, but for those that something else is called here as well."""
    found: set[str] = set()
    for one in module.body:
        if isinstance(one, ast.Import):
            found.update(name.name for name in one.names if name.name in MODULES and name.asname is None)
        elif isinstance(one, ast.ImportFrom) and one.module is not None:
            there = definitions(one.module)
            found.update(name.asname or name.name for name in one.names if name.name in there)
    for node in ast.walk(module):
        if isinstance(node, ast.arg):
            found.discard(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.discard(node.id)
    return frozenset(found)


def _looked_up(module: ast.Module, named: frozenset[str]) -> Iterator[ast.expr]:
    """Whatever functions call or compare that is looked up, and members of enums, outermost first."""
    for function in _functions(module):
        for node in _run(function):
            if isinstance(node, ast.Call):
                yield from _if_foreign(node.func, named)
            elif isinstance(node, ast.Compare):
                for one in node.comparators:
                    if isinstance(one, ast.Name):
                        yield from _if_foreign(one, named)
            elif isinstance(node, ast.Attribute) and node.attr.isupper():
                yield from _if_foreign(node, named)


def _if_foreign(node: ast.expr, named: frozenset[str]) -> Iterator[ast.expr]:
    match node:
        case ast.Name(id=name) if name in named and name not in MODULES:
            yield node
        case ast.Attribute(value=ast.Name(id=name), attr=of_it) if name in named:
            if name in MODULES or of_it.isupper():
                yield node


def _functions(module: ast.Module) -> Iterator[ast.FunctionDef]:
    for one in module.body:
        if isinstance(one, ast.FunctionDef):
            yield one
        elif isinstance(one, ast.ClassDef):
            yield from (inner for inner in one.body if isinstance(inner, ast.FunctionDef))


def _run(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What a function does: no annotations, no defaults, no patterns, where only a class's own name may stand."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.AnnAssign):
            todo += [node.value] if node.value is not None else []
        elif isinstance(node, ast.match_case):
            todo += [*node.body, *([node.guard] if node.guard is not None else [])]
        elif isinstance(node, ast.FunctionDef):
            todo += node.body
        else:
            todo += ast.iter_child_nodes(node)
