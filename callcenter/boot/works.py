"""What people do over the command line and over the API alike, plugged together. Knows settings; no call."""

import functools

from callcenter.config.settings import Settings
from callcenter.jobs.keeping import Vault
from callcenter.jobs.sealing import Sealer
from callcenter.postgres.pool import Pool
from callcenter.postgres.sealed import SealedFiles
from callcenter.sealing.keys import key_ring
from callcenter.sealing.store import FolderStore
from callcenter.sealing.workshop import Rules, Workshop

WORK_FOLDER = ".work"


def workshop(settings: Settings) -> Workshop:
    """What is done to files, as the settings say."""
    rules = Rules(codec=settings.recording.format, encrypt=settings.recording.encrypt)
    keys = functools.partial(key_ring, settings.recordings_keys)
    return Workshop(settings.recordings / WORK_FOLDER, FolderStore(settings.recordings_store), rules, keys)


def sealer(settings: Settings, pool: Pool) -> Sealer:
    """Who takes one recording from step to step."""
    return Sealer(SealedFiles(pool), workshop(settings))


def vault(settings: Settings, pool: Pool) -> Vault:
    """What people do with recordings that are kept."""
    return Vault(SealedFiles(pool), sealer(settings, pool), settings.recordings_keys)
