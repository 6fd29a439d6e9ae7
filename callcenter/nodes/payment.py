"""Takes a payment by the keys of a telephone. Knows what is asked, in which order, and what the endpoint may answer.

Theory: number, date of expiry and code are asked for one after the other (those that have a prompt); each is "said",
"entered" and then "checked" by somebody who knows the digits: this node never does. It knows by `Pressed.at` which of
all the digits came, counts them, and names a part by its first and its length. At last all parts are "sent". Keys that
end nothing are bounded as in `collect`: each adds one of `digits_max` digits or costs one of `tries`, as does each
silence and each part that cannot be right; the tries of one part do not count for the next.

What is spoken can be interrupted, always: so every digit that is kept aside is told here, and both count alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final

from annotated_types import Interval, MaxLen

from callcenter.model.card import EXPIRY_DIGITS, CardPart, CardSlice, PaymentOutcome
from callcenter.model.flow import (
    Action,
    Assign,
    CheckPart,
    Elapsed,
    Input,
    Leave,
    Memory,
    PartChecked,
    PayByCard,
    PaymentDone,
    Pressed,
    Prompt,
    Said,
    Say,
    TakeCard,
    Turn,
    Visit,
    WaitFor,
)
from callcenter.nodes.fields import (
    Filled,
    FilledUrl,
    HeaderName,
    JsonPlace,
    Key,
    NextNode,
    SecretName,
    Tries,
    VariableName,
    WaitTime,
    Word,
    fill,
    fill_url,
    said,
    url_host,
)

SAYING: Final = "saying"
ENTERING: Final = "entering"
CHECKING: Final = "checking"
SENDING: Final = "sending"

DIGITS: Final = frozenset("0123456789")
DONE_KEY: Final = Key("#")
START_AGAIN: Final = "*"
CHECK_S: Final = 3.0  # what is typed is looked at in this machine; after so long it counts as wrong
PAY_MAX_S: Final = 60.0
VALUES_MAX: Final = 20
HEADERS_MAX: Final = 10
BODY_KEYS_MAX: Final = 20
NUMBER_DIGITS_MIN: Final = 12
NUMBER_DIGITS_MAX: Final = 19  # ISO/IEC 7812-1
CODE_DIGITS_MIN: Final = 3
CODE_DIGITS_MAX: Final = 4
LOOPBACK: Final = ("127.0.0.1", "[::1]", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Ask for a card, post it to `url`, keep what `set` names of the answer, and go on by what came of it."""

    when_silent: ClassVar[tuple[str, ...] | None] = ("given_up",)

    url: FilledUrl
    number: Prompt
    paid: NextNode
    refused: NextNode
    failed: NextNode
    unknown: NextNode
    given_up: NextNode
    expiry: Prompt | None = None
    code: Prompt | None = None
    invalid_prompt: Prompt | None = None
    wait_prompt: Prompt | None = None
    luhn: bool = True
    number_digits_min: Annotated[int, Interval(ge=NUMBER_DIGITS_MIN, le=NUMBER_DIGITS_MAX)] = NUMBER_DIGITS_MIN
    number_digits_max: Annotated[int, Interval(ge=NUMBER_DIGITS_MIN, le=NUMBER_DIGITS_MAX)] = NUMBER_DIGITS_MAX
    terminator: Key = DONE_KEY
    timeout_s: WaitTime = 10.0
    digit_timeout_s: WaitTime = 5.0
    tries: Tries = 3
    answer_s: Annotated[float, Interval(ge=1, le=PAY_MAX_S)] = 20.0
    set: Annotated[Mapping[VariableName, JsonPlace], MaxLen(VALUES_MAX)] = field(default_factory=dict)
    last_digits: VariableName | None = None
    headers: Annotated[Mapping[HeaderName, Filled], MaxLen(HEADERS_MAX)] = field(default_factory=dict)
    secret_headers: Annotated[Mapping[HeaderName, SecretName], MaxLen(HEADERS_MAX)] = field(default_factory=dict)
    body: Annotated[Mapping[Word, Filled], MaxLen(BODY_KEYS_MAX)] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.number_digits_min > self.number_digits_max:
            raise ValueError("number_digits_min is more than number_digits_max")
        if self.terminator in DIGITS or self.terminator == START_AGAIN:
            raise ValueError(f"terminator: # or A to D, not {self.terminator} (digits are counted, * starts again)")
        host = (url_host(self.url) or "").rpartition(":")[0] or url_host(self.url)
        if not self.url.startswith("https://") and host not in LOOPBACK:
            raise ValueError("url: a card goes over https only")
        if "card" in self.body:
            raise ValueError("body: `card` is where the card stands")

    def exits(self) -> Mapping[str, str]:
        """What the endpoint did, or that it was not asked because nothing usable was typed."""
        return {
            "paid": self.paid,
            "refused": self.refused,
            "failed": self.failed,
            "unknown": self.unknown,
            "given_up": self.given_up,
        }

    def enter(self, visit: Visit) -> Turn:
        """Ask for the first part."""
        turn = self._ask(Memory(secret=True))
        return Turn(actions=(TakeCard(), *turn.actions), memory=turn.memory)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """A key, a silence, the end of what was being said, or what somebody who knows the digits says of them."""
        memory = visit.memory
        match told:
            case Pressed(digit=key, at=at) if memory.phase in (SAYING, ENTERING):
                return self._entering(key, at, memory)
            case Said() if memory.phase == SAYING:
                return _wait(self.timeout_s, replace(memory, phase=ENTERING))
            case Elapsed() if memory.phase == ENTERING:
                return self._check(memory) if len(memory.digits) >= self._sizes(memory)[0] else self._again(memory)
            case PartChecked(ok=True) if memory.phase == CHECKING:
                return self._taken(memory, visit)
            case PartChecked() | Elapsed() if memory.phase == CHECKING:
                return self._again(memory)
            case PaymentDone() if memory.phase == SENDING:
                return self._done(told)
            case _:
                return Turn(actions=(), memory=memory)

    def _parts(self) -> tuple[tuple[CardPart, Prompt], ...]:
        asked = ((CardPart.NUMBER, self.number), (CardPart.EXPIRY, self.expiry), (CardPart.CODE, self.code))
        return tuple((part, prompt) for part, prompt in asked if prompt is not None)

    def _sizes(self, memory: Memory) -> tuple[int, int]:
        """The fewest and the most digits of the part that is asked for."""
        match self._parts()[memory.step][0]:
            case CardPart.NUMBER:
                return self.number_digits_min, self.number_digits_max
            case CardPart.EXPIRY:
                return EXPIRY_DIGITS, EXPIRY_DIGITS
            case CardPart.CODE:
                return CODE_DIGITS_MIN, CODE_DIGITS_MAX

    def _entering(self, key: str, at: int, memory: Memory) -> Turn:
        fewest, most = self._sizes(memory)
        if key in DIGITS:
            first = memory.first if memory.digits else at
            entered = replace(memory, phase=ENTERING, digits=memory.digits + key, first=first)
            full = len(entered.digits) >= most
            return self._check(entered) if full else _wait(self.digit_timeout_s, entered)
        if key == self.terminator and len(memory.digits) >= fewest:
            return self._check(memory)
        return self._again(memory, reproach=key != START_AGAIN)

    def _check(self, memory: Memory) -> Turn:
        check = CheckPart(slice=self._slice(memory), luhn=self.luhn)
        return Turn(actions=(WaitFor(seconds=CHECK_S), check), memory=replace(memory, phase=CHECKING))

    def _slice(self, memory: Memory) -> CardSlice:
        return CardSlice(part=self._parts()[memory.step][0], first=memory.first, count=len(memory.digits))

    def _taken(self, memory: Memory, visit: Visit) -> Turn:
        """On to the next part, or to the endpoint."""
        known = replace(memory, slices=(*memory.slices, self._slice(memory)), digits="", tries=0)
        if memory.step + 1 < len(self._parts()):
            return self._ask(replace(known, step=memory.step + 1))
        pay = PayByCard(
            url=fill_url(self.url, visit),
            timeout_s=self.answer_s,
            slices=known.slices,
            take={str(name): str(place) for name, place in self.set.items()},
            headers={str(name): fill(text, visit) for name, text in self.headers.items()},
            secret_headers={str(name): str(secret) for name, secret in self.secret_headers.items()},
            body={str(name): fill(text, visit) for name, text in self.body.items()},
        )
        say = (Say(prompts=said(self.wait_prompt)),) if self.wait_prompt is not None else ()
        return Turn(actions=(*say, pay), memory=replace(known, phase=SENDING))

    def _done(self, told: PaymentDone) -> Turn:
        """What came of it; variables for which the answer holds nothing are empty, whatever they were before."""
        values = {str(name): told.values.get(name, "") for name in self.set}
        if self.last_digits is not None:
            values[str(self.last_digits)] = told.last
        keep: tuple[Action, ...] = (Assign(values=values),) if values else ()
        return Turn(actions=(*keep, Leave(exit=_EXITS[told.outcome])))

    def _again(self, memory: Memory, *, reproach: bool = True) -> Turn:
        """Ask for this part once more; costs a try."""
        if memory.tries + 1 >= self.tries:
            why = f"not typed as it must be in {self.tries} tries: {self._parts()[memory.step][0].replace('_', ' ')}"
            return Turn(actions=(Leave(exit="given_up", why=why),))
        again = replace(memory, tries=memory.tries + 1, digits="")
        return self._ask(again, said(self.invalid_prompt) if reproach else ())

    def _ask(self, memory: Memory, first: tuple[Prompt, ...] = ()) -> Turn:
        prompt = self._parts()[memory.step][1]
        return Turn(actions=(Say(prompts=(*first, prompt)),), memory=replace(memory, phase=SAYING))


_EXITS: Final = {
    PaymentOutcome.PAID: "paid",
    PaymentOutcome.REFUSED: "refused",
    PaymentOutcome.FAILED: "failed",
    PaymentOutcome.UNKNOWN: "unknown",
}


def _wait(seconds: float, memory: Memory) -> Turn:
    return Turn(actions=(WaitFor(seconds=seconds),), memory=memory)
