"""`callcenter compliance`: the law as the dialler knows it, and proof that it was held to. Judges nothing itself."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, cell, emit, say, show, show_grid, show_pairs, stamp
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callcenter.model.law import LawPack, Rule, Source

app = typer.Typer(name="compliance", help="The law of calling people, and the proof of it.", no_args_is_help=True)

PACK_HEADS: Final = ("pack!", "version!", "regions", "rules>", "unverified>", "title")
RULE_HEADS: Final = ("rule!", "says", "source", "verified!")
SHOWN_REGIONS: Final = 6


@app.callback()
def group() -> None:
    """The law of calling people, and the proof of it."""


@app.command("packs")
def packs(
    context: typer.Context,
    pack: Annotated[str | None, typer.Argument(metavar="PACK", help="Only this one, rule by rule.")] = None,
    json: Json = False,
) -> None:
    """List the packs of rules for calling people, or show one of them with its sources."""
    found = _packs(site_of(context))
    if pack is not None and pack not in found:
        raise Failure(Exit.NOT_FOUND, f"there is no pack {pack}", remedy=f"one of {', '.join(sorted(found))}")
    chosen = [found[name] for name in sorted(found) if pack in (None, name)]
    if json:
        emit({"packs": [pack_document(one) for one in chosen]})
    elif pack is None:
        show_grid(PACK_HEADS, (_pack_row(one) for one in chosen))
    else:
        _show_pack(chosen[0])


def _packs(site: Site) -> "Mapping[str, LawPack]":
    from callcenter.config.law import load_packs

    return load_packs(site.settings.config_folder)


def _pack_row(pack: "LawPack") -> tuple[object, ...]:
    regions = ", ".join(pack.regions[:SHOWN_REGIONS]) + (" ..." if len(pack.regions) > SHOWN_REGIONS else "")
    unverified = sum(not pack.sources[rule.source].verified for rule in pack.rules)
    return pack.name, pack.version, regions or "all", len(pack.rules), unverified or "", pack.title


def _show_pack(pack: "LawPack") -> None:
    show_pairs(
        {
            "pack": pack.name,
            "title": pack.title,
            "version": pack.version,
            "regions": ", ".join(pack.regions) or "all",
            "law": "yes" if pack.law else "no: covers no country by itself",
            "digest": pack.digest,
        }
    )
    rows = [(rule, pack.sources[rule.source]) for rule in pack.rules]
    show_grid(RULE_HEADS, [(_kind(rule), _says(rule), source.cite, _verified(source)) for rule, source in rows])
    for name, source in pack.sources.items():
        say()
        show(cell(f"{name}: {source.cite}", "bold"))
        say(source.says)
        say(f"read: {source.read}" if source.verified else "NOT VERIFIED")
        if source.remark:
            show(cell(source.remark, "dim"))


def _verified(source: "Source") -> str:
    return "yes" if source.verified else "NO"


def _kind(rule: "Rule") -> str:
    from callcenter.model.law import KINDS

    return str(KINDS[type(rule)])


def _says(rule: "Rule") -> str:
    """What a rule asks, in the words of its fields."""
    from callcenter.model.calendar import Hours

    said = []
    for name in rule.__dataclass_fields__:
        value = getattr(rule, name)
        if name == "source" or value is None:
            continue
        said.append(_hours(value) if isinstance(value, Hours) else f"{name} {_plain(value)}")
    return "; ".join(said)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _hours(hours: object) -> str:
    from callcenter.model.calendar import Hours

    assert isinstance(hours, Hours)
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    by_day = [
        f"{day} {', '.join(_span(one.start_min, one.end_min) for one in hours.spans if one.weekday == at)}"
        for at, day in enumerate(days)
        if any(one.weekday == at for one in hours.spans)
    ]
    off = hours.on_holidays
    holidays = "" if off is None else f"; holidays {', '.join(_span(*one) for one in off) or 'never'}"
    return f"{'; '.join(by_day)}{holidays}"


def _span(start: int, end: int) -> str:
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


def pack_document(pack: "LawPack") -> dict[str, object]:
    """A pack for programs."""
    return {
        "pack": pack.name,
        "title": pack.title,
        "version": pack.version,
        "regions": list(pack.regions),
        "law": pack.law,
        "valid_from": stamp(pack.valid_from),
        "valid_until": stamp(pack.valid_until),
        "digest": pack.digest,
        "rules": [
            {
                "rule": _kind(rule),
                "says": _says(rule),
                "source": rule.source,
                "cite": pack.sources[rule.source].cite,
                "verified": pack.sources[rule.source].verified,
            }
            for rule in pack.rules
        ],
        "sources": {
            name: {"cite": one.cite, "says": one.says, "read": one.read, "remark": one.remark}
            for name, one in pack.sources.items()
        },
    }
