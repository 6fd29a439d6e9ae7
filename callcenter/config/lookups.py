"""lookups.yaml: which programs outside a flow may ask. Knows hosts; the questions stand in the flows."""

from typing import Final

from callcenter.config.sheet import Sheet, shown
from callcenter.config.tree import Rows
from callcenter.nodes.fields import HOST_PATTERN

KEYS: Final = ("hosts",)
HOSTS_MAX: Final = 100


def read_lookup_hosts(sheet: Sheet) -> tuple[str, ...]:
    """The hosts that can be used; the others' problems are on the sheet."""
    root = sheet.table((), sheet.tree.root)
    sheet.only(root, KEYS)
    rows = root.get("hosts")
    if rows is None:
        return ()
    if not isinstance(rows, Rows) or len(rows) > HOSTS_MAX:
        sheet.wrong(("hosts",), f"expected a list of at most {HOSTS_MAX} hosts, not {shown(rows)}")
        return ()
    found = []
    for at, row in enumerate(rows):
        if isinstance(row, str) and HOST_PATTERN.fullmatch(row):
            found.append(row)
        else:
            remedy = "as in an address, in lower case: crm.example.com, or 127.0.0.1:8080 with the port"
            sheet.wrong(("hosts", at), f"{shown(row)} is not a host", remedy)
    return tuple(found)
