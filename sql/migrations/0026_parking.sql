-- Calls that are parked in a slot, and picked up by another agent or nobody.

ALTER TABLE contact ADD COLUMN parked_s double precision NOT NULL DEFAULT 0;
COMMENT ON COLUMN contact.parked_s IS 'Seconds in slots, between agents.';

CREATE TABLE park (
    seq        bigint NOT NULL,
    n          integer NOT NULL,
    contact    text NOT NULL,
    slot       text NOT NULL,
    agent      text NOT NULL,
    taker      text,
    end_reason text NOT NULL,
    began      timestamptz NOT NULL,
    ended      timestamptz NOT NULL,
    parked_s   double precision NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  park            IS 'One row per time that a call was parked, written when it is over.';
COMMENT ON COLUMN park.slot       IS 'As it is dialled.';
COMMENT ON COLUMN park.agent      IS 'Who parked it.';
COMMENT ON COLUMN park.taker      IS 'Who picked it up; NULL: nobody.';
COMMENT ON COLUMN park.end_reason IS 'picked_up, timed_out (back to who parked it, or into its queue), hung_up (by the caller), ended (by somebody else).';
COMMENT ON COLUMN park.parked_s   IS 'Seconds.';
CREATE INDEX park_contact ON park (contact);

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
        FROM transfer WHERE transfer.contact = contact.id) AS transfers,
       (SELECT jsonb_agg(jsonb_build_object(
                   'slot', park.slot, 'agent', park.agent, 'taker', park.taker, 'began', park.began,
                   'parked_s', park.parked_s, 'end', park.end_reason) ORDER BY park.seq, park.n)
        FROM park WHERE park.contact = contact.id) AS parks
FROM contact;
COMMENT ON VIEW cdr IS 'One row per contact with its waits, rings (the agents'' legs), talks, recordings, callbacks, holds, parties, transfers and parks as JSON arrays; NULL when there were none.';
