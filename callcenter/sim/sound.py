"""What is heard and recorded in a fake Asterisk: prompts, music, recordings, messages. Knows no rule of ours."""

from collections.abc import Mapping
from random import Random
from typing import Final

from callcenter.model.commands import PlayPrompts, RecordMessage, RenewRecording, StartRecording
from callcenter.model.contact import TransportFault
from callcenter.model.events import MessageRecorded, PlaybackEnded
from callcenter.model.ids import BridgeId, LegId, PlaybackId, RecordingId
from callcenter.sim.channels import Bridge, Leg, Tell
from callcenter.sim.world import Agenda

PROMPT_S: Final = 1.5  # what one prompt takes to say, on average
SPEAKS_MAX_S: Final = 20.0  # the longest message anybody leaves


class Sound:
    """All of one Asterisk."""

    def __init__(
        self,
        legs: Mapping[LegId, Leg],
        bridges: Mapping[BridgeId, Bridge],
        agenda: Agenda,
        random: Random,
        tell: Tell,
    ) -> None:
        self._legs = legs
        self._bridges = bridges
        self._agenda = agenda
        self._random = random
        self._tell = tell
        self._playing: dict[PlaybackId, BridgeId] = {}
        self._messages: dict[RecordingId, float] = {}

    def crash(self) -> None:
        """Asterisk dies, and nothing is heard any more."""
        self._playing.clear()
        self._messages.clear()

    def play(self, command: PlayPrompts) -> TransportFault | None:
        bridge = self._bridges.get(command.bridge)
        if bridge is None:
            return TransportFault.GONE
        playback = bridge.playback = command.playback
        self._playing[playback] = bridge.id
        length_s = PROMPT_S * max(len(command.prompts), 1) * (0.5 + self._random.random())
        self._agenda.on_tick(length_s, lambda: self.stop(playback, ok=True))
        for leg in list(bridge.legs):
            self._legs[leg].party.hears(leg, command.prompts)
        return None

    def stop(self, playback: PlaybackId, *, ok: bool) -> None:
        bridge_id = self._playing.pop(playback, None)
        if bridge_id is None:
            return
        bridge = self._bridges.get(bridge_id)
        if bridge is not None and bridge.playback == playback:
            bridge.playback = None
        self._tell(playback, PlaybackEnded(playback=playback, ok=ok))

    def music(self, bridge_id: BridgeId, music: str) -> TransportFault | None:
        bridge = self._bridges.get(bridge_id)
        if bridge is None:
            return TransportFault.GONE
        bridge.music = music
        return None

    def record(self, command: StartRecording) -> TransportFault | None:
        leg = self._legs.get(command.leg)
        if leg is None:
            return TransportFault.GONE
        if leg.recording != command.recording:
            leg.recording, leg.muted = command.recording, False
            self._hears_anew(leg)
        return None

    def renew(self, command: RenewRecording) -> TransportFault | None:
        leg = self._legs.get(command.leg)
        if leg is None:
            return TransportFault.GONE
        leg.recording, leg.muted = command.recording, False
        self._hears_anew(leg)
        return None

    def _hears_anew(self, leg: Leg) -> None:
        """A new recorder takes whoever speaks first as she comes."""
        leg.heard = None
        self.is_heard(leg)

    def is_heard(self, leg: Leg) -> None:
        """Two in a bridge are not mixed, and a recorder is deaf to each phone but the first that it heard like that."""
        bridge = self._bridges.get(leg.bridge) if leg.bridge is not None else None
        if leg.recording is None or bridge is None or len(bridge.legs) != 2 or leg.id not in bridge.legs:
            return
        [other] = (one for one in bridge.legs if one != leg.id)
        if leg.heard is None:
            leg.heard = other

    def is_unheard(self, leg: Leg) -> bool:
        """Whether a recording lacks what the phone says with which its customer talks alone."""
        bridge = self._bridges.get(leg.bridge) if leg.bridge is not None else None
        if leg.recording is None or leg.heard is None or bridge is None or len(bridge.legs) != 2:
            return False
        return leg.heard not in bridge.legs

    def stop_recording(self, leg_id: LegId, recording: RecordingId) -> TransportFault | None:
        leg = self._legs.get(leg_id)
        if leg is None or leg.recording != recording:
            return TransportFault.GONE
        leg.recording = None
        return None

    def mute(self, leg_id: LegId, recording: RecordingId, muted: bool) -> TransportFault | None:
        leg = self._legs.get(leg_id)
        if leg is None or leg.recording != recording:
            return TransportFault.GONE
        leg.muted = muted
        return None

    def record_message(self, command: RecordMessage) -> TransportFault | None:
        if command.bridge not in self._bridges:
            return TransportFault.GONE
        recording = command.recording
        self._messages[recording] = self._agenda.now
        speaks_s = self._random.choice((0.0, self._random.random() * SPEAKS_MAX_S))
        self._agenda.on_tick(min(speaks_s + command.silence_s, command.max_s), lambda: self.message_over(recording))
        return None

    def message_over(self, recording: RecordingId) -> None:
        began = self._messages.pop(recording, None)
        if began is not None:
            seconds = self._agenda.now - began
            self._tell(recording, MessageRecorded(recording=recording, seconds=seconds if seconds > 1.0 else 0.0))
