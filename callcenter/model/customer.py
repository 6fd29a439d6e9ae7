"""Customers as the engine and the configuration know them. Knows marks, fields and names of lists; no database.

The engine is told of customers only what it decides by: who is important, and who must not be called.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from callcenter.model.form_field import FormField
from callcenter.model.ids import ListName

MARKED_MAX: Final = 250_000
"""Numbers that may be marked at once: they are in the engine's memory. Longer lists are files: lists/<name>.txt."""
MARKS_AT_ONCE: Final = 2_000
"""Of one event."""

VIP_CUSTOMERS: Final = ListName("vip-customers")
NO_CALL_CUSTOMERS: Final = ListName("no-call-customers")
CUSTOMER_LISTS: Final = (VIP_CUSTOMERS, NO_CALL_CUSTOMERS)
"""Lists that no file holds: who is in them is told while the call center runs."""


class CustomerMark(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine must know of one number of a customer."""

    number: str  # personal
    vip: bool = False
    do_not_call: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRules:
    """customers.yaml: which fields a customer has, and where another program shows her."""

    fields: Mapping[str, FormField] = field(default_factory=dict)
    crm_url: str = ""  # with places: {{ number }}, {{ field_account }}
