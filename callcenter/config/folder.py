"""A folder of YAML files (and lists of numbers) as one Configuration. Knows which files there are and their order.

Names are gathered from all files before any is read in earnest, so that each reference is checked where it stands, and
one mistake is told once: a queue with a wrong key still exists for those who refer to it.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from callcenter.config.agreement import Written, disagreements
from callcenter.config.calendars import read_calendars
from callcenter.config.callback_law import callback_law_problems
from callcenter.config.callbacks import with_callbacks
from callcenter.config.campaigns import read_campaigns, recycling_problems, unlabelled
from callcenter.config.customers import read_customers
from callcenter.config.dispositions import read_dispositions
from callcenter.config.flows import read_flow
from callcenter.config.law import LAW, read_pack, shipped_packs
from callcenter.config.lawful import calls_nobody
from callcenter.config.lists import LIST_BYTES_MAX, LIST_SUFFIX, is_list, list_name, read_list
from callcenter.config.lookups import read_lookup_hosts
from callcenter.config.mailboxes import read_mailboxes, with_mailboxes
from callcenter.config.numbers import read_numbers
from callcenter.config.parking import with_parking
from callcenter.config.phones import with_phones
from callcenter.config.postcodes import POSTCODES, read_postcodes
from callcenter.config.prompts import read_prompts
from callcenter.config.queues import read_queues
from callcenter.config.routing import read_routing
from callcenter.config.sheet import ANYTHING, Names, PromptPlace, Sheet, did_you_mean
from callcenter.config.supervision import with_supervision
from callcenter.config.tree import TEXT_CHARS_MAX, Table, Tree, read_tree
from callcenter.config.trunks import read_trunks
from callcenter.config.vain import in_vain
from callcenter.config.ways import across
from callcenter.errors import ConfigurationError, Problem
from callcenter.geography.numbers import told_here
from callcenter.model.configuration import Configuration
from callcenter.model.customer import CUSTOMER_LISTS
from callcenter.model.ids import FlowName
from callcenter.model.law import LawPack
from callcenter.model.numbers import Numbering
from callcenter.model.trunk import Line

T = TypeVar("T")

QUEUES: Final = "queues.yaml"
CALENDARS: Final = "calendars.yaml"
NUMBERS: Final = "numbers.yaml"
PROMPTS: Final = "prompts.yaml"
LOOKUPS: Final = "lookups.yaml"
ROUTING: Final = "routing.yaml"
MAILBOXES: Final = "mailboxes.yaml"
DISPOSITIONS: Final = "dispositions.yaml"
CUSTOMERS: Final = "customers.yaml"
TRUNKS: Final = "trunks.yaml"
CAMPAIGNS: Final = "campaigns.yaml"
FILES: Final = (
    PROMPTS,
    CALENDARS,
    QUEUES,
    NUMBERS,
    LOOKUPS,
    ROUTING,
    MAILBOXES,
    DISPOSITIONS,
    CUSTOMERS,
    TRUNKS,
    CAMPAIGNS,
    POSTCODES,
)
FLOWS: Final = "flows/"
TESTS: Final = "flows/tests/"
"""Cases for `callcenter flows test`; they belong to the folder and are no part of a configuration."""
SUFFIX: Final = ".yaml"
"""Flows are flows/<name>.yaml."""
QUEUES_OWN: Final = "queues"
"""Begins the names of prompts that are written in queues.yaml."""
CAMPAIGNS_OWN: Final = "campaigns"
"""Likewise in campaigns.yaml."""
BYTES_MAX: Final = 4 * TEXT_CHARS_MAX


def load_configuration(folder: Path) -> Configuration:
    """Read the folder. Raises ConfigurationError with everything that is wrong in it."""
    files, unreadable = read_files(folder)
    configuration, problems = _Folder(files, _files_of(unreadable)).read()
    if problems or unreadable:
        raise ConfigurationError([*unreadable, *problems])
    return configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a look at a folder found: `problems` keep it from being used, `remarks` may be meant."""

    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...] = ()


def check_configuration(folder: Path) -> list[Problem]:
    """Everything wrong in the folder, in the order of files and lines; empty if it can be used."""
    return list(check_folder(folder).problems)


def check_folder(folder: Path) -> Checked:
    """Everything wrong in the folder, and what is odd in it. Raises ConfigurationError if there is no such folder."""
    files, unreadable = read_files(folder)
    reading = _Folder(files, _files_of(unreadable))
    _, problems = reading.read()
    return Checked(problems=(*unreadable, *problems), remarks=() if unreadable or problems else reading.remarks)


def check_files(files: Mapping[str, str]) -> Checked:
    """The same of files given as relative path -> text."""
    reading = _Folder(files)
    _, problems = reading.read()
    return Checked(problems=tuple(problems), remarks=() if problems else reading.remarks)


def read_configuration(files: Mapping[str, str]) -> tuple[Configuration, list[Problem]]:
    """Read files given as relative path ("flows/hotline.yaml") -> text: what can be used, and what is wrong."""
    return _Folder(files).read()


class _Folder:
    """The files on the desk: first their names, then what each says, then what they say together.

    What cannot be read (no YAML, or among the files `unread`) hides nothing that is wrong elsewhere: the names in it
    are taken to be there, and only what the parts must agree on is left for when all of them can be read.
    """

    def __init__(self, files: Mapping[str, str], unread: Collection[str] = ()) -> None:
        self._lists = {file: text for file, text in sorted(files.items()) if is_list(file)}
        self._trees = {
            file: read_tree(file, text)
            for file, text in sorted(files.items())
            if file not in self._lists and not is_test(file) and not is_law(file)
        }
        self._law = {file: text for file, text in sorted(files.items()) if is_law(file)}
        self._unread = {*unread, *(file for file, tree in self._trees.items() if tree.root is None and tree.problems)}
        self._flows = {_flow_name(file): tree for file, tree in self._trees.items() if _is_flow(file)}
        self._names = Names(
            queues=self._named(QUEUES),
            flows={*self._flows, *(_flow_name(file) for file in self._unread if _is_flow(file))},
            calendars=self._named(CALENDARS),
            lists={*CUSTOMER_LISTS, *(list_name(file) for file in (*self._lists, *self._unread) if is_list(file))},
            trees=self._named(DISPOSITIONS),
        )
        self._problems: list[Problem] = []
        self.remarks: tuple[Problem, ...] = ()

    def read(self) -> tuple[Configuration, list[Problem]]:
        """What can be used, and everything that is wrong."""
        strange = [_strange(file) for file in self._trees if file not in FILES and not _is_flow(file)]
        prompted, hosts = self._read(PROMPTS, read_prompts), self._read(LOOKUPS, read_lookup_hosts)
        self._names.prompts = ANYTHING if self._named(PROMPTS) is ANYTHING else prompted
        self._names.lookup_hosts = ANYTHING if self._named(LOOKUPS) is ANYTHING else hosts
        calendars = self._read(CALENDARS, read_calendars)
        queues = self._read(QUEUES, read_queues)
        numbers = self._read(NUMBERS, read_numbers)
        routing = self._read(ROUTING, read_routing)
        mailboxes = self._read(MAILBOXES, read_mailboxes)
        dispositions = self._read(DISPOSITIONS, read_dispositions)
        customers = self._read(CUSTOMERS, read_customers)
        flows = {name: self._read(tree.file, partial(read_flow, name=name)) for name, tree in self._flows.items()}
        lists = {
            list_name(file): read_list(file, text, numbers.numbering, self._problems)
            for file, text in self._lists.items()
        }
        own = self._packs()
        law = {**shipped_packs(), **own}
        ways = self._read(TRUNKS, read_trunks)
        campaigns = self._read(
            CAMPAIGNS, partial(read_campaigns, ways=None if TRUNKS in self._unread else ways, law=law)
        )
        if self._unread:
            return Configuration(), [*strange, *self._problems]
        prompts: dict[str, PromptPlace] = {**self._names.prompts, **self._names.written}
        configuration = Configuration(
            queues=queues,
            flows={name: flow for name, flow in flows.items() if flow is not None},
            calendars=calendars,
            numbers=numbers.numbers,
            default_flow=numbers.default,
            forward_to=numbers.forward_to,
            lookup_hosts=tuple(self._names.lookup_hosts),
            callback_to=numbers.callback_to,
            parking=numbers.parking,
            dial_out=numbers.dial_out,
            record_colleagues=numbers.record_colleagues,
            ring_in_use=numbers.ring_in_use,
            end_key=numbers.end_key,
            prompts={name: place.prompt for name, place in prompts.items()},
            lists=lists,
            numbering=numbers.numbering,
            routing=routing,
            mailboxes=mailboxes,
            law=law,
            dispositions=dispositions,
            customers=customers,
            campaigns=campaigns,
            trunks=ways.trunks,
            guard=ways.guard,
            postcodes=self._read(POSTCODES, read_postcodes),
            tells=partial(_line, numbering=numbers.numbering),
        )
        written = Written(flows=self._flows, queues=self._tree(QUEUES), prompts=prompts)
        whole = len(configuration.flows) == len(self._flows)
        between = across(configuration, self._flows, self._tree(QUEUES), self._tree(NUMBERS))
        self.remarks = (
            *between.remarks,
            *in_vain(configuration, self._tree(QUEUES), self._flows),
            *calls_nobody(configuration, self._tree(CAMPAIGNS)),
            *unlabelled(configuration, self._tree(CAMPAIGNS)),
        )
        return with_parking(with_phones(with_supervision(with_callbacks(with_mailboxes(configuration))))), [
            *strange,
            *self._problems,
            *between.problems,
            *callback_law_problems(configuration, self._tree(QUEUES)),
            *recycling_problems(configuration, self._tree(CAMPAIGNS)),
            *disagreements(configuration, written, whole=whole),
        ]

    def _named(self, file: str) -> Collection[str]:
        """The names in a file; anything, where it cannot be read or is a list or a text as a whole."""
        root = self._tree(file).root
        return (
            ANYTHING
            if file in self._unread or not (root is None or isinstance(root, Table))
            else _keys(self._tree(file))
        )

    def _packs(self) -> dict[str, LawPack]:
        found: dict[str, LawPack] = {}
        for file, text in self._law.items():
            pack, problems = read_pack(file, text)
            self._problems += problems
            if pack is not None:
                found[pack.name] = pack
        return found

    def _tree(self, file: str) -> Tree:
        return self._trees.get(file) or Tree(file=file)

    def _read(self, file: str, reader: Callable[[Sheet], T]) -> T:
        tree = self._tree(file)
        owner = _flow_name(file) if _is_flow(file) else CAMPAIGNS_OWN if file == CAMPAIGNS else QUEUES_OWN
        sheet = Sheet(tree=tree, names=self._names, owner=owner, problems=list(tree.problems))
        found = reader(sheet)
        self._problems += tree.problems if file in self._unread else sheet.problems
        return found


def _line(number: str, *, numbering: Numbering) -> Line:
    told = told_here(number, numbering)
    return Line(number=told.e164, region=told.region, kind=str(told.type))


def is_test(file: str) -> bool:
    """Whether a file of the folder holds cases for the flows."""
    return file.startswith(TESTS)


def is_law(file: str) -> bool:
    """Whether a file of the folder holds a pack of rules for calling people."""
    return file.startswith(LAW) and "/" not in file.removeprefix(LAW) and file.endswith(SUFFIX)


def _files_of(unreadable: Collection[Problem]) -> list[str]:
    return [problem.where.partition(":")[0] for problem in unreadable]


def _is_flow(file: str) -> bool:
    name = file.removeprefix(FLOWS)
    return file.startswith(FLOWS) and "/" not in name and name.endswith(SUFFIX)


def _flow_name(file: str) -> FlowName:
    return FlowName(file[len(FLOWS) : -len(SUFFIX)])


def _strange(file: str) -> Problem:
    remedy = did_you_mean(file, FILES)
    return Problem(where=file, what="not a file of a configuration", remedy=remedy or "a flow is flows/<name>.yaml")


def _keys(tree: Tree) -> tuple[str, ...]:
    return tuple(tree.root) if isinstance(tree.root, Table) else ()


def _not_utf8(file: str, error: UnicodeDecodeError) -> Problem:
    before = error.object[: error.start]
    line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
    sixteen = error.object.startswith((b"\xff\xfe", b"\xfe\xff"))
    what = "it is UTF-16" if sixteen else f"not UTF-8 here (byte {error.object[error.start]:#04x})"
    return Problem(where=f"{file}:{line}:{column}", what=what, remedy="save it as UTF-8")


def digest_of(files: Mapping[str, str]) -> str:
    """What tells one set of files from another: sha256, in hex. The order of the files does not matter."""
    digest = hashlib.sha256()
    for name, text in sorted(files.items()):
        for part in (name.encode(), text.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def read_files(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """The YAML files of a folder as relative path -> text; others (notes, backups of editors) are not ours to judge.

    Raises ConfigurationError if there is no such folder; a file that cannot be read is a problem.
    """
    if not folder.is_dir():
        remedy = "the first `callcenter run` makes one with an example"
        raise ConfigurationError([Problem(where=str(folder), what="there is no such folder", remedy=remedy)])
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(folder).as_posix()
        suffixes = (SUFFIX, ".yml", *([LIST_SUFFIX] if is_list(file) else []))
        if path.suffix not in suffixes or file.startswith(".") or "/." in file:
            continue
        if not path.is_file():
            what = "is a folder, and is to be a file" if path.is_dir() else "leads to no file"
            problems.append(Problem(where=file, what=what))
            continue
        try:
            with path.open("rb") as opened:
                found[file] = opened.read(LIST_BYTES_MAX + 1 if is_list(file) else BYTES_MAX).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            problems.append(_not_utf8(file, error))
        except OSError as error:
            problems.append(Problem(where=file, what=f"cannot be read: {error.strerror}"))
    return found, problems
