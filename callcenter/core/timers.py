"""Deadlines as data. Knows what is due when; knows no clock and never waits.

One deadline per (kind, subject): setting it again moves it. The heap holds old deadlines too until they surface; a
deadline counts only as long as it stands.
"""

import heapq
from enum import StrEnum

import msgspec


class TimerKind(StrEnum):
    """What is due. In case of a tie the order of the kinds does not matter: each touches its own subject."""

    FLOW_WAIT = "flow_wait"  # a node's WaitFor
    CUT_OFF = "cut_off"  # a prompt failed, and nobody has said that the caller is gone
    MESSAGE = "message"  # a caller's message should long be over
    LOOKUP = "lookup"  # a program outside has not answered
    PAYMENT = "payment"  # an endpoint has not said what came of a payment
    SCRIPT = "script"  # a script has had the call for long enough, or does not give it back
    PARK = "park"  # nobody has picked a parked call up
    PICK_UP = "pick_up"  # the phone of whoever would rings too long
    FORWARD = "forward"  # an outside number rings too long
    OFFER = "offer"  # an agent's phone rings too long; the subject is the leg
    CONSULT = "consult"  # somebody who is called aside rings too long
    ANNOUNCE = "announce"
    RELAX = "relax"
    STICKY = "sticky"  # the caller has waited long enough for the agent who knows her
    RESERVE = "reserve"  # and long enough for the reserve
    MAX_WAIT = "max_wait"
    CALLBACK = "callback"  # a promise is due, or its time or its hours end
    CALLBACK_RING = "callback_ring"  # the phone of a customer who is called back rings too long
    PACE = "pace"  # a campaign asks how many lines to dial; the subject is the campaign
    DIAL = "dial"  # a called phone rings too long, or nobody has said what became of it
    DETECT = "detect"  # a detector has not said who answered
    BEEP = "beep"  # or has not heard a machine's beep
    DROP = "drop"  # a person who answered has waited as long as she may
    SETTLE = "settle"  # what an agent records of an attempt is not waited for any more; the subject is the attempt
    MAIL = "mail"  # a message has rested, or its recording is not waited for any longer
    CLOSING = "closing"  # a queue's calendar opens or closes; the subject is the queue
    RECORD_AGAIN = "record_again"  # a recording could not be begun, and is tried once more
    TELLING = "telling"  # an agent is being told that she is monitored; the subject is the monitor
    RECORDING = "recording"  # a recording has been paused for as long as it may be
    PHONE_USE = "phone_use"  # a phone that is in use is looked at again; the subject is the agent
    NAIL = "nail"  # a phone rings too long to be nailed up, or is called again; the subject is the agent
    TOLD = "told"  # an agent has been told who calls for long enough
    TONE = "tone"  # her tone has been heard; likewise
    WRAP_UP = "wrap_up"
    REST = "rest"


class Timer(msgspec.Struct, frozen=True, gc=False):
    """One deadline."""

    at: float
    kind: TimerKind
    subject: str


class _Deadline:
    """One deadline, as long as it counts."""

    __slots__ = ("at", "kind", "stands", "subject")

    def __init__(self, at: float, kind: TimerKind, subject: str) -> None:
        self.at = at
        self.kind = kind
        self.subject = subject
        self.stands = True


_Entry = tuple[float, int, _Deadline]  # when, the how manieth deadline that was set


class Timers:
    """The deadlines of one engine."""

    __slots__ = ("_heap", "_length", "_of", "_serial")

    def __init__(self) -> None:
        self._heap: list[_Entry] = []
        self._of: dict[str, list[_Deadline]] = {}  # subject -> what stands for it: a few at most, of different kinds
        self._length = 0
        self._serial = 0

    def __len__(self) -> int:
        return self._length

    def set(self, kind: TimerKind, subject: str, at: float) -> None:
        """Make (or move) a deadline."""
        deadline = _Deadline(at, kind, subject)
        standing = self._of.get(subject)
        if standing is None:
            self._of[subject] = [deadline]
        else:
            for place, other in enumerate(standing):
                if other.kind is kind:
                    other.stands = False
                    self._length -= 1
                    del standing[place]
                    break
            standing.append(deadline)
        self._length += 1
        self._serial += 1
        heapq.heappush(self._heap, (at, self._serial, deadline))
        if len(self._heap) > 64 + 2 * self._length:
            self._forget_the_old()

    def cancel(self, kind: TimerKind, subject: str) -> None:
        """Drop a deadline; none on record is fine."""
        standing = self._of.get(subject)
        if standing is None:
            return
        for place, deadline in enumerate(standing):
            if deadline.kind is kind:
                deadline.stands = False
                self._length -= 1
                if len(standing) == 1:
                    del self._of[subject]
                else:
                    del standing[place]
                return

    def due(self, kind: TimerKind, subject: str) -> float | None:
        """When this deadline is due; None if there is none."""
        return next((one.at for one in self._of.get(subject, ()) if one.kind is kind), None)

    def next_deadline(self) -> float | None:
        """When the next one is due, or None."""
        heap = self._heap
        while heap:
            deadline = heap[0][2]
            if deadline.stands:
                return deadline.at
            heapq.heappop(heap)
        return None

    def pop_due(self, now: float) -> Timer | None:
        """Take the earliest one that is due at `now`."""
        due = self.next_deadline()
        if due is None or due > now:
            return None
        deadline = heapq.heappop(self._heap)[2]
        self.cancel(deadline.kind, deadline.subject)
        return Timer(deadline.at, deadline.kind, deadline.subject)

    def listed(self) -> list[Timer]:
        """All of them in the order in which they will be due (for a snapshot)."""
        return [Timer(at, one.kind, one.subject) for at, _, one in sorted(self._live())]

    def _forget_the_old(self) -> None:
        self._heap = self._live()
        heapq.heapify(self._heap)

    def _live(self) -> list[_Entry]:
        return [entry for entry in self._heap if entry[2].stands]
