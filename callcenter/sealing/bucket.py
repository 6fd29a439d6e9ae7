"""Recordings in a bucket, of Amazon S3 or of anything that speaks like it. Knows names and bytes; no sound, no key.

An extra: `pip install callcenter[s3]`. Objects have the names of `store.py` behind a prefix. What is put is read back
by who puts it (`workshop.py`), so nothing here trusts a server's own checksums, which not all of them have.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callcenter.errors import ConfigurationError, PeerRefused, PeerUnavailable, Problem
from callcenter.sealing.store import DIGEST_CHUNK_BYTES, FILE_MODE, Measure, NotStored, checked, is_a_name

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

CONNECT_TIMEOUT_S: Final = 5
READ_TIMEOUT_S: Final = 60  # between two pieces of an answer
TRIES_MAX: Final = 3
MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Which bucket. `endpoint`: None is Amazon's; `profile`: None is what boto3 finds, from its environment on."""

    name: str
    endpoint: str | None = None
    region: str | None = None
    prefix: str = ""
    profile: str | None = None


class BucketStore:
    """A bucket. Its methods are those of `Store`."""

    def __init__(self, bucket: Bucket) -> None:
        """Raises ConfigurationError if boto3 is not installed or this is no bucket for it. Asks nobody yet."""
        self._bucket = bucket
        self._client = _client(bucket)

    def put(self, name: str, file: Path) -> None:
        """As the Protocol says: a bucket replaces an object whole, or not at all."""
        with self._asks(name), file.open("rb") as body:
            self._client.put_object(Bucket=self._bucket.name, Key=self._key(name), Body=body)

    def measure(self, name: str) -> Measure:
        """As the Protocol says."""
        digest, size = hashlib.sha256(), 0
        with self._asks(name):
            for piece in self._body(name).iter_chunks(DIGEST_CHUNK_BYTES):
                digest.update(piece)
                size += len(piece)
        return Measure(sha256=digest.hexdigest(), size=size)

    def fetch(self, name: str, into: Path) -> None:
        """As the Protocol says."""
        with self._asks(name):
            body = self._body(name)
            with into.open("wb") as file:
                into.chmod(FILE_MODE)
                shutil.copyfileobj(body, file, DIGEST_CHUNK_BYTES)

    def remove(self, name: str) -> None:
        """As the Protocol says. A bucket that keeps versions keeps what is removed, by its own rules."""
        with self._asks(name):
            self._client.delete_object(Bucket=self._bucket.name, Key=self._key(name))

    def place(self, name: str) -> str:
        """Its address."""
        return f"s3://{self._bucket.name}/{self._key(name)}"

    def names(self) -> Iterator[str]:
        """Everything that looks like a recording, in order; for `verify`."""
        start = len(self._bucket.prefix)
        with self._asks(""):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket.name, Prefix=self._bucket.prefix):
                for found in page.get("Contents", ()):
                    name = found["Key"][start:]
                    if is_a_name(name):
                        yield name

    @property
    def where(self) -> str:
        """The bucket's address."""
        return f"s3://{self._bucket.name}/{self._bucket.prefix}"

    def look(self) -> None:
        """Ask whether the bucket is there and may be listed. Raises PeerFault."""
        with self._asks(""):
            self._client.list_objects_v2(Bucket=self._bucket.name, Prefix=self._bucket.prefix, MaxKeys=1)

    def _key(self, name: str) -> str:
        return self._bucket.prefix + checked(name)

    def _body(self, name: str) -> Any:
        return self._client.get_object(Bucket=self._bucket.name, Key=self._key(name))["Body"]

    @contextmanager
    def _asks(self, name: str) -> Iterator[None]:
        """Whatever the library raises, as ours."""
        from botocore.exceptions import BotoCoreError, ClientError

        where = self.place(name) if name else f"s3://{self._bucket.name}"
        try:
            yield
        except ClientError as refused:
            if name and _code(refused) in MISSING:
                raise NotStored(f"{where} is not there") from None
            raise PeerRefused(f"{where}: {refused}") from refused
        except BotoCoreError as fault:
            raise PeerUnavailable(f"{where}: {fault}") from fault


def _code(refused: "ClientError") -> str:
    return str(refused.response.get("Error", {}).get("Code", ""))


def _client(bucket: Bucket) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        what = "recordings in a bucket need boto3, which is not installed"
        raise ConfigurationError(
            [Problem(where="recording.bucket", what=what, remedy="pip install 'callcenter[s3]'")]
        ) from None
    try:
        return boto3.session.Session(profile_name=bucket.profile).client(
            "s3",
            endpoint_url=bucket.endpoint,
            region_name=bucket.region,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retries={"max_attempts": TRIES_MAX, "mode": "standard"},
                s3={"addressing_style": "path" if bucket.endpoint else "auto"},
                request_checksum_calculation="when_required",  # what came later than S3 is not known to all
                response_checksum_validation="when_required",
            ),
        )
    except (BotoCoreError, ValueError) as problem:
        raise ConfigurationError([Problem(where="recording.bucket", what=str(problem))]) from problem
