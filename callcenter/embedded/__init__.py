"""Programs that a call center needs and a machine may lack: Asterisk, Postgres, espeak-ng, SIP peers for tests.

`programs` finds them (the configured one, the system's, one unpacked by `debian`), `asterisk` and `postgres` run them
under `supervise`, `ports` and `secrets` remember what they were given. Knows nothing of calls, and reads no settings.
"""
