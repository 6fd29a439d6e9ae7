"""Real SIP peers of a foreign make, driven from here: softphones (baresip), crowds of callers and phones (SIPp), tones.

Knows SIP programs and sound; must not know the call center. Used by the demo, the live tests and the benches.
"""
