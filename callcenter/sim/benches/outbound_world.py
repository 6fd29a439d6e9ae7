"""A call center that calls people, beside a carrier, for benchmarks: its files, its leads, its phones, its books.

Knows what is written and started; must not know what is measured. Phones are SIPp's and stay connected (nailed up), the
carrier is a second Asterisk; leads come in by `callcenter leads import`.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from callcenter.embedded.ports import Kind
from callcenter.embedded.programs import find_asterisk, find_tool
from callcenter.errors import PeerFault
from callcenter.model.campaign_messages import DialRefused, SettleAttempt
from callcenter.model.lead import Outcome
from callcenter.model.receipt import Receipt
from callcenter.postgres.pool import open_pool
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.receipts import between, verify
from callcenter.sim.benches.live_center import LiveCenter, Plan, live_center
from callcenter.sim.peers.carrier import Carrier, Habits, carrier
from callcenter.sim.peers.places import free_ports
from callcenter.sim.peers.sipp import PhoneBank

CAMPAIGN: Final = "bench"
LIST: Final = "bench-list"
SHOWN: Final = "+842471090000"
REGISTERED_LIMIT_S: Final = 40.0
CARRIER_LIMIT_S: Final = 90.0
POLL_S: Final = 0.25
REGISTER_EVERY_S: Final = 300.0
SOUND_PORTS: Final = 1_600  # of the carrier
FILES: Final[Mapping[str, str]] = {
    "trunks.yaml": f"""\
trunks:
  main: {{lines_max: 300, calls_per_s: CALLS_PER_S}}
guard: {{regions: [VN], per_trunk_h: 100000, per_h: 100000}}
caller_ids:
  office: [{{number: "{SHOWN}", per_day_max: 100000}}]
""",
    "law/anytime.yaml": """\
title: Always open, for benchmarks
version: "1"
regions: [VN]
sources: {us: {cite: a benchmark, says: it is one, read: here}}
rules:
  - {rule: hours, source: us, open: {daily: "00:00-24:00"}}
  - {rule: ring, source: us, ring_s: 15}
  - {rule: caller_id, source: us}
  - {rule: attempts, source: us, at_most: 1, within_s: 86400}
  - {rule: drops, source: us, share_max: 0.03, within_s: 86400}
  - {rule: drop_message, source: us, within_s: 2}
""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """What is called, by whom, how. `rules`: of the campaign, as its file has them; `queue`: of its queue."""

    agents: int
    endings: Sequence[str]  # the last digit of each number: what the carrier makes of it
    habits: Habits
    rules: str
    queue: str
    calls_per_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All of it, running."""

    center: LiveCenter
    far_end: Carrier
    numbers: tuple[str, ...]

    async def campaign(self) -> Mapping[str, Any]:
        """The campaign's picture of now."""
        view = await self.center.ask("GET", "/v1/view")
        found: Mapping[str, Any] = next(one for one in view["campaigns"] if one["name"] == CAMPAIGN)
        return found

    async def asks(self, what: str) -> None:
        """`start`, `drain` or `stop`."""
        await self.center.ask("POST", f"/v1/campaigns/{CAMPAIGN}/{what}", {"by": "bench"})

    async def all_dialled(self, count: int, within_s: float) -> None:
        """Wait until so many were dialled and nothing rings. Raises PeerFault."""
        await self._until(lambda seen: seen["dials"] >= count and not seen["ringing"], f"{count} dialled", within_s)

    async def over(self, within_s: float) -> None:
        """Wait until it is stopped, nobody talks and all is settled. Raises PeerFault."""
        left = ("ringing", "judging", "waiting", "talking", "wrap_up", "unsettled")
        await self._until(
            lambda seen: seen["state"] == "stopped" and not any(seen[what] for what in left), "over", within_s
        )

    async def _until(self, true: Callable[[Mapping[str, Any]], bool], what: str, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not true(seen := await self.campaign()):
            if time.monotonic() > deadline:
                raise PeerFault(f"not {what} after {within_s:g} s, but {seen}")
            await asyncio.sleep(POLL_S)

    async def books(self) -> "Books":
        """What is written of it."""
        pool = await open_pool(self.center.dsn, size_max=2)
        try:
            receipts = [one async for _, one in between(pool, CAMPAIGN, 0.0, time.time() + 1.0)]
            proofs = await verify(pool, CAMPAIGN)
            void = Counter([one async for one in _not_made(JournalReader(pool))])
        finally:
            await pool.close()
        return Books(receipts=tuple(receipts), flaws=sum(len(proof.flaws) for proof in proofs), void=void)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The campaign's receipts, how many flaws their chain has, and why calls that the law allowed were not made."""

    receipts: tuple[Receipt, ...]
    flaws: int
    void: Mapping[str, int] = field(default_factory=dict)


async def _not_made(reader: JournalReader) -> AsyncIterator[str]:
    """Why, of each call that was allowed and not made."""
    async for entry in reader.entries():
        void = {one.attempt for one in entry.outputs if isinstance(one, SettleAttempt) and one.outcome is Outcome.VOID}
        for one in entry.outputs:
            if isinstance(one, DialRefused) and one.attempt in void:
                yield one.why


@asynccontextmanager
async def outbound_world(
    within: Path, plan: Outbound, *, heard_at: str = "", tone_hz: int | None = None
) -> AsyncIterator[World]:
    """Everything up, every phone connected, nothing dialled yet."""
    phones = phone_numbers(plan.agents)
    port = free_ports(2, Kind.BOTH)
    files = {name: text.replace("CALLS_PER_S", str(plan.calls_per_s)) for name, text in FILES.items()}
    files["queues.yaml"] = f"outbound: {{needs: bench, outbound: true, {plan.queue}}}\n"
    files["campaigns.yaml"] = (
        f"{CAMPAIGN}: {{queue: outbound, lists: {{{LIST}: 1}}, caller_ids: office, law: [anytime], ring_s: 15, "
        f'safe_harbour: {{en: "This was a benchmark."}}, {plan.rules}}}\n'
    )
    center_plan = Plan(phones=phones, agents=phones, ours={"7001": False}, files=files, carrier_port=port, nailed=True)
    async with AsyncExitStack() as stack:
        center = await stack.enter_async_context(live_center(within, center_plan))
        var = center.folder
        root, espeak = await asyncio.to_thread(lambda: (find_asterisk(var), find_tool("espeak-ng", var)))
        far_end = await stack.enter_async_context(
            carrier(root, espeak, var / "carrier", port=port, habits=plan.habits, sound_ports=SOUND_PORTS)
        )
        accounts = await center.accounts()
        bank = PhoneBank(
            center.sipp,
            var / "phones",
            server=center.sip,
            accounts=accounts,
            ring_s=0.0,
            tone_hz=tone_hz,
            rate=100.0,
            register_every_s=REGISTER_EVERY_S,
            heard_at=heard_at,
        )
        await stack.enter_async_context(bank)
        await bank.registered(REGISTERED_LIMIT_S)
        await center.can_dial_out(CARRIER_LIMIT_S)
        numbers = numbers_of(plan.endings)
        await _import(center, numbers)
        await center.agents_ready()
        yield World(center=center, far_end=far_end, numbers=numbers)


def phone_numbers(count: int) -> tuple[str, ...]:
    """The agents' phones."""
    return tuple(str(2001 + at) for at in range(count))


def numbers_of(endings: Sequence[str]) -> tuple[str, ...]:
    """A number for each ending, no two alike."""
    return tuple(f"+8490{at:06}{ending}" for at, ending in enumerate(endings))


def drawn(shares: Mapping[str, float], count: int, seed: int) -> list[str]:
    """So many endings, each by its share, in an order that the seed says."""
    return random.Random(seed).choices(list(shares), weights=list(shares.values()), k=count)


async def _import(center: LiveCenter, numbers: Sequence[str]) -> None:
    file = center.folder / "leads.csv"
    await asyncio.to_thread(file.write_text, "number\n" + "".join(f"{number}\n" for number in numbers))
    await center.command("leads", "import", str(file), "--list", LIST, "--region", "VN", "--json")
