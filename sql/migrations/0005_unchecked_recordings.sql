-- At start the recordings that nobody has looked at are asked for; among millions they are few.
CREATE INDEX recording_unchecked ON recording (stopped, id) WHERE stopped IS NOT NULL AND problem IS NULL;
