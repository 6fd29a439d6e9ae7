"""Which numbers belong to important customers, and which must not be called: told while the center runs.

Knows numbers and the configuration's lists; knows no customer. Where a rule names a list of numbers, the customers'
own lists (`model/customer.CUSTOMER_LISTS`) stand beside those of the configuration; who is told to be marked counts
from that event on, also for those who wait, and for those who are promised a callback.
"""

from collections.abc import Iterable, Mapping

from callcenter.core.state import ContactRecord
from callcenter.model.configuration import Configuration
from callcenter.model.customer import MARKED_MAX, NO_CALL_CUSTOMERS, VIP_CUSTOMERS, CustomerMark
from callcenter.model.ids import ListName
from callcenter.model.numbers import Numbering, NumberList


class _Marked(NumberList):
    """The numbers with one mark, as a list that a rule may name; they change under it."""

    __slots__ = ("_held",)

    _held: Mapping[str, None]

    def __contains__(self, number: str) -> bool:
        return bool(number) and (number in self._held or self.numbering.normal(number) in self._held)


def _marked(name: ListName, numbering: Numbering, held: Mapping[str, None]) -> NumberList:
    made = _Marked(name=name, numbering=numbering)
    object.__setattr__(made, "_held", held)
    return made


class Marks:
    """The marks of all numbers, as they were told."""

    __slots__ = ("_lists", "_of", "no_calls", "vips")

    def __init__(self) -> None:
        self.vips: dict[str, None] = {}
        self.no_calls: dict[str, None] = {}
        self._of: Configuration | None = None
        self._lists: Mapping[ListName, NumberList] = {}

    def lists(self, configuration: Configuration) -> Mapping[ListName, NumberList]:
        """The lists of a configuration, and those of the customers."""
        if not self.vips and not self.no_calls:
            return configuration.lists
        if self._of is not configuration:
            self._of = configuration
            self._lists = {
                **configuration.lists,
                VIP_CUSTOMERS: _marked(VIP_CUSTOMERS, configuration.numbering, self.vips),
                NO_CALL_CUSTOMERS: _marked(NO_CALL_CUSTOMERS, configuration.numbering, self.no_calls),
            }
        return self._lists

    def is_listed(self, configuration: Configuration, name: ListName, number: str) -> bool:
        """Whether a number, however it is written, is in a list; a list that is not there has nobody in it."""
        listed = self.lists(configuration).get(name)
        return listed is not None and number in listed

    def take(self, told: Iterable[CustomerMark]) -> tuple[tuple[str, ...], str]:
        """Take over what is told; gives the numbers whose marks changed, and what is wrong, or "": then nothing is."""
        news = {mark.number: mark for mark in told if mark.number}
        more = sum(1 for number in news if number not in self.vips and number not in self.no_calls)
        if len(self.vips.keys() | self.no_calls.keys()) + more > MARKED_MAX:
            return (), f"at most {MARKED_MAX:,} numbers can be marked; put a longer list into lists/"
        changed = []
        for number, mark in news.items():
            before = (number in self.vips, number in self.no_calls)
            _put(self.vips, number, mark.vip)
            _put(self.no_calls, number, mark.do_not_call)
            if before != (mark.vip, mark.do_not_call):
                changed.append(number)
        return tuple(changed), ""

    def listed(self) -> tuple[CustomerMark, ...]:
        """Every mark, by number."""
        return tuple(
            CustomerMark(number=number, vip=number in self.vips, do_not_call=number in self.no_calls)
            for number in sorted(self.vips.keys() | self.no_calls.keys())
        )


def _put(held: dict[str, None], number: str, marked: bool) -> None:
    if marked:
        held[number] = None
    else:
        held.pop(number, None)


def concerned(contacts: Iterable[ContactRecord], numbering: Numbering, numbers: Iterable[str]) -> list[ContactRecord]:
    """The contacts whose caller has one of these numbers, in their order."""
    known = {form for number in numbers for form in (number, numbering.normal(number))}
    return [one for one in contacts if one.caller in known or numbering.normal(one.caller) in known]
