"""What is asked and answered about versions of the configuration, as values. Knows their JSON; serves nothing."""

import msgspec

from callcenter.model.ids import UNVERSIONED, Version


class ApplyWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/configuration/apply. The folder is read by the center: an absolute path."""

    folder: str
    message: str = ""
    by: str = ""


class RollbackWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/configuration/rollback; version 0 is the one before the one that is live."""

    version: int = 0
    message: str = ""
    by: str = ""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """The version that is live now. `warnings` name prompts that nobody can say, agents and skills that are unknown."""

    version: Version
    changed: bool
    words: str = ""
    warnings: tuple[str, ...] = ()


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """The version that is live. `back_to` is the one that a rollback made live again, else 0."""

    version: Version
    at: float  # UTC seconds
    by: str
    message: str
    digest: str
    folder: str  # where it is edited
    back_to: Version = UNVERSIONED
