"""The benchmarks' own arithmetic: the same calls for everybody, waits and gaps out of logs, targets, the last line."""

import json
import math
from pathlib import Path

import pytest

from callcenter.sim.benches import BENCHES, LONG, acd_live
from callcenter.sim.benches.acd import measure
from callcenter.sim.benches.acd_peers import BareIndex, Naive, decisions_per_s
from callcenter.sim.benches.acd_world import acd_world
from callcenter.sim.benches.calls_report import OURS, QUEUE, Found, Load, report
from callcenter.sim.benches.live_center import PeerQueue, Plan, Spent, cpu_s, extensions_conf, queues_conf
from callcenter.sim.benches.live_traffic import (
    Call,
    Service,
    ideal_waits,
    percentile,
    poisson_calls,
    service_of,
    setups_s,
)
from callcenter.sim.benches.report import AT_LEAST, AT_MOST, WITHIN, Figure, Target
from callcenter.sim.peers import scenarios
from callcenter.sim.peers.sipp import LogLine, read_log


def line(what: str, party: str, at: float, caller: str = "") -> LogLine:
    return LogLine(what=what, party=party, call="x", at=at, caller=caller)


def load(system: str, *, setups: tuple[float, ...] = (0.01,) * 10, failed: int = 0, again: int = 0) -> Load:
    return Load(
        system=system,
        rate=50,
        calls=10,
        failed=failed,
        retransmissions=again,
        setups_s=setups,
        spent=Spent(center=0.02 if system == OURS else 0.0, asterisk=0.08, postgres=0.01),
        lasted_s=1.0,
    )


# -- traffic -----------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_calls() -> None:
    first = poisson_calls(seed=3, load_erl=8, talk_s=5, seconds=100)
    assert first == poisson_calls(seed=3, load_erl=8, talk_s=5, seconds=100)
    assert first != poisson_calls(seed=4, load_erl=8, talk_s=5, seconds=100)
    assert all(call.at_s < 100 and call.talk_s > 0 for call in first)
    assert [call.at_s for call in first] == sorted(call.at_s for call in first)


def test_the_quoted_seed_is_a_fair_sample() -> None:
    calls = poisson_calls(
        seed=acd_live.SEED, load_erl=acd_live.LOAD_ERL, talk_s=acd_live.TALK_S, seconds=acd_live.SECONDS
    )
    ideal = Service(waits_s=ideal_waits(calls, acd_live.AGENTS), gaps_s=())
    assert math.isclose(ideal.asa_s, acd_live.ERLANG_C_ASA_S, rel_tol=0.05)
    assert math.isclose(ideal.within(acd_live.SERVICE_LEVEL_S), acd_live.ERLANG_C_SL, abs_tol=0.01)


def test_the_ideal_center_serves_first_come_first_served() -> None:
    calls = [Call(at_s=0, talk_s=10), Call(at_s=1, talk_s=1), Call(at_s=2, talk_s=1), Call(at_s=11, talk_s=1)]
    assert ideal_waits(calls, 1) == (0, 9, 9, 1)
    assert ideal_waits(calls, 2) == (0, 0, 0, 0)


def test_a_wait_is_from_the_callers_invite_to_a_phones_answer() -> None:
    callers = [line("began", "a", 1.0), line("began", "b", 2.0), line("began", "c", 3.0)]
    phones = [
        line("rings", "1", 1.1, "a"),
        line("answers", "1", 1.5, "a"),
        line("rings", "2", 2.5, "b"),
        line("answers", "2", 4.5, "b"),
        line("answers", "2", 9.0, "of another group"),
    ]
    service = service_of(callers, phones)
    assert service.waits_s == (0.5, 2.5)
    assert service.lost == 1
    assert service.asa_s == 1.5
    assert service.within(2.0) == pytest.approx(1 / 3)


def test_a_gap_counts_only_while_somebody_waits_and_everybody_else_talks() -> None:
    callers = [line("began", name, at) for name, at in (("a", 0.0), ("b", 0.5), ("c", 1.0), ("d", 8.0))]
    phones = [
        line("rings", "1", 0.1, "a"),
        line("rings", "2", 0.6, "b"),
        line("hangs up", "1", 2.0, "a"),  # c waits and 2 talks: counted
        line("rings", "1", 2.7, "c"),
        line("hangs up", "2", 5.0, "b"),  # nobody waits
        line("hangs up", "1", 6.0, "c"),
        line("rings", "2", 8.1, "d"),
    ]
    assert list(service_of(callers, phones).gaps_s) == [pytest.approx(0.7)]


def test_set_up_ends_when_caller_and_phone_share_a_bridge() -> None:
    def entered(bridge: str, channel: str, caller: str, at: float) -> dict[str, str]:
        return {"bridgeuniqueid": bridge, "channel": channel, "calleridnum": caller, "timestamp": str(at)}

    callers = [line("began", "a", 10.0), line("began", "b", 11.0), line("began", "c", 12.0)]
    events = [
        entered("B1", "PJSIP/carrier-01", "a", 10.01),
        entered("B1", "Announcer/moh-1", "", 10.02),
        entered("B1", "PJSIP/2001-02", "a", 10.5),
        entered("B2", "PJSIP/2002-04", "b", 11.2),
        entered("B2", "PJSIP/carrier-03", "b", 11.25),
        entered("B3", "PJSIP/carrier-05", "c", 12.01),
    ]
    assert list(setups_s(callers, events)) == [pytest.approx(0.5), pytest.approx(0.25)]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 2), (0.75, 3), (0.99, 4), (1.0, 4)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([4, 1, 3, 2], share) == expected


def test_a_percentile_of_nothing_is_nothing() -> None:
    assert percentile([], 0.5) == 0


# -- reports -----------------------------------------------------------------------------------------------------------


def test_targets() -> None:
    figures: dict[str, Figure] = {"x": 5.0, "words": "many"}
    assert Target(key="x", op=AT_LEAST, value=5).met(figures)
    assert not Target(key="x", op=AT_MOST, value=4).met(figures)
    assert Target(key="x", op=WITHIN, value=(4, 5)).met(figures)
    assert not Target(key="x", op=WITHIN, value=(5.1, 9)).met(figures)
    assert not Target(key="words", op=AT_LEAST, value=0).met(figures)
    assert not Target(key="missing", op=AT_LEAST, value=0).met(figures)


def test_a_rate_is_clean_only_when_everything_is() -> None:
    assert load(OURS).clean
    assert not load(OURS, failed=1).clean
    assert not load(OURS, again=1).clean
    assert not load(OURS, setups=(0.01,) * 9).clean
    assert not load(OURS, setups=(0.2,) * 10).clean


def test_the_last_line_of_calls() -> None:
    found = Found(common_rate=50, at_rate=100)
    found.clean_rate.update({OURS: 100, QUEUE: 50})
    for system in (OURS, QUEUE):
        found.common[system] = found.at[system] = [load(system)] * 3
    said = json.loads(report(found).last_line())
    assert said["bench"] == "calls"
    assert said["ours"]["cpu_ms_per_call"] == 10.0
    assert said["peers"]["queue"]["cpu_ms_per_call"] == 8.0
    assert said["ratios"]["cpu_vs_queue"] == 1.25
    assert said["ratios"]["rate_vs_queue"] == 2.0
    assert said["ratios"]["rate_vs_dial"] is None
    assert said["targets"]["setup_p99_ms_at_100"] == ["<=", 50, True]
    assert said["met"] is True


def test_the_last_line_of_acd_live() -> None:
    calls = poisson_calls(seed=1, load_erl=8, talk_s=5, seconds=20)
    served = Service(waits_s=(0.5, 1.5), gaps_s=(0.01,))
    slow = Service(waits_s=(2.0, 3.0), gaps_s=(1.0,), lost=1)
    found = {acd_live.OURS: served, acd_live.RETRY_1: slow, acd_live.RETRY_5: slow}
    said = json.loads(acd_live.report(found, calls).last_line())
    assert said["ours"]["asa_s"] == 1.0
    assert said["ratios"]["asa_vs_queue_retry1"] == 0.4
    assert said["ratios"]["gap_vs_queue_retry1"] == 0.01
    assert said["targets"]["asa_s"] == ["within", [0.39, 1.97], True]
    assert set(said["peers"]) == {"queue_retry1", "queue_retry5", "ideal", "erlang_c"}


def test_what_takes_long_is_a_benchmark() -> None:
    assert set(BENCHES) >= LONG


# -- what is written for the peers -------------------------------------------------------------------------------------


def test_the_peers_configuration() -> None:
    queue = PeerQueue(name="retry1", number="8001", members=("2001", "2002"), retry_s=1, record=True)
    plan = Plan(phones=("2001", "2002"), agents=(), ours={}, queues=(queue,), dial_prefix="9")
    assert "retry = 1\n" in queues_conf(plan.queues)
    assert "member => PJSIP/2002\n" in queues_conf(plan.queues)
    dialplan = extensions_conf(plan)
    assert "exten => 8001,1,NoOp()" in dialplan
    assert "MixMonitor(${UNIQUEID}.raw,D)" in dialplan
    assert "exten => _9X.,1,Dial(PJSIP/${EXTEN:1},15)" in dialplan


def test_cpu_time_of_a_process_that_is_gone_is_none() -> None:
    assert cpu_s(2**22 + 1) == 0.0


def test_a_scenario_waits_and_talks_as_it_is_told() -> None:
    caller = scenarios.caller((), sound=None, cancel_after_s=None, hang_up=False, delayed=True)
    assert caller.index('<pause variable="delay_ms"/>') < caller.index("INVITE sip:")
    assert "rtpstream" not in caller
    phone = scenarios.phones(ring_s=0, answer=200, talk_s=None, sound=None, named_talk=True)
    assert '<pause variable="talk_ms"/>' in phone
    assert "branch=z9hG4bK-[call_id]-bye" in phone


def test_a_phones_log_says_who_calls(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    log.write_text("rings;2001;c1;2026-11-21\t21:35:51.9\t1795296951.9;0901\nanswers;2001;c1;2026-11-21\t21:3")
    assert read_log(log) == (LogLine(what="rings", party="2001", call="c1", at=1795296951.9, caller="0901"),)


# -- acd, in small -----------------------------------------------------------------------------------------------------


def test_the_engine_decides_every_arrival_and_release() -> None:
    world = acd_world(20, 0.95)
    measured = measure(world, 200)
    assert len(measured.spent_ns) >= 200
    assert measured.per_s > 0
    assert measured.percentile_us(0.5) <= measured.percentile_us(0.99)


def test_the_peers_of_acd_decide_too() -> None:
    world = acd_world(20, 0.95)
    ticks = iter(range(1, 10**7))
    for peer in (Naive(world), BareIndex(world)):
        assert decisions_per_s(peer, world, 200, lambda: next(ticks)) > 0
