"""Outbound campaigns, simulated: people who answer or not, agents, trunks, and any rule of how many to dial.

`scenario` says what the world is like, `world` runs it, `ours` lets a campaign's own memory and pacer dial, `peers`
are the rules of others, `histories` makes a scenario of outcomes that were recorded.
"""
