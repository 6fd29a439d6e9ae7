-- Callbacks: what was promised, each attempt, and what became of it; and the time a contact kept its place without its caller.

ALTER TABLE contact ADD COLUMN callback_s double precision NOT NULL DEFAULT 0;
COMMENT ON COLUMN contact.callback_s IS 'Seconds in line, or being called, without the customer on the line.';
COMMENT ON COLUMN contact.forward_s  IS 'Seconds with an outside number. flow_s + wait_s + callback_s + talk_s + forward_s = ended - began.';

ALTER TABLE queue_visit ADD COLUMN callback boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN queue_visit.callback IS 'A stay of somebody who was promised a callback: counted with the callbacks, not in the service level.';

CREATE TABLE callback (
    contact    text NOT NULL,
    promised   timestamptz NOT NULL,
    queue      text NOT NULL,
    number     text,
    first      text,
    not_before timestamptz,
    until      timestamptz,
    asked_by   text,
    note       text,
    only_agent text,
    settled    timestamptz,
    end_reason text,
    in_time    boolean,
    attempts   integer,
    agent      text,
    why        text,
    PRIMARY KEY (contact, promised)
);
COMMENT ON TABLE  callback            IS 'One row per promise to call a customer back, complete once settled is set.';
COMMENT ON COLUMN callback.number     IS 'PERSONAL. As it is dialled.';
COMMENT ON COLUMN callback.first      IS 'agent or customer: who is on the line first.';
COMMENT ON COLUMN callback.until      IS 'The end of the time promised.';
COMMENT ON COLUMN callback.asked_by   IS 'caller, or who scheduled it.';
COMMENT ON COLUMN callback.note       IS 'PERSONAL. For the agent.';
COMMENT ON COLUMN callback.end_reason IS 'kept, rang_back, hung_up, no_answer, expired, refused, cancelled, ended; NULL while it stands.';
COMMENT ON COLUMN callback.in_time    IS 'Kept, and the attempt that reached the customer began before until.';
COMMENT ON COLUMN callback.agent      IS 'Who spoke with the customer.';
CREATE INDEX callback_promised ON callback (promised);

CREATE TABLE callback_attempt (
    leg        text PRIMARY KEY,
    contact    text NOT NULL,
    queue      text NOT NULL,
    attempt    integer NOT NULL,
    dialled    timestamptz,
    number     text,
    agent      text,
    ended      timestamptz,
    end_reason text,
    rang_s     double precision
);
COMMENT ON TABLE  callback_attempt            IS 'One row per dialling of a customer who is to be called back.';
COMMENT ON COLUMN callback_attempt.leg        IS 'The channel id in Asterisk.';
COMMENT ON COLUMN callback_attempt.number     IS 'PERSONAL. As it was dialled.';
COMMENT ON COLUMN callback_attempt.agent      IS 'Who waited for her to answer; NULL when the customer is called first.';
COMMENT ON COLUMN callback_attempt.ended      IS 'When her phone stopped ringing.';
COMMENT ON COLUMN callback_attempt.end_reason IS 'answered, no_answer, busy, rejected, unreachable, cancelled, failed, normal; NULL while it rings.';
CREATE INDEX callback_attempt_contact ON callback_attempt (contact);

CREATE OR REPLACE FUNCTION queue_interval_between(lower_bound timestamptz, upper_bound timestamptz, width interval, origin timestamptz)
RETURNS TABLE (
    starts timestamptz, queue text,
    offered bigint, answered bigint, abandoned bigint, other_exits bigint,
    answered_in_time bigint, abandoned_in_time bigint, answered_wait_s double precision, longest_wait_s double precision,
    handled bigint, talk_s double precision, wrap_up_s double precision,
    service_level double precision, asa_s double precision, aht_s double precision
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT starts, queue,
           coalesce(visits.offered, 0), coalesce(visits.answered, 0), coalesce(visits.abandoned, 0),
           coalesce(visits.other_exits, 0), coalesce(visits.answered_in_time, 0), coalesce(visits.abandoned_in_time, 0),
           coalesce(visits.answered_wait_s, 0), coalesce(visits.longest_wait_s, 0),
           coalesce(talks.handled, 0), coalesce(talks.talk_s, 0), coalesce(talks.wrap_up_s, 0),
           visits.answered_in_time::double precision / nullif(visits.answered + visits.abandoned, 0),
           visits.answered_wait_s / nullif(visits.answered, 0),
           (talks.talk_s + talks.wrap_up_s) / nullif(talks.handled, 0)
    FROM (
        SELECT date_bin(width, visit.entered, origin) AS starts, visit.queue,
               count(*) AS offered,
               count(*) FILTER (WHERE visit.exit = 'connected') AS answered,
               count(*) FILTER (WHERE visit.exit = 'abandoned') AS abandoned,
               count(*) FILTER (WHERE visit.exit NOT IN ('connected', 'abandoned')) AS other_exits,
               count(*) FILTER (WHERE visit.exit = 'connected' AND visit.waited_s <= visit.service_level_s) AS answered_in_time,
               count(*) FILTER (WHERE visit.exit = 'abandoned' AND visit.waited_s <= visit.service_level_s) AS abandoned_in_time,
               coalesce(sum(visit.waited_s) FILTER (WHERE visit.exit = 'connected'), 0) AS answered_wait_s,
               max(visit.waited_s) AS longest_wait_s
        FROM queue_visit visit
        WHERE visit.entered >= lower_bound AND visit.entered < upper_bound AND NOT visit.callback
        GROUP BY 1, 2
    ) visits
    FULL JOIN (
        SELECT date_bin(width, handled.began, origin) AS starts, handled.queue,
               count(*) AS handled, sum(handled.talk_s) AS talk_s, sum(handled.wrap_up_s) AS wrap_up_s
        FROM handled
        WHERE handled.began >= lower_bound AND handled.began < upper_bound
        GROUP BY 1, 2
    ) talks USING (starts, queue)
$$;
COMMENT ON FUNCTION queue_interval_between IS
    'Queues by interval, without callbacks (see callback_interval_between). A visit counts where it was entered, a talk and its wrap-up where the talk began. Intervals are counted from origin.';

CREATE FUNCTION callback_interval_between(lower_bound timestamptz, upper_bound timestamptz, width interval, origin timestamptz)
RETURNS TABLE (
    starts timestamptz, queue text,
    promised bigint, kept bigint, rang_back bigint, hung_up bigint, no_answer bigint, expired bigint, refused bigint,
    cancelled bigint, ended bigint, standing bigint, in_time bigint, attempts bigint,
    kept_in_time double precision, until_kept_s double precision
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT date_bin(width, callback.promised, origin), callback.queue,
           count(*),
           count(*) FILTER (WHERE end_reason = 'kept'), count(*) FILTER (WHERE end_reason = 'rang_back'),
           count(*) FILTER (WHERE end_reason = 'hung_up'), count(*) FILTER (WHERE end_reason = 'no_answer'),
           count(*) FILTER (WHERE end_reason = 'expired'), count(*) FILTER (WHERE end_reason = 'refused'),
           count(*) FILTER (WHERE end_reason = 'cancelled'), count(*) FILTER (WHERE end_reason = 'ended'),
           count(*) FILTER (WHERE end_reason IS NULL),
           count(*) FILTER (WHERE in_time), coalesce(sum(callback.attempts), 0)::bigint,
           count(*) FILTER (WHERE in_time)::double precision
               / nullif(count(*) FILTER (WHERE end_reason IS NOT NULL AND end_reason <> 'cancelled'), 0),
           avg(extract(epoch FROM callback.settled - greatest(callback.promised, callback.not_before))::double precision)
               FILTER (WHERE end_reason IN ('kept', 'rang_back'))
    FROM callback
    WHERE callback.promised >= lower_bound AND callback.promised < upper_bound
    GROUP BY 1, 2
$$;
COMMENT ON FUNCTION callback_interval_between IS
    'Callbacks by interval of their promise. kept_in_time = kept within what was promised / (settled - cancelled).';

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
                   'agent', talk.agent, 'leg', talk.leg, 'queue', talk.queue, 'began', talk.began, 'talk_s', talk.talk_s)
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
        FROM callback promise WHERE promise.contact = contact.id) AS callbacks
FROM contact;
COMMENT ON VIEW cdr IS 'One row per contact with its waits, rings (the agents'' legs), talks, recordings and callbacks as JSON arrays; NULL when there were none.';
