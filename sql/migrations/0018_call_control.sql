-- What agents do with calls: holds, who else was spoken with, transfers.

ALTER TABLE contact ADD COLUMN hold_s double precision NOT NULL DEFAULT 0;
COMMENT ON COLUMN contact.hold_s IS 'Of talk_s, seconds with the customer on hold.';
ALTER TABLE talk ADD COLUMN hold_s double precision NOT NULL DEFAULT 0;
COMMENT ON COLUMN talk.hold_s IS 'Of talk_s, seconds with the customer on hold.';

CREATE TABLE hold (
    seq     bigint NOT NULL,
    n       integer NOT NULL,
    contact text NOT NULL,
    agent   text NOT NULL,
    began   timestamptz NOT NULL,
    ended   timestamptz NOT NULL,
    held_s  double precision NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  hold        IS 'One row per time that a customer was on hold, written when it is over.';
COMMENT ON COLUMN hold.seq    IS 'Entry of the journal; with n (place in it) the name of the row.';
COMMENT ON COLUMN hold.contact IS 'Whose customer was on hold.';
COMMENT ON COLUMN hold.agent  IS 'Whose call it was.';
COMMENT ON COLUMN hold.held_s IS 'Seconds.';
CREATE INDEX hold_contact ON hold (contact);

CREATE TABLE party (
    seq        bigint NOT NULL,
    n          integer NOT NULL,
    contact    text NOT NULL,
    leg        text NOT NULL,
    called_by  text,
    agent      text,
    number     text NOT NULL,
    aside      boolean NOT NULL,
    began      timestamptz NOT NULL,
    ended      timestamptz NOT NULL,
    spoke_s    double precision NOT NULL,
    end_reason text NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  party            IS 'One row per part of somebody whom an agent called to a conversation, written when it is over.';
COMMENT ON COLUMN party.leg        IS 'Hers, the channel id.';
COMMENT ON COLUMN party.called_by  IS 'The agent whose call it was.';
COMMENT ON COLUMN party.agent      IS 'The agent who was called; NULL: an outside number.';
COMMENT ON COLUMN party.number     IS 'PERSONAL. The outside number that was called; empty: an agent.';
COMMENT ON COLUMN party.aside      IS 'She spoke with the agent alone, the customer on hold; else with all of them.';
COMMENT ON COLUMN party.began      IS 'When she answered, or came into the conference; when she was called, if she never answered.';
COMMENT ON COLUMN party.spoke_s    IS 'Seconds; 0 if she never answered.';
COMMENT ON COLUMN party.end_reason IS 'took_over (the call is hers), joined (a conference follows), dropped, hung_up, no_answer, busy, rejected, unreachable, failed.';
CREATE INDEX party_contact ON party (contact);

CREATE TABLE transfer (
    seq       bigint NOT NULL,
    n         integer NOT NULL,
    contact   text NOT NULL,
    agent     text NOT NULL,
    place     text NOT NULL,
    name      text NOT NULL,
    consulted boolean NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  transfer           IS 'One row per time that an agent handed a call on.';
COMMENT ON COLUMN transfer.agent     IS 'Who had it.';
COMMENT ON COLUMN transfer.place     IS 'agent, queue, flow or number.';
COMMENT ON COLUMN transfer.name      IS 'PERSONAL, if it is a number. Of the agent, queue or flow; the number.';
COMMENT ON COLUMN transfer.consulted IS 'To somebody who had been spoken with before.';
CREATE INDEX transfer_contact ON transfer (contact);

DROP VIEW cdr;
CREATE VIEW cdr AS
SELECT contact.*,
       extract(epoch FROM contact.ended - contact.began)::double precision AS length_s,
       (SELECT jsonb_agg(jsonb_build_object(
                   'queue', visit.queue, 'entered', visit.entered, 'waited_s', visit.waited_s, 'exit', visit.exit,
                   'priority', visit.priority, 'service_level_s', visit.service_level_s) ORDER BY visit.seq, visit.n)
        FROM queue_visit visit WHERE visit.contact = contact.id) AS waits,
       (SELECT jsonb_agg(jsonb_build_object(
                   'offer', offer.id, 'agent', offer.agent, 'leg', offer.leg, 'queue', offer.queue,
                   'offered', offer.offered, 'end', offer.end_reason, 'rang_s', offer.rang_s, 'why', offer.why)
                   ORDER BY offer.offered, offer.id)
        FROM offer WHERE offer.contact = contact.id) AS rings,
       (SELECT jsonb_agg(jsonb_build_object(
                   'agent', talk.agent, 'leg', talk.leg, 'queue', talk.queue, 'began', talk.began, 'talk_s', talk.talk_s,
                   'hold_s', talk.hold_s)
                   ORDER BY talk.seq, talk.n)
        FROM talk WHERE talk.contact = contact.id) AS talks,
       (SELECT jsonb_agg(jsonb_build_object(
                   'recording', recording.id, 'kind', recording.kind, 'agent', recording.agent, 'path', recording.path,
                   'expected_s', recording.expected_s, 'seconds', recording.seconds, 'channels', recording.channels,
                   'problem', recording.problem) ORDER BY recording.started, recording.id)
        FROM recording WHERE recording.contact = contact.id) AS recordings,
       (SELECT jsonb_agg(jsonb_build_object(
                   'queue', promise.queue, 'number', promise.number, 'promised', promise.promised,
                   'not_before', promise.not_before, 'until', promise.until, 'by', promise.asked_by, 'end', promise.end_reason,
                   'in_time', promise.in_time, 'attempts', promise.attempts) ORDER BY promise.promised)
        FROM callback promise WHERE promise.contact = contact.id) AS callbacks,
       (SELECT jsonb_agg(jsonb_build_object('agent', hold.agent, 'began', hold.began, 'held_s', hold.held_s)
                         ORDER BY hold.seq, hold.n)
        FROM hold WHERE hold.contact = contact.id) AS holds,
       (SELECT jsonb_agg(jsonb_build_object(
                   'called_by', party.called_by, 'agent', party.agent, 'number', party.number, 'leg', party.leg,
                   'aside', party.aside, 'began', party.began, 'spoke_s', party.spoke_s, 'end', party.end_reason)
                   ORDER BY party.seq, party.n)
        FROM party WHERE party.contact = contact.id) AS parties,
       (SELECT jsonb_agg(jsonb_build_object(
                   'agent', transfer.agent, 'to', transfer.place, 'name', transfer.name, 'consulted', transfer.consulted,
                   'at', transfer.at) ORDER BY transfer.seq, transfer.n)
        FROM transfer WHERE transfer.contact = contact.id) AS transfers
FROM contact;
COMMENT ON VIEW cdr IS 'One row per contact with its waits, rings (the agents'' legs), talks, recordings, callbacks, holds, parties and transfers as JSON arrays; NULL when there were none.';
