"""Customers as people keep them: entered, changed, noted, merged, taken out. Knows what a wish means; asks nobody.

The one place for it: the command line and the API ask here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from callcenter.customers.pop import (
    CustomerShown,
    HistoryShown,
    Written,
    customer_shown,
    forms_of,
    shown_history,
    written,
)
from callcenter.customers.rules import Rules
from callcenter.errors import Unknown, unknown, unreadable
from callcenter.postgres.customers import Customer, Customers

ID_DIGITS_MAX: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be known of a customer; what is None, or not named, stays as it is."""

    name: str | None = None
    reference: str | None = None
    language: str | None = None
    numbers: tuple[str, ...] = ()
    without_numbers: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)  # one that is empty is taken away
    vip: bool | None = None
    do_not_call: bool | None = None
    source: str = ""  # how we know that she is not to be called

    @property
    def marks(self) -> bool:
        """Whether the running center must be told."""
        return self.vip is not None or self.do_not_call is not None

    @property
    def more(self) -> list[tuple[str, str]]:
        """Addresses as (kind, text)."""
        return [*(("email", one) for one in self.emails), *(("address", one) for one in self.addresses)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A customer and her calls. `customer` is None for a number of nobody that has called."""

    customer: CustomerShown | None
    history: HistoryShown
    changes: tuple[Written, ...]


class Register:
    """The customers, by the rules that are live. Methods raise ConfigurationError, Unknown, Unreadable, Unfit."""

    def __init__(self, customers: Customers, rules: Rules) -> None:
        self._customers = customers
        self._rules = rules

    async def found(self, who: str) -> Customer | None:
        """The customer of a number, however it is written, or of an id."""
        rules = self._rules
        kept = rules.kept(who)
        found = await self._customers.by_numbers([kept, rules.numbering.normal(who)]) if kept else None
        if found is None and who.isascii() and who.isdigit() and len(who) <= ID_DIGITS_MAX:
            found = await self._customers.by_id(int(who))
        return found

    async def one(self, who: str) -> Customer:
        """The same; raises Unknown."""
        found = await self.found(who)
        if found is None:
            raise _nobody(who)
        return found

    async def told(self, who: str, calls: int) -> Told:
        """All of her, and so many of her latest calls; of a number that nobody was entered with, the calls."""
        found = await self.found(who)
        if found is None:
            history = await self._customers.history(self._rules.forms(who), calls)
            if not history.calls:
                raise _nobody(who)
            return Told(customer=None, history=shown_history(history), changes=())
        sheet = await self._customers.sheet(found)
        history = await self._customers.history(forms_of(sheet.numbers, self._rules.numbering), calls)
        changes = tuple(written(one) for one in sheet.changes)
        return Told(customer=customer_shown(sheet), history=shown_history(history), changes=changes)

    async def add(self, wish: Wish, by: str, note: str = "") -> int:
        """Enter her; gives her id."""
        new = self._changed(Customer(), wish, by)
        if not (wish.numbers or new.reference):
            raise unreadable("customer", "is known by a number or a reference", "give one")
        made = await self._customers.add(new, self._rules.numbers(wish.numbers), wish.more, by)
        if note:
            await self._customers.note(made, by, note)
        return made

    async def change(self, who: str, wish: Wish, by: str) -> int:
        """Change what is known of her; gives her id."""
        found = await self.one(who)
        new = self._changed(found, wish, by)
        gone = [self._rules.kept(one) for one in wish.without_numbers]
        what = _what(found, new, [*wish.numbers, *wish.emails, *wish.addresses], gone)
        if what:
            numbers = self._rules.numbers(wish.numbers)
            await self._customers.change(new, by, what, numbers=numbers, without=gone, addresses=wish.more)
        return found.id

    async def note(self, who: str, text: str, by: str) -> int:
        """Write something of her down."""
        found = await self.one(who)
        await self._customers.note(found.id, by, text)
        return found.id

    async def merge(self, kept: str, gone: str, by: str) -> int:
        """Make one customer of two; what the first says holds."""
        one, other = await self.one(kept), await self.one(gone)
        await self._customers.merge(one.id, other.id, by)
        return one.id

    async def remove(self, who: str) -> int:
        """Take her out, with all that was entered of her. Her calls stay in the records."""
        found = await self.one(who)
        await self._customers.remove(found.id)
        return found.id

    def _changed(self, was: Customer, wish: Wish, by: str) -> Customer:
        stopped = was.do_not_call if wish.do_not_call is None else wish.do_not_call
        since = was.do_not_call_since if was.do_not_call else datetime.now(UTC)
        said = (wish.source or was.do_not_call_source or by) if stopped else ""
        tags = {*was.tags, *(" ".join(tag.split()) for tag in wish.tags)}
        return replace(
            was,
            name=was.name if wish.name is None else " ".join(wish.name.split()),
            reference=was.reference if wish.reference is None else wish.reference.strip(),
            language=was.language if wish.language is None else self._rules.language(wish.language),
            tags=tuple(sorted(tag for tag in tags if tag not in wish.without_tags)),
            fields=self._rules.fields(was.fields, wish.fields),
            vip=was.vip if wish.vip is None else wish.vip,
            do_not_call=stopped,
            do_not_call_source=said,
            do_not_call_since=since if stopped else None,
        )


def _nobody(who: str) -> Unknown:
    return unknown(f"customer {who[:60]}", "there is none", "callcenter customers list")


def _what(was: Customer, now: Customer, more: list[str], gone: list[str]) -> str:
    """What has changed, in words."""
    said = [
        f"{name}: {getattr(now, name)}"
        for name in ("name", "reference", "language", "vip")
        if getattr(was, name) != getattr(now, name)
    ]
    if was.do_not_call != now.do_not_call:
        said.append(f"must not be called ({now.do_not_call_source})" if now.do_not_call else "may be called again")
    if was.tags != now.tags:
        said.append(f"tags: {', '.join(now.tags)}")
    said += [
        f"{name}: {now.fields.get(name, '')}"
        for name in {**was.fields, **now.fields}
        if was.fields.get(name) != now.fields.get(name)
    ]
    said += [f"and {one}" for one in more] + [f"without {one}" for one in gone]
    return "; ".join(said)
