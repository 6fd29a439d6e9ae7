-- Rows folded from the journal (callcenter/core/records.py), written in the same transaction as their entries.
-- Ids are text because the engine mints them. Lengths are seconds. Indexes on what came from outside cover its first
-- 40 characters only: an index entry has a size limit, and a caller's "number" may be anything.

CREATE TABLE contact (
    id          text PRIMARY KEY,
    leg         text,
    medium      text NOT NULL,
    direction   text NOT NULL,
    caller      text NOT NULL,
    caller_name text NOT NULL,
    dialled     text NOT NULL,
    began       timestamptz NOT NULL,
    ended       timestamptz,
    end_reason  text,
    flow_s      double precision NOT NULL,
    wait_s      double precision NOT NULL,
    talk_s      double precision NOT NULL,
    forward_s   double precision NOT NULL,
    queue       text,
    agent       text,
    why         text NOT NULL,
    offers      integer NOT NULL,
    missed      integer NOT NULL,
    language    text NOT NULL,
    CHECK ((ended IS NULL) = (end_reason IS NULL))
);
COMMENT ON TABLE  contact             IS 'One row per contact: its call detail record, complete once ended is set.';
COMMENT ON COLUMN contact.leg         IS 'The customer''s leg, which is the channel id in Asterisk.';
COMMENT ON COLUMN contact.caller      IS 'PERSONAL. Number or address as received.';
COMMENT ON COLUMN contact.caller_name IS 'PERSONAL. As received.';
COMMENT ON COLUMN contact.flow_s      IS 'Seconds in IVR flows.';
COMMENT ON COLUMN contact.wait_s      IS 'Seconds in queues, until an agent took the call.';
COMMENT ON COLUMN contact.talk_s      IS 'Seconds with agents.';
COMMENT ON COLUMN contact.forward_s   IS 'Seconds with an outside number. flow_s + wait_s + talk_s + forward_s = ended - began.';
COMMENT ON COLUMN contact.queue       IS 'The last queue.';
COMMENT ON COLUMN contact.agent       IS 'The last agent.';
COMMENT ON COLUMN contact.why         IS 'Why that agent, in words.';
COMMENT ON COLUMN contact.offers      IS 'How often an agent''s phone was rung.';
COMMENT ON COLUMN contact.missed      IS 'Offers that ended without an answer while the caller was there.';
CREATE INDEX contact_began ON contact (began);
CREATE INDEX contact_caller ON contact (left(caller, 40), began);

CREATE TABLE queue_visit (
    seq             bigint NOT NULL,
    n               integer NOT NULL,
    contact         text NOT NULL,
    queue           text NOT NULL,
    medium          text NOT NULL,
    entered         timestamptz NOT NULL,
    ended           timestamptz NOT NULL,
    waited_s        double precision NOT NULL,
    exit            text NOT NULL,
    priority        integer NOT NULL,
    service_level_s double precision NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  queue_visit                 IS 'One row per stay in a queue, written when it ends.';
COMMENT ON COLUMN queue_visit.seq             IS 'Entry of the journal; n is the fact''s place in it.';
COMMENT ON COLUMN queue_visit.waited_s        IS 'Seconds of this stay.';
COMMENT ON COLUMN queue_visit.exit            IS 'connected: an agent answered. abandoned: the caller left. Else the queue let it go.';
COMMENT ON COLUMN queue_visit.service_level_s IS 'The queue''s threshold at that time; 0 if it has none.';
CREATE INDEX queue_visit_entered ON queue_visit (entered);
CREATE INDEX queue_visit_contact ON queue_visit (contact);

CREATE TABLE offer (
    id         text PRIMARY KEY,
    contact    text NOT NULL,
    agent      text NOT NULL,
    leg        text NOT NULL,
    queue      text NOT NULL,
    offered    timestamptz,
    strategy   text,
    why        text,
    considered jsonb,
    free       integer,
    ended      timestamptz,
    end_reason text,
    rang_s     double precision
);
COMMENT ON TABLE  offer            IS 'One row per ringing of one agent''s phone for one contact.';
COMMENT ON COLUMN offer.leg        IS 'The agent''s leg, which is the channel id in Asterisk.';
COMMENT ON COLUMN offer.why        IS 'Why this agent, in words.';
COMMENT ON COLUMN offer.considered IS 'The best few, the chosen first: [{"agent": id, "rank": [..]}], lower is better.';
COMMENT ON COLUMN offer.free       IS 'How many agents were free and suited.';
COMMENT ON COLUMN offer.end_reason IS 'accepted, no_answer, busy, rejected, unreachable, rescinded, failed; NULL while it rings.';
CREATE INDEX offer_contact ON offer (contact);
CREATE INDEX offer_offered ON offer (offered);

CREATE TABLE talk (
    seq     bigint NOT NULL,
    n       integer NOT NULL,
    contact text NOT NULL,
    agent   text NOT NULL,
    leg     text NOT NULL,
    queue   text NOT NULL,
    began   timestamptz NOT NULL,
    ended   timestamptz NOT NULL,
    talk_s  double precision NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  talk     IS 'One row per agent''s part of a contact, written when it ends.';
COMMENT ON COLUMN talk.leg IS 'The agent''s leg; offer.leg says which offer it came from.';
CREATE INDEX talk_began ON talk (began);
CREATE INDEX talk_contact ON talk (contact);

CREATE TABLE agent_activity (
    agent   text NOT NULL,
    since   timestamptz NOT NULL,
    until   timestamptz,
    status  text NOT NULL,
    state   text NOT NULL,
    reason  text NOT NULL,
    contact text,
    PRIMARY KEY (agent, since)
);
COMMENT ON TABLE  agent_activity         IS 'One row per period in which an agent''s status and state did not change.';
COMMENT ON COLUMN agent_activity.until   IS 'NULL while it lasts.';
COMMENT ON COLUMN agent_activity.status  IS 'What the agent said: logged_out, available, paused.';
COMMENT ON COLUMN agent_activity.state   IS 'What the system had her doing: not_ready, ready, offered, on_contact, wrap_up.';
COMMENT ON COLUMN agent_activity.reason  IS 'PERSONAL. Of a pause, as the agent gave it.';
COMMENT ON COLUMN agent_activity.contact IS 'The contact offered, talked to or wrapped up.';
CREATE INDEX agent_activity_until ON agent_activity (until);
CREATE INDEX agent_activity_contact ON agent_activity (contact) WHERE state = 'wrap_up';

CREATE TABLE recording (
    id         text PRIMARY KEY,
    contact    text NOT NULL,
    kind       text,
    agent      text,
    mailbox    text,
    started    timestamptz,
    stopped    timestamptz,
    expected_s double precision,
    path       text,
    seconds    double precision,
    channels   integer,
    problem    text,
    checked    timestamptz
);
COMMENT ON TABLE  recording            IS 'One row per recording.';
COMMENT ON COLUMN recording.kind       IS 'call: stereo, caller left, agent right. message: what a caller left in a mailbox.';
COMMENT ON COLUMN recording.expected_s IS 'How long it should be, by our clock.';
COMMENT ON COLUMN recording.path       IS 'PERSONAL. The file, which holds voices.';
COMMENT ON COLUMN recording.seconds    IS 'How long the file is.';
COMMENT ON COLUMN recording.problem    IS 'NULL: not looked at yet. Empty: sound. Else what is wrong with the file.';
CREATE INDEX recording_contact ON recording (contact);
