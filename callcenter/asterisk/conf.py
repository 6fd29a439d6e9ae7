"""Asterisk's configuration files, made from `asterisk-conf/`. Knows files, jinja2 and how Asterisk reads a line.

Must not know where the values come from, nor ask a running Asterisk anything (see `conf_check`).

Theory: `asterisk-conf/` holds thin files that are copied as they are, and templates (`*.j2`) that are filled in. Thin
files `#include` what is made from templates (the folder `callcenter/`) and `#tryinclude` the reader's own (`custom/`,
never touched). Values were checked by `conf_values`; whatever a template prints goes through one more gate here, which
lets no line end pass and takes the meaning off `;`.
"""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import jinja2

from callcenter.asterisk.conf_values import ConfValues, Fallback, PhoneAccount, phone_problems, value_problems
from callcenter.errors import Bug, ConfigurationError, Problem

CONF_VERSION: Final = 4  # raised when the program needs other contexts, users or settings than before
CONF_VARIABLE: Final = "CALLCENTER_CONF"
"""Global variable of the dialplan that holds CONF_VERSION: proof that Asterisk reads our files."""

SEEN_VARIABLE: Final = "CALLCENTER_SEEN"
"""Global variable in which the running program leaves the time (whole seconds UTC) every SEEN_EVERY_S.

Asterisk keeps new calls in line for a program that is away, without end. The dialplan looks at this variable first and
takes the fallback when it is older than `absence_limit_s`. Never set (nobody writes it): the dialplan does not look.
"""

SEEN_EVERY_S: Final = 5

TEMPLATE_SUFFIX: Final = ".j2"
GENERATED: Final = "callcenter"
CUSTOM: Final = "custom"
PHONES_TEMPLATES: Final = (f"{GENERATED}/phones.conf.j2", f"{GENERATED}/queues.conf.j2")
RELOADS: Final[Mapping[str, str]] = {"phones.conf": "res_pjsip.so", "queues.conf": "app_queue.so"}
"""File that changes while Asterisk runs -> module to reload (ARI: PUT /asterisk/modules/NAME) after it was changed."""

MARK: Final = "; callcenter:"
"""How the first line of each of our files begins."""

SECRET_MODE: Final = 0o600
THIN_MODE: Final = 0o644
FOLDER_MODE: Final = 0o750
CALLER_NAME_MAX: Final = 80
LINE_MAX: Final = 8000  # bytes; Asterisk reads lines of at most 8191

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")


def render(values: ConfValues, templates: Path, into: Path) -> list[Path]:
    """Make every file of `templates` in `into` (Asterisk's etc folder); give those that changed, in order of name.

    A file whose content is right is not touched; the others are replaced in one step, so that Asterisk never reads half
    a file. What a template makes is readable by its owner alone. A file that is there and was not made by us is never
    overwritten. Raises ConfigurationError with every problem found; then nothing was written.
    """
    _refuse(value_problems(values))
    wanted: dict[Path, tuple[str, int]] = {}
    for source in sorted(templates.rglob("*.conf*")):
        name = source.relative_to(templates)
        if source.suffix == TEMPLATE_SUFFIX:
            if name.name == "asterisk.conf.j2" and values.folders is None:
                continue
            wanted[into / name.with_suffix("")] = (_filled(values, templates, name), SECRET_MODE)
        elif source.suffix == ".conf":
            wanted[into / name] = (source.read_text(encoding="utf-8"), THIN_MODE)
    if not wanted:
        raise Bug(f"{templates} holds no configuration files")
    _refuse(_foreign(wanted, templates, into))
    (into / CUSTOM).mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return _write_all(wanted)


def render_generated(values: ConfValues, templates: Path, into: Path) -> list[Path]:
    """As `render`, but only the folder `callcenter/`, for an Asterisk whose own files `#include` what they want."""
    _refuse(value_problems(values))
    return _write_all(
        {
            into / GENERATED / source.stem: (_filled(values, templates, source.relative_to(templates)), SECRET_MODE)
            for source in sorted((templates / GENERATED).glob(f"*.conf{TEMPLATE_SUFFIX}"))
        }
    )


def render_phones(phones: Sequence[PhoneAccount], templates: Path, into: Path) -> list[Path]:
    """Make only what depends on the agents' phones. Changed files are given: reload their modules (`RELOADS`).

    The order of `phones` does not matter. Raises ConfigurationError; then nothing was written.
    """
    _refuse(phone_problems(phones))
    wanted = {
        into / Path(name).with_suffix(""): (_fill(templates, Path(name), {"phones": _in_order(phones)}), SECRET_MODE)
        for name in PHONES_TEMPLATES
    }
    return _write_all(wanted)


def modules_to_reload(changed: Sequence[Path]) -> list[str]:
    """The modules that must read `changed` again, each once."""
    return list(dict.fromkeys(RELOADS[path.name] for path in changed if path.name in RELOADS))


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise ConfigurationError(problems)


def caller_id(name: str, number: str) -> str:
    """`"Name" <number>` for a `callerid` line; the name loses what would end the quotes, the line or a section."""
    clean = _CONTROL.sub(" ", name).translate(dict.fromkeys(map(ord, '"\\<>;[]#'), " "))
    clean = " ".join(clean.split())[:CALLER_NAME_MAX]
    return f'"{clean}" <{number}>' if clean else f"<{number}>"


# -- templates ---------------------------------------------------------------------------------------------------------


def _filled(values: ConfValues, templates: Path, name: Path) -> str:
    given = {one.name: getattr(values, one.name) for one in fields(values)}
    host = f"[{values.sip_host}]" if ":" in values.sip_host else values.sip_host
    more = {
        "conf_version": CONF_VERSION,
        "fallback_queue": values.fallback is Fallback.QUEUE,
        "phones": _in_order(values.phones),
        "sip_host": host,
    }
    return _fill(templates, name, {**given, **more})


def _fill(templates: Path, name: Path, values: Mapping[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # no HTML; `_printed` guards what is printed
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_printed,
    )
    environment.filters["caller_id"] = caller_id
    try:
        text = environment.get_template(name.as_posix()).render(values)
    except jinja2.TemplateError as problem:
        line = getattr(problem, "lineno", None)
        where = f"{templates / name}" + (f":{line}" if line else "")
        raise ConfigurationError([Problem(where=where, what=problem.message or "cannot be filled in")]) from problem
    if any(len(line.encode()) > LINE_MAX for line in text.splitlines()):
        raise ConfigurationError([Problem(where=f"{templates / name}", what="makes a line too long for Asterisk")])
    return text


def _printed(value: object) -> str:
    """What a template prints for `value`: no line end or other control character comes in, and `;` starts no comment.

    Asterisk takes a backslash before `;` away and nothing else (main/config.c, config_text_file_load).
    """
    text = str(value)
    if _CONTROL.search(text):
        raise Bug(f"a control character in a value: {text!r}")
    return text.replace(";", "\\;")


def _in_order(phones: Sequence[PhoneAccount]) -> list[PhoneAccount]:
    return sorted(phones, key=lambda phone: phone.number)


# -- files -------------------------------------------------------------------------------------------------------------


def _foreign(wanted: Mapping[Path, tuple[str, int]], templates: Path, into: Path) -> list[Problem]:
    """Files that are there and are not from us: they may be the only copy of somebody's work."""
    return [
        Problem(
            where=str(path),
            what="is there already and is not from the call center",
            remedy=f"move what you need of it to {into / CUSTOM / path.name} and remove it, or render only "
            f"{GENERATED}/ and include that (see {templates / 'README.md'})",
        )
        for path in wanted
        if path.parent == into and path.exists() and not _first_line(path).startswith(MARK)
    ]


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline().rstrip("\n")


def _write_all(wanted: Mapping[Path, tuple[str, int]]) -> list[Path]:
    return [path for path, (text, mode) in sorted(wanted.items()) if _write(path, text, mode)]


def _write(path: Path, text: str, mode: int) -> bool:
    """Make `path` hold `text`; False if it did already. The folder's owner owns it: Asterisk may run as that user."""
    content = text.encode()
    try:
        present = path.read_bytes()
        if present == content:
            if path.stat().st_mode & 0o777 != mode:
                path.chmod(mode)
            return False
    except FileNotFoundError:
        _make_folder(path.parent)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _give_to_owner_of(path.parent, fresh)
        os.chmod(fresh, mode)
        os.replace(fresh, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
        raise
    return True


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        _give_to_owner_of(folder.parent, folder)


def _give_to_owner_of(folder: Path, path: str | Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        shutil.chown(path, owner.st_uid, owner.st_gid)
