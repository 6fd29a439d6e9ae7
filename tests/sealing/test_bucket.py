"""Recordings in a bucket: all steps, what is not there, what is broken, and a bucket that is away; over real HTTP."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from callcenter.boot.works import store
from callcenter.config.settings import RecordingSettings, Settings, clashes
from callcenter.errors import Bug, ConfigurationError, PeerRefused, PeerUnavailable
from callcenter.model.ids import ContactId
from callcenter.model.sealed import Codec, SealedFile, Step
from callcenter.sealing.bucket import Bucket, BucketStore
from callcenter.sealing.encoding import BadSound, hear_wav
from callcenter.sealing.keys import key_ring
from callcenter.sealing.store import FolderStore, NotStored
from callcenter.sealing.workshop import Rules, Workshop
from tests.sealing.test_workshop import ENDED_AT, NAME, write_talk

BUCKET, PREFIX = "acme-calls", "hotline/"
OBJECT = f"2026/11/21/{NAME}.wav"
NOWHERE = "http://127.0.0.1:9"  # the port of "discard", at which nobody listens


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where boto3 looks for them, as whoever runs a call center would say it."""
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = calls\naws_secret_access_key = s3cret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def kept(endpoint: str) -> Iterator[BucketStore]:
    """A bucket with nothing in it but what is not ours."""
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="letters/a", Body=b"not ours")
    client.put_object(Bucket=BUCKET, Key=f"{PREFIX}readme", Body=b"nor this")
    yield BucketStore(Bucket(name=BUCKET, endpoint=endpoint, prefix=PREFIX))
    left = client.list_objects_v2(Bucket=BUCKET).get("Contents", ())
    for one in left:
        client.delete_object(Bucket=BUCKET, Key=one["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.mark.parametrize(("codec", "encrypt"), [(Codec.WAV, False), (Codec.FLAC, True)])
def test_a_recording_goes_through_all_steps_and_comes_back(
    kept: BucketStore, tmp_path: Path, codec: Codec, encrypt: bool
) -> None:
    source = tmp_path / "spool" / f"{NAME}.wav"
    write_talk(source)
    said = hear_wav(source)
    shop = Workshop(tmp_path / "work", kept, Rules(codec=codec, encrypt=encrypt), partial(key_ring, tmp_path / "keys"))
    file = shop.prepare(
        SealedFile(recording=NAME, contact=ContactId("c-1"), step=Step.TAKEN, source=str(source), stopped=ENDED_AT)
    )
    for _ in range(2):  # each step can be done again
        assert shop.put(file)
        assert shop.is_stored(file)
    shop.clear(file)
    assert not source.exists()
    assert list(kept.names()) == [file.name]
    assert kept.place(file.name) == f"s3://{BUCKET}/{PREFIX}{file.name}"
    shop.export(file, tmp_path / "out.wav")
    assert hear_wav(tmp_path / "out.wav").pcm_sha256 == said.pcm_sha256
    shop.remove(file)
    shop.remove(file)
    assert list(kept.names()) == []


def test_what_is_not_there_and_what_is_not_what_it_was(kept: BucketStore, endpoint: str, tmp_path: Path) -> None:
    with pytest.raises(NotStored, match=f"s3://{BUCKET}/{PREFIX}{OBJECT} is not there"):
        kept.measure(OBJECT)
    with pytest.raises(NotStored):
        kept.fetch(OBJECT, tmp_path / "x")
    source = tmp_path / f"{NAME}.wav"
    write_talk(source, 0.2)
    shop = Workshop(
        tmp_path / "work", kept, Rules(codec=Codec.WAV, encrypt=False), partial(key_ring, tmp_path / "keys")
    )
    file = shop.prepare(
        SealedFile(recording=NAME, contact=ContactId("c-1"), step=Step.TAKEN, source=str(source), stopped=ENDED_AT)
    )
    assert shop.put(file)
    boto3.client("s3", endpoint_url=endpoint).put_object(Bucket=BUCKET, Key=PREFIX + file.name, Body=b"something else")
    assert not shop.is_stored(file)
    with pytest.raises(BadSound, match="its checksum differs"):
        shop.export(file, tmp_path / "out.wav")


def test_a_name_that_is_not_ours_is_no_key(kept: BucketStore, tmp_path: Path) -> None:
    with pytest.raises(Bug):
        kept.fetch("../letters/a", tmp_path / "x")


def test_a_bucket_that_is_away_or_not_there_is_said_with_its_address(endpoint: str, tmp_path: Path) -> None:
    away = BucketStore(Bucket(name=BUCKET, endpoint=NOWHERE))
    with pytest.raises(PeerUnavailable, match=f"s3://{BUCKET}"):
        away.measure(OBJECT)
    (tmp_path / "x").write_bytes(b"x")
    nobody = BucketStore(Bucket(name="nobodys-bucket", endpoint=endpoint))
    with pytest.raises(PeerRefused, match="NoSuchBucket"):
        nobody.put(OBJECT, tmp_path / "x")
    with pytest.raises(PeerRefused, match="s3://nobodys-bucket"):
        nobody.look()


def test_without_credentials_it_is_said(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(PeerUnavailable, match="credentials"):
        BucketStore(Bucket(name=BUCKET, endpoint=endpoint)).look()
    with pytest.raises(ConfigurationError, match="nobody"):
        BucketStore(Bucket(name=BUCKET, endpoint=endpoint, profile="nobody"))


def test_the_settings_say_which_store(tmp_path: Path) -> None:
    assert isinstance(store(Settings(var_folder=tmp_path)), FolderStore)
    bucket = RecordingSettings(bucket=BUCKET, bucket_endpoint=NOWHERE, bucket_prefix=PREFIX)
    chosen = store(Settings(var_folder=tmp_path, recording=bucket))
    assert chosen.place(OBJECT) == f"s3://{BUCKET}/{PREFIX}{OBJECT}"
    assert store(Settings(var_folder=tmp_path, recording=bucket)) is chosen
    both = RecordingSettings(bucket=BUCKET, store_folder=tmp_path)
    assert [place for place, _, _ in clashes(Settings(recording=both))] == ["recording.bucket"]
    assert [place for place, _, _ in clashes(Settings(recording=RecordingSettings(bucket_prefix="x/")))] == [
        "recording.bucket"
    ]
