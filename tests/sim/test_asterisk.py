"""What the simulator's Asterisk does as the real one: whom a recorder is deaf to (the real one: tests/live)."""

from random import Random

from callcenter.model.commands import JoinBridge, LeaveBridge, OpenBridge, RenewRecording, StartRecording
from callcenter.model.ids import BridgeId, ContactId, LegId, RecordingId
from callcenter.sim.asterisk import FakeAsterisk
from callcenter.sim.channels import Nobody
from callcenter.sim.world import Agenda

C, ROOM, RECORDING = ContactId("c-1"), BridgeId("b-1"), RecordingId("r-1")


def test_a_recorder_is_deaf_to_the_second_phone_until_it_is_renewed_and_a_mixer_is_heard_by_all() -> None:
    asterisk = FakeAsterisk(Agenda(0.0), Random(1), lambda leg, event: None)
    caller, ann, bob = (asterisk.call_in(Nobody(), caller=name) for name in ("caller", "ann", "bob"))
    recorded = asterisk.legs[caller]

    def joins(leg: LegId) -> None:
        assert asterisk.carry_out(JoinBridge(contact=C, bridge=ROOM, leg=leg)) is None

    def leaves(leg: LegId) -> None:
        assert asterisk.carry_out(LeaveBridge(contact=C, bridge=ROOM, leg=leg)) is None

    asterisk.carry_out(OpenBridge(contact=C, bridge=ROOM))
    joins(caller)
    asterisk.carry_out(StartRecording(contact=C, recording=RECORDING, leg=caller))
    joins(ann)
    assert not asterisk.sound.is_unheard(recorded)
    leaves(ann)
    joins(bob)
    assert asterisk.sound.is_unheard(recorded)
    joins(ann)
    assert not asterisk.sound.is_unheard(recorded), "three are mixed"
    leaves(ann)
    assert asterisk.sound.is_unheard(recorded)
    asterisk.carry_out(RenewRecording(contact=C, recording=RECORDING, leg=caller, seconds=5.0))
    assert not asterisk.sound.is_unheard(recorded)
    leaves(bob)
    joins(ann)
    assert asterisk.sound.is_unheard(recorded)
