"""The course of a rehearsed call on a terminal, step by step. Knows words; plays nothing."""

from typing import TYPE_CHECKING

from callcenter.cli.screen import cell, show

if TYPE_CHECKING:
    from callcenter.sim.course import Course


def show_steps(course: "Course", indent: str = "") -> None:
    """One line per step: nodes in bold, what happens in them set in."""
    for step in course.steps:
        inner = "" if step.kind == "node" else "    "
        show(cell(f"{indent}{step.after_s:6.1f} s  {inner}{step.words}", "bold" if step.kind == "node" else ""))
