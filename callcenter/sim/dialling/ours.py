"""A campaign's memory and pacer as in production, told of the simulated world. Decides nothing itself."""

from callcenter.model.pacing import Budget, Crew, PacerName, PacingAnswer
from callcenter.pacers.pace import ASK_EVERY_S, Pace
from callcenter.sim.dialling.world import Floor, Heard


class Ours:
    """A `Pace` behind the simulator's door."""

    at_events = True
    every_s = ASK_EVERY_S

    def __init__(self, pacer: str, budget: Budget, ratio: float = 1.0, *, from_hour: int = 0) -> None:
        self.pace = Pace(pacer=PacerName(pacer), budget=budget, ratio=ratio)
        self._from_hour = from_hour
        self.last: PacingAnswer | None = None

    def hear(self, what: Heard, now: float, line: int, seconds: float) -> None:
        """Told on."""
        match what:
            case Heard.DIALLED:
                self.pace.dialled(str(line), now, hour=self._hour(now))
            case Heard.ANSWERED:
                self.pace.answered(str(line), now)
            case Heard.UNANSWERED:
                self.pace.unanswered(str(line), now)
            case Heard.REFUSED:
                self.pace.refused(str(line), now)
            case Heard.DROPPED:
                self.pace.dropped(now)
            case Heard.TALKED:
                self.pace.talked(seconds)
            case Heard.WRAPPED_UP:
                self.pace.wrapped_up(seconds)

    def lines(self, floor: Floor, now: float) -> int:
        """Asked."""
        crew = Crew(
            ready=tuple(floor.ready),
            on_contact=tuple(floor.on_contact.values()),
            wrap_up=tuple(floor.wrap_up.values()),
        )
        self.last = self.pace.ask(
            crew, now, waiting=len(floor.waiting), lines_free=floor.lines_free, hour=self._hour(now)
        )
        return self.last.lines

    def _hour(self, now: float) -> int:
        return (self._from_hour + int(now // 3600.0)) % 24
