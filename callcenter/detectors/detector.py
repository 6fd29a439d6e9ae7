"""What a detector is: something that hears a call from its answer on. Knows sound; knows no call and no clock."""

from typing import Final, Protocol

from callcenter.model.detection import Judgement

SAMPLES_PER_S: Final = 8_000
BYTES_PER_SAMPLE: Final = 2  # signed, little-endian, one channel


class Listener(Protocol):
    """Hears one call. Its time is how much sound it was given."""

    def hear(self, sound: bytes) -> Judgement | None:
        """The next piece of what the called leg says, of any length; a judgement as soon as there is one, then None."""
        ...


class BeepListener(Protocol):
    """Waits for the end of a machine's beep."""

    def hear(self, sound: bytes) -> bool:
        """The next piece; True once, when the beep is over."""
        ...


class Detector(Protocol):
    """Makes listeners; has no memory of its own."""

    def listener(self) -> Listener:
        """For a call that has just been answered."""
        ...

    def beep_listener(self) -> BeepListener:
        """For a call of which a machine has answered."""
        ...
