"""Which phones of a fake Asterisk are in use, and who is told. Knows that a call uses a phone, not whose call it is."""

from collections.abc import Mapping

from callcenter.model.ids import LegId
from callcenter.model.phone_use import PhonesListed, PhoneUsed
from callcenter.sim.channels import Leg, Party, Tell


class PhoneUse:
    """Device states."""

    def __init__(
        self, legs: Mapping[LegId, Leg], phones: Mapping[str, Party], registered: Mapping[str, bool], tell: Tell
    ) -> None:
        self._legs = legs
        self._phones = phones
        self._registered = registered
        self._tell = tell
        self.ami: Tell | None = None  # who is told of phones that are in use; None: nobody
        self.used_by_others: dict[str, int] = {}  # calls on each phone that do not pass the engine
        self._said_used: dict[str, bool] = {}
        self.life = 0

    def crash(self) -> None:
        """Asterisk dies, and these calls with it."""
        self.life += 1
        self.used_by_others.clear()
        self._said_used.clear()

    def begins(self, number: str) -> None:
        """A phone has a call that does not pass the engine, if it is there."""
        if self._registered.get(number):
            self.used_by_others[number] = self.used_by_others.get(number, 0) + 1
            self._uses(number)

    def ends(self, number: str, life: int) -> None:
        """That call, of this life of Asterisk's, is over."""
        if life == self.life and self.used_by_others.get(number):
            self.used_by_others[number] -= 1
            self._uses(number)

    def is_used(self, number: str) -> bool:
        """Whether a phone has a call, or rings: it does not know whose."""
        phone = self._phones.get(number)
        return bool(self.used_by_others.get(number)) or any(leg.party is phone for leg in self._legs.values())

    def listing(self) -> PhonesListed:
        """Every phone that is in use."""
        return PhonesListed(used=tuple(number for number in self._phones if self.is_used(number)))

    def tell_all(self) -> None:
        """Somebody lists them."""
        self._tell("phones", self.listing())

    def _uses(self, number: str) -> None:
        used = self.is_used(number)
        if self.ami is not None and self._said_used.get(number, False) is not used:
            self._said_used[number] = used
            self.ami(f"use of {number}", PhoneUsed(number=number, used=used))

    def seen_at(self, party: Party) -> None:
        """A leg of somebody's has begun or ended: if it is an agent's phone, that is told of it."""
        if self.ami is not None:
            for number in [number for number, phone in self._phones.items() if phone is party]:
                self._uses(number)
