"""A configuration without what calls people out, where nothing else in it is wrong. Knows files; decides nothing.

Theory: another build may call something a mistake that was none. A center that does not start answers nobody, and one
without its campaigns calls nobody whom it should not: so mistakes in files about calling out cost the campaigns alone.
What the guard against toll fraud says is kept as far as it can be read, because agents call by hand as well.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from callcenter.config.folder import CAMPAIGNS, TRUNKS, is_law, read_configuration
from callcenter.config.postcodes import POSTCODES
from callcenter.errors import Problem
from callcenter.model.configuration import Configuration

OUTBOUND: Final = frozenset({CAMPAIGNS, TRUNKS, POSTCODES})
"""Files that nobody needs who is called; packs of law besides."""


def read_reduced(files: Mapping[str, str]) -> tuple[Configuration | None, list[Problem]]:
    """All of it; else every problem, with what is left without its campaigns, or None."""
    whole, problems = read_configuration(files)
    if not problems:
        return whole, []
    wrong = {problem.where.partition(":")[0] for problem in problems}
    if not all(file in OUTBOUND or is_law(file) for file in wrong):
        return None, problems
    left = {file: text for file, text in files.items() if file not in wrong and file != CAMPAIGNS}
    reduced, more = read_configuration(left)
    return (None if more else replace(reduced, guard=whole.guard)), problems
