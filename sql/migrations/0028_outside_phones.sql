-- An agent's phone may be an outside number: what it says of how calls come to her is personal then.

COMMENT ON COLUMN agent.phone IS
    'PERSONAL. {"nailed": bool, "confirm": bool, "auto_answer": bool, "outside": text}: how calls come to her phone (docs/phones.md); '
    '"outside" is a number at home or on the road, "" a phone of the house. NULL: it rings for each call.';
