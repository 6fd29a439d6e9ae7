"""lists/<name>.txt: one telephone number a line. Knows the form of such a file; knows not what a list is for.

A plain text and no YAML, because these lists come out of other programs and are long. What follows `#` is a remark;
blanks, points, dashes, strokes and brackets within a number do not count.
"""

import re
from typing import Final

from callcenter.config.fields import NAME_PATTERN
from callcenter.config.sheet import shown
from callcenter.errors import Problem
from callcenter.model.customer import CUSTOMER_LISTS
from callcenter.model.ids import ListName
from callcenter.model.numbers import Numbering, NumberList

LISTS: Final = "lists/"
LIST_SUFFIX: Final = ".txt"
LIST_BYTES_MAX: Final = 32_000_000
"""About two million numbers; a longer list is refused, since half a do-not-call list would be worse than none."""
LINES_TOLD_MAX: Final = 20
"""So many wrong lines of one file are told one by one."""
_NUMBER: Final = re.compile(r"\+?[0-9][0-9 \t()./-]{0,38}")


def is_list(file: str) -> bool:
    """Whether a file of the folder, by its relative path, is a list."""
    name = file.removeprefix(LISTS)
    return file.startswith(LISTS) and "/" not in name and name.endswith(LIST_SUFFIX)


def list_name(file: str) -> ListName:
    """The name of the list that a file holds."""
    return ListName(file[len(LISTS) : -len(LIST_SUFFIX)])


def read_list(file: str, text: str, numbering: Numbering, problems: list[Problem]) -> NumberList:
    """The list; what is wrong in the file is added to `problems`."""
    name = list_name(file)
    if not NAME_PATTERN.fullmatch(name):
        remedy = "a letter, then letters, digits, _ and -"
        problems.append(Problem(where=file, what=f"{shown(str(name))} cannot name a list", remedy=remedy))
    if name in CUSTOMER_LISTS:
        problems.append(Problem(where=file, what=f"{name} is made of the customers who are marked", remedy="rename it"))
    if len(text) > LIST_BYTES_MAX:
        problems.append(Problem(where=file, what=f"longer than {LIST_BYTES_MAX:,} bytes", remedy="split the list"))
        return NumberList(name=name, numbering=numbering)
    numbers: set[str] = set()
    wrong = 0
    for at, line in enumerate(text.splitlines(), 1):
        number = line.split("#", 1)[0].strip()
        if not number:
            continue
        if _NUMBER.fullmatch(number):
            numbers.add(numbering.normal(number))
            continue
        wrong += 1
        if wrong <= LINES_TOLD_MAX:
            column = len(line) - len(line.lstrip()) + 1
            what = f"{shown(number)} is not a telephone number"
            problems.append(
                Problem(where=f"{file}:{at}:{column}", what=what, remedy="one number a line, remarks after #")
            )
    if wrong > LINES_TOLD_MAX:
        problems.append(Problem(where=file, what=f"{wrong - LINES_TOLD_MAX} more lines are not telephone numbers"))
    return NumberList(name=name, numbers=frozenset(numbers), numbering=numbering)
