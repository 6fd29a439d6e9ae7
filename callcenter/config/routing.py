"""routing.yaml: the rules above the queues'. Knows which values they may take.

A file of its own, because every key of queues.yaml is the name of a queue.
"""

from functools import cache
from typing import Final

from callcenter.config.fields import one_of, read_with
from callcenter.config.form import Form
from callcenter.config.sheet import Sheet
from callcenter.model.contact import Medium
from callcenter.model.routing import Routing
from callcenter.orders import ORDERS

KEEP_FREE_MAX: Final = 10_000


@cache
def routing_form() -> Form[Routing]:
    """How the file is read."""
    return Form(Routing, instead={"order": read_with(one_of(ORDERS, "order"))})


def read_routing(sheet: Sheet) -> Routing:
    """What it says; an empty file, or none, says what is usual."""
    table = sheet.table((), sheet.tree.root)
    routing = routing_form().read(sheet, table) or routing_form().rest(sheet, table) or Routing()
    if not 0 <= routing.blend.keep_free <= KEEP_FREE_MAX:
        sheet.wrong(("blend", "keep_free"), f"{routing.blend.keep_free}: 0 to {KEEP_FREE_MAX}")
    if routing.interruptible.get(Medium.VOICE):
        sheet.wrong(("interruptible", "voice"), "a talk is never interrupted", "leave voice out")
    return routing
