"""A call that another agent takes who is on the line already: by her phone, or as a supervisor. Knows both their parts.

The contact goes on as it is, and so does its recording. The part of the one who had it is over, and her wrap-up begins;
the part of the other begins too.
"""

from callcenter.core import control, voice
from callcenter.core.consult import Elsewhere
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.world import World
from callcenter.model.agent import AgentState
from callcenter.model.commands import JoinBridge
from callcenter.model.control_facts import ContactTaken
from callcenter.model.ids import LegId


def take(world: World, elsewhere: Elsewhere, contact: ContactRecord, taker: AgentRecord, leg: LegId, why: str) -> None:
    """A CONNECTED contact without a consult is another agent's, on a leg of hers that is up. `why` in words."""
    to, agent = taker.agent.id, control.agent_of(contact)[0]
    if taker.state is AgentState.WRAP_UP:
        world.agents.end_wrap_up(taker, world.now)
    world.legs[leg] = contact.id
    world.out.append(ContactTaken(contact=contact.id, agent=agent, taker=to, leg=leg))
    elsewhere.part_over(contact, goes_on=True)
    world.agents.took(taker, contact.id, contact.medium, world.now)
    elsewhere.has(contact, to, leg, why)
    voice.stop_music(world, contact)
    world.out.append(JoinBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=leg))
