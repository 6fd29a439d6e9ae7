"""A deterministic world around the engine: seeded callers, agents, a fake Asterisk, faults, and invariants.

Everything follows from one seed: the configuration, the people, what they do and when, and what goes wrong on the way.
Time is simulated, so ten busy minutes take milliseconds, and a run that breaks an invariant can be run again.
`python -m callcenter.sim.run --seeds 1000` runs many and prints the seeds that fail.

`peers` is another world: real SIP programs against a real Asterisk.
"""
