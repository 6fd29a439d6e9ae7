"""How an agent and her SIP account look, to people and to programs. Knows no command."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from callcenter.cli.screen import NOTHING, cell, length, seconds, show_pairs

if TYPE_CHECKING:
    from callcenter.model.agent import Agent
    from callcenter.model.view import AgentView
    from callcenter.postgres.directory import PhoneAccount

STATE_STYLES: Final[Mapping[str, str]] = {
    "ready": "green",
    "offered": "yellow",
    "on_contact": "cyan",
    "wrap_up": "magenta",
    "not_ready": "dim",
}
AGENT_HEADS: Final = ("agent!", "name", "number!", "status", "state", "for>", "phone", "call!", "calls>", "skills")


def agent_row(agent: "AgentView | Agent") -> tuple[object, ...]:
    """An agent as a row under AGENT_HEADS; of one out of the directory it is not known what she is doing."""
    from callcenter.model.view import AgentView

    if not isinstance(agent, AgentView):
        unknown = (NOTHING,) * 6
        return (agent.id, agent.name, agent.number, *unknown, _skills(sorted(agent.skills.items())))
    status = agent.status.replace("_", " ") + (f" ({agent.reason})" if agent.reason else "")
    return (
        agent.id,
        agent.name,
        agent.number,
        status,
        cell(agent.state.replace("_", " "), STATE_STYLES[agent.state.value]),
        length(agent.state_s),
        cell("in use", "yellow")
        if agent.used_outside
        else cell(agent.phone.value, "bold red" if _is_missed(agent) else ""),
        agent.contact,
        agent.contacts,
        _skills(agent.skills),
    )


def rights_document(agent: "Agent") -> dict[str, object]:
    """Team and rights for programs; `supervises` is null for who is no supervisor."""
    rights = agent.supervises
    return {
        "agent": agent.id,
        "team": agent.team,
        "supervises": None
        if rights is None
        else {"queues": list(rights.queues), "teams": list(rights.teams), "everything": rights.everything},
    }


def rights_words(agent: "Agent") -> str:
    """The same in a sentence."""
    rights, team = agent.supervises, f"team {agent.team}" if agent.team else "no team"
    if rights is None:
        return f"{agent.id}: {team}, no supervisor"
    parts = [f"queue {queue}" for queue in rights.queues] + [f"team {one}" for one in rights.teams]
    return f"{agent.id}: {team}, supervises {'everything' if rights.everything else ', '.join(parts)}"


def phone_document(agent: "Agent") -> dict[str, object]:
    """How calls come to her phone, for programs."""
    rules = agent.phone
    return {
        "agent": agent.id,
        "number": agent.number,
        "nailed": rules.nailed,
        "confirm": rules.confirm,
        "auto_answer": rules.auto_answer,
        "outside": rules.outside or None,
    }


def phone_words(agent: "Agent") -> str:
    """The same in a sentence."""
    rules = agent.phone
    how = "is nailed up: it stays connected while she works" if rules.nailed else "rings for each call"
    if rules.outside:
        return f"{agent.id}: phone {rules.outside}, outside, rings for each call; a call is hers when she presses 1"
    how += "; it is asked to answer by itself" if rules.auto_answer else ""
    how += "; a call is hers when she presses 1" if rules.confirm else ""
    return f"{agent.id}: phone {agent.number} {how}"


def agent_document(agent: "AgentView | Agent") -> dict[str, object]:
    """An agent for programs; null is what only a running center knows."""
    from callcenter.model.view import AgentView

    live = agent if isinstance(agent, AgentView) else None
    return {
        "agent": agent.id,
        "name": agent.name,
        "number": agent.number,
        "skills": dict(live.skills if live is not None else agent.skills),
        "status": live.status.value if live is not None else None,
        "state": live.state.value if live is not None else None,
        "state_s": seconds(live.state_s) if live is not None else None,
        "reason": live.reason if live is not None else None,
        "phone": live.phone.value if live is not None else None,
        "used_outside": live.used_outside if live is not None else None,
        "call": live.contact if live is not None else None,
        "calls": live.contacts if live is not None else None,
    }


def account_document(account: "PhoneAccount", server: str, *, told: bool | None) -> dict[str, object]:
    """A SIP account for programs, password and all."""
    return {
        "agent": account.agent,
        "name": account.name,
        "number": account.number,
        "secret": account.secret,
        "server": server or None,
        "told": told,
    }


def show_account(account: "PhoneAccount", server: str) -> None:
    """A SIP account for whoever sets up the phone."""
    show_pairs(
        {
            "agent": f"{account.agent} ({account.name})",
            "SIP user name": account.number,
            "SIP password": account.secret,
            "SIP server": server or "not known before the call center has been started once",
        }
    )


def _skills(skills: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{skill} {level}" for skill, level in skills)


def _is_missed(agent: "AgentView") -> bool:
    """At work, but no call can reach her."""
    return agent.phone.value != "reachable" and agent.status.value != "logged_out"
