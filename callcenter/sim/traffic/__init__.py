"""Synthetic and recorded traffic through the real Engine under a simulated clock: what a call center would have done.

`drive` takes a configuration, agents and calls and gives the outcome of each call (`calls`, `drive`). Around it: draws
and scenarios make traffic, measures fold what the Engine concluded, replications and batches give confidence intervals.
Nothing here looks into the Engine: all that is known comes from its commands and facts.
"""
