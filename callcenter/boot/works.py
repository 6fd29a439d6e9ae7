"""What people do over the command line and over the API alike, plugged together. Knows settings; no call."""

import functools
from collections.abc import Callable

from callcenter.config.settings import Settings
from callcenter.customers.erasing import Erasing
from callcenter.customers.rules import Rules as CustomerRules
from callcenter.embedded.secrets import secret
from callcenter.jobs.keeping import Vault
from callcenter.jobs.sealing import Sealer
from callcenter.postgres.pool import Pool
from callcenter.postgres.privacy import Privacy
from callcenter.postgres.sealed import SealedFiles
from callcenter.sealing.bucket import Bucket, BucketStore
from callcenter.sealing.keys import key_ring
from callcenter.sealing.store import FolderStore, Store
from callcenter.sealing.workshop import Rules, Workshop
from callcenter.web.api.route import Works

WORK_FOLDER = ".work"


def workshop(settings: Settings) -> Workshop:
    """What is done to files, as the settings say."""
    rules = Rules(codec=settings.recording.format, encrypt=settings.recording.encrypt)
    keys = functools.partial(key_ring, settings.recordings_keys)
    return Workshop(settings.recordings / WORK_FOLDER, store(settings), rules, keys)


def store(settings: Settings) -> Store:
    """Where recordings are kept for good. Raises ConfigurationError for a bucket without boto3."""
    kept = settings.recording
    if kept.bucket is None:
        return FolderStore(settings.recordings_store)
    return _bucket(
        Bucket(
            name=kept.bucket,
            endpoint=kept.bucket_endpoint,
            region=kept.bucket_region,
            prefix=kept.bucket_prefix,
            profile=kept.bucket_profile,
        )
    )


@functools.cache
def _bucket(bucket: Bucket) -> BucketStore:
    """One for all: it takes a while to make, and threads may share it."""
    return BucketStore(bucket)


def privacy(settings: Settings, pool: Pool) -> Privacy:
    """Looks for a person, and erases her. The key of its ledger is made when there is none."""
    return Privacy(pool, secret(settings.var_folder / "state" / "secrets", "privacy").text.encode())


def erasing(settings: Settings, pool: Pool, rules: Callable[[], CustomerRules]) -> Erasing:
    """Who gives out and erases what is kept of a person."""
    return Erasing(privacy(settings, pool), SealedFiles(pool), sealer(settings, pool), rules)


def sealer(settings: Settings, pool: Pool) -> Sealer:
    """Who takes one recording from step to step."""
    return Sealer(SealedFiles(pool), workshop(settings))


def vault(settings: Settings, pool: Pool) -> Vault:
    """What people do with recordings that are kept."""
    return Vault(SealedFiles(pool), sealer(settings, pool), settings.recordings_keys)


def works(settings: Settings, pool: Pool) -> Works:
    """For the API of a running center."""
    return Works(
        vault=vault(settings, pool),
        privacy=privacy(settings, pool),
        remover=sealer(settings, pool),
        uploads=settings.var_folder / "uploads",
    )
