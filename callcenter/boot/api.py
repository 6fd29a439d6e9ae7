"""The API of a running center: its listener, and what it answers with. Knows which part needs which, and no more."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from callcenter.config.settings import WebSettings
from callcenter.customers.erasing import Erasing
from callcenter.customers.rules import Rules, rules_of
from callcenter.embedded.ports import Kind, PortBook
from callcenter.errors import ConfigurationError, Problem
from callcenter.jobs.hooks import HookDesk
from callcenter.model.configuration import Configuration
from callcenter.model.events import DispositionRequested, Event
from callcenter.model.ids import RequestId
from callcenter.ports import Clock
from callcenter.postgres.answers import Answers
from callcenter.postgres.audit import Audit
from callcenter.postgres.configurations import Configurations
from callcenter.postgres.customers import Customers
from callcenter.postgres.directory import Directory
from callcenter.postgres.pages import Pages
from callcenter.postgres.pool import Pool
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.reports import Reports
from callcenter.postgres.sealed import SealedFiles
from callcenter.postgres.tokens import Tokens
from callcenter.postgres.webhooks import Webhooks
from callcenter.web.api.chronicle import Chronicle
from callcenter.web.api.door import ApiDoor, Listen
from callcenter.web.api.route import Desk, Parts, Works
from callcenter.web.api.runs import Runs
from callcenter.web.configuration import Versions
from callcenter.web.control import Center


class Running(Center, Protocol):
    """The running center, as the API needs it."""

    @property
    def configuration(self) -> Configuration:
        """What is in force."""
        ...


def listen(settings: WebSettings, ports: PortBook) -> Listen:
    """Where the API is to be. Raises ConfigurationError if the certificate cannot be used."""
    port = settings.port or ports.pick("api", Kind.TCP)
    tls = None if settings.tls_certificate is None else _tls(settings)
    return Listen(host=settings.host, port=port, names=settings.names, origins=settings.origins, tls=tls)


def _tls(settings: WebSettings) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        made.load_cert_chain(str(settings.tls_certificate), settings.tls_key)
    except OSError as error:  # ssl.SSLError is one
        what = f"cannot be used: {error.strerror or error}"
        remedy = "PEM, with the key that belongs to it"
        raise ConfigurationError(
            [Problem(where=f"web.tls_certificate {settings.tls_certificate}", what=what, remedy=remedy)]
        ) from error
    return made


@asynccontextmanager
async def api(
    where: Listen,
    center: Running,
    pool: Pool,
    clock: Clock,
    versions: Versions | None,
    chronicle: Chronicle,
    desk: Desk,
    works: Works,
) -> AsyncIterator[str]:
    """The API, open until the context ends; gives its address."""
    await asyncio.to_thread(shutil.rmtree, works.uploads, ignore_errors=True)  # of a run that was killed
    made = parts(center, pool, clock, versions, works, desk)
    async with ApiDoor(where, made, chronicle) as door:
        try:
            yield door.url
        finally:
            chronicle.close()  # its readers would never leave by themselves
            await made.runs.close()


def parts(
    center: Running,
    pool: Pool,
    clock: Clock,
    versions: Versions | None,
    works: Works,
    desk: Desk | None = None,
) -> Parts:
    """What the API answers with."""

    async def ask(request: RequestId, event: Event) -> str:
        if desk is not None and isinstance(event, DispositionRequested):
            return await desk.record(event)  # who knows what the records say of a talk that the engine has forgotten
        return await center.ask(request, event)

    def rules() -> Rules:
        return rules_of(center.configuration)

    audit = Audit(pool)
    return Parts(
        center=center,
        ask=ask,
        configuration=lambda: center.configuration,
        now=clock.now,
        reports=Reports(pool),
        pages=Pages(pool),
        directory=Directory(pool),
        tokens=Tokens(pool),
        audit=audit,
        answers=Answers(pool),
        configurations=Configurations(pool),
        runs=Runs(audit, clock.now),
        works=works,
        pool=pool,
        rules=rules,
        customers=Customers(pool),
        hooks=HookDesk(Webhooks(pool), JournalReader(pool), lambda: center.configuration.lookup_hosts),
        erasing=Erasing(works.privacy, SealedFiles(pool), works.remover, rules),
        desk=desk,
        versions=versions,
    )
